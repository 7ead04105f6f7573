"""``python -m central`` is ``klaster-central``."""

from central.cli import main

main()
