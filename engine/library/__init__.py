"""The sound library: folders are walked, sounds indexed, and found again by words or by likeness."""

from engine.library.service import Library

__all__ = ["Library"]
