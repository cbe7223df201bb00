"""The Voices page."""

from gui.pages.voices.page import VoicesPage

__all__ = ["VoicesPage"]
