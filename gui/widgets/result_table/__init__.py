"""The table of sounds: name, waveform with the matched span, similarity, span, length, tags, rate. Rows are painted."""

from gui.widgets.result_table.model import (
    LENGTH,
    NAME,
    NUMBER,
    RATE,
    SIMILARITY,
    SPAN,
    TAGS,
    WAVE,
    ResultModel,
    Row,
    shown_name,
)
from gui.widgets.result_table.table import ResultTable

__all__ = ["LENGTH", "NAME", "NUMBER", "RATE", "SIMILARITY", "SPAN", "TAGS", "WAVE", "ResultModel", "ResultTable", "Row",
           "shown_name"]
