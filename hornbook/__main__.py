"""`python -m hornbook`, as torchrun wants it."""

from hornbook.cli.main import main

main()
