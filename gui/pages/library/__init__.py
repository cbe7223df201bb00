"""The Library page: folders, a query, sounds, and the player."""

from gui.pages.library.page import LibraryPage

__all__ = ["LibraryPage"]
