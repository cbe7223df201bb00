"""The threshold, measured on the user's own voices: a panel beside a voice, and the same as a page of its own."""

from gui.pages.voices.threshold.calibrating import Calibrating
from gui.pages.voices.threshold.large import ThresholdView
from gui.pages.voices.threshold.panel import ThresholdPanel

__all__ = ["Calibrating", "ThresholdPanel", "ThresholdView"]
