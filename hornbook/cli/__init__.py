"""The command line: arguments in, one call into the house, clear errors out."""
