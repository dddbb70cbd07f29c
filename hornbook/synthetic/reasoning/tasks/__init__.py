"""One file per task: its pocket-size settings, its prompt and the writer of its worked solutions."""
