"""Where documents come from: a user's files, installed packages. Each yields raw Documents; filters come after."""
