"""The Live page and the session it shares with the other pages."""

from gui.pages.live.page import LivePage
from gui.pages.live.session import LiveSession

__all__ = ["LivePage", "LiveSession"]
