"""The projection plot and its parts."""

from gui.widgets.projection_plot.axes import AxisWords
from gui.widgets.projection_plot.card import CardWords
from gui.widgets.projection_plot.legend import Legend
from gui.widgets.projection_plot.plot import ProjectionPlot
from gui.widgets.projection_plot.query import Link
from gui.widgets.projection_plot.symbols import OTHER

__all__ = ["OTHER", "AxisWords", "CardWords", "Legend", "Link", "ProjectionPlot"]
