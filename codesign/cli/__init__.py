"""The command line ``codesign``."""

from codesign.cli.main import command, main

__all__ = ["command", "main"]
