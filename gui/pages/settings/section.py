"""What a section of Settings is made of: a scrolled column of panels with rows of a word, a control, and a why."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLayout, QScrollArea, QVBoxLayout, QWidget

from gui.context import Context
from gui.theme import CONTROL_PX
from gui.widgets.controls import Check, Panel, Text, rule

WORD_PX, TEXT_PX = 190, 720


class Section(QScrollArea):
    """Base of all sections. said(sentence): a toast."""

    said = Signal(str)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context, self.app, self.theme, self.jobs = context, context.app, context.theme, context.jobs
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        ground = QWidget()
        ground.setProperty("surface", "window")
        self.column = QVBoxLayout(ground)
        self.column.setContentsMargins(12, 12, 12, 12)
        self.column.setSpacing(12)
        self.setWidget(ground)

    def refresh(self) -> None:
        """Show what is true now; called when the section comes into view."""

    def toolbar(self) -> QWidget | None:
        """The section's own control at the right of the toolbar."""
        return None

    def panel(self, title: str, detail: str = "") -> Panel:
        panel = Panel(self.theme, title, detail)
        panel.body.setContentsMargins(16, 12, 16, 14)
        panel.body.setSpacing(10)
        self.column.addWidget(panel)
        return panel

    def row(self, panel: Panel, word: str, control: QWidget | QLayout, why: str = "", stretch: bool = False) -> Text:
        """A word at the left, a control, and under it a grey sentence. Returns the sentence's label."""
        if panel.body.count() > 1:
            panel.body.addWidget(rule())
        line = QHBoxLayout()
        line.setSpacing(16)
        name = Text(self.theme, word, "body")
        name.setFixedWidth(WORD_PX)
        name.setMinimumHeight(CONTROL_PX)
        line.addWidget(name, 0, Qt.AlignmentFlag.AlignTop)
        right = QVBoxLayout()
        right.setSpacing(4)
        held = QHBoxLayout()
        held.setSpacing(8)
        if isinstance(control, QWidget):
            if isinstance(control, Text | Check):
                control.setMinimumHeight(CONTROL_PX)
            held.addWidget(control, 1 if stretch else 0)
        else:
            held.addLayout(control, 1 if stretch else 0)
        if not stretch:
            held.addStretch(1)
        right.addLayout(held)
        sentence = Text(self.theme, why, "small", "text3", wrap=True)
        sentence.setMaximumWidth(TEXT_PX)
        right.addWidget(sentence)
        line.addLayout(right, 1)
        panel.body.addLayout(line)
        sentence.setVisible(bool(why))  # now that it has its place: before, it would be a window of its own
        return sentence

    def below(self, panel: Panel, widget: QWidget) -> None:
        """Something that is shown at times, under the controls of the row before it."""
        widget.hide()
        widget.setMaximumWidth(TEXT_PX)
        line = QHBoxLayout()
        line.setContentsMargins(WORD_PX + 16, 0, 0, 0)
        line.addWidget(widget, 1)
        line.addStretch(0)  # what the widget may not fill lies at its right
        panel.body.addLayout(line)

    def bring_into_view(self, widget: QWidget) -> None:
        """Scroll to what has just been shown, when it has its place."""
        QTimer.singleShot(0, widget, lambda: self.ensureWidgetVisible(widget, 0, 24))

    def change(self, **changes: object) -> bool:
        """Set settings. What could not be written is said, and the controls show again what is true."""
        if self.context.keep(**changes):
            return True
        self.refresh()
        return False
