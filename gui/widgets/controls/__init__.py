"""The small parts that every page is made of."""

from gui.widgets.controls.buttons import Button, Chip, IconButton, Segmented, paint_dashes
from gui.widgets.controls.dialogs import ask_before_loss, message_box, question_box
from gui.widgets.controls.fields import Check, NumberBox, SearchBox, Select, Slider, paint_field
from gui.widgets.controls.messages import Details, EmptyState, ErrorPanel, Notice, ProgressLine, Toast, progress_words
from gui.widgets.controls.panels import Badge, Bar, Panel, paint_badge, paint_bar, paint_row_ground
from gui.widgets.controls.passphrase import PassphraseForm
from gui.widgets.controls.saving import ask_where, saving_dialog
from gui.widgets.controls.text import ElidedText, Icon, KeyCap, Text, plain_tip, rule

__all__ = ["Badge", "Bar", "Button", "Check", "Chip", "Details", "ElidedText", "EmptyState", "ErrorPanel", "Icon",
           "IconButton", "KeyCap", "Notice", "NumberBox", "Panel", "PassphraseForm", "ProgressLine", "SearchBox",
           "Segmented", "Select", "Slider", "Text", "Toast", "ask_before_loss", "ask_where", "message_box",
           "paint_badge", "paint_bar", "paint_dashes", "paint_field", "paint_row_ground", "plain_tip", "progress_words",
           "question_box", "rule", "saving_dialog"]
