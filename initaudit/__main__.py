"""Let `python -m initaudit` be the command."""

from initaudit.cli import main

main()
