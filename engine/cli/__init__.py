"""The commands. `main` is what main.py calls; it imports no Qt."""

from engine.cli.main import main

__all__ = ["main"]
