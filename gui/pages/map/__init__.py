"""The Map page."""

from gui.pages.map.page import MapPage

__all__ = ["MapPage"]
