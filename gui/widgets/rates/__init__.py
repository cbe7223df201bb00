"""What a threshold does, drawn: both error rates over the threshold, and the DET curve. Both have a handle."""

from gui.widgets.rates.curves import RateCurves
from gui.widgets.rates.det import DetCurve

__all__ = ["DetCurve", "RateCurves"]
