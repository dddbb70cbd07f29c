"""The command line: arguments in, one stage or recipe run, clear errors out."""
