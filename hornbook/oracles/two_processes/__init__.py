"""Tests and program in two processes that share plain data alone: these modules run inside the sandbox."""
