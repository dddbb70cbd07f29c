"""Plan, act and reflect in small environments, told as self-contained thoughts (report D.3)."""
