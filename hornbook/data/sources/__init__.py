"""Sources of documents other than the user's files: installed packages, with their docstrings and markup."""
