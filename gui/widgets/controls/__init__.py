"""The small parts that every page is made of."""

from gui.widgets.controls.buttons import Button, Chip, IconButton, Segmented
from gui.widgets.controls.fields import Check, NumberBox, SearchBox, Select, Slider
from gui.widgets.controls.messages import Details, EmptyState, ErrorPanel, Notice, ProgressLine, Toast, progress_words
from gui.widgets.controls.panels import Badge, Bar, Panel, paint_badge, paint_bar
from gui.widgets.controls.text import ElidedText, Icon, KeyCap, Text, rule

__all__ = ["Badge", "Bar", "Button", "Check", "Chip", "Details", "ElidedText", "EmptyState", "ErrorPanel", "Icon",
           "IconButton", "KeyCap", "Notice", "NumberBox", "Panel", "ProgressLine", "SearchBox", "Segmented", "Select",
           "Slider", "Text", "Toast", "paint_badge", "paint_bar", "progress_words", "rule"]
