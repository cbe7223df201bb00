"""The widgets of the Voices page and where they stand: the list, a voice (or a form, or the threshold large), the side panels."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from gui.context import Context
from gui.pages.base import Page
from gui.pages.live.session import LiveSession
from gui.pages.voices.new_voice import NewVoice
from gui.pages.voices.panel import VoicePanel
from gui.pages.voices.side import SidePanels
from gui.pages.voices.take import TakeRecorder
from gui.pages.voices.threshold import Calibrating, ThresholdView
from gui.pages.voices.voice_list import VoiceList
from gui.widgets.controls import Button, IconButton, Notice
from gui.widgets.waiting import Waiting

NARROW_PX = 1120  # of the page: below, the list folds to a button
CRAMPED_PX = 1000  # below, an unfolded list takes the room of the side panels


class VoicesGround(Page):
    """What the page is built of; `VoicesPage` puts life into it."""

    id = "voices"
    icon = "users"

    def __init__(self, context: Context, session: LiveSession, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.session = session
        self.recorder = TakeRecorder(self.app, self.jobs, lambda name: self.session.make_source(name), self)
        self.calibrating = Calibrating(self.app, self.jobs, self)
        self._build()

    def toolbar_left(self) -> QWidget:
        return self.fold

    def toolbar_right(self) -> QWidget:
        return self.acts

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < NARROW_PX
        self.fold.setVisible(narrow)
        self.show_list(not narrow or self.fold.isChecked())

    def show_list(self, on: bool) -> None:
        """The side panels give way first: together with the list, even for a moment, they would make the window wider."""
        if on:
            self.make_room(True)
        self.list.setVisible(on)
        self.make_room(on)

    def make_room(self, listed: bool | None = None) -> None:
        """The side panels stand beside a voice, where there is room for them. listed: the list is shown, or about to be."""
        cramped = self.width() < CRAMPED_PX and (not self.list.isHidden() if listed is None else listed)
        readable = self.notice.isHidden()
        self.side.setVisible(readable and not cramped and self.stack.currentWidget() is not self.large)

    def _build(self) -> None:
        theme = self.theme
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self.new = Button(theme, self.tr("Enroll new voice"), "user-plus", "primary")
        self.carry = Button(theme, self.tr("Import or export…"), "export")
        self.carry.setToolTip(self.tr("Voices travel in one file behind a passphrase: Settings › Privacy"))
        self.acts = QWidget()
        acts = QHBoxLayout(self.acts)
        acts.setContentsMargins(0, 0, 0, 0)
        acts.setSpacing(8)
        acts.addWidget(self.carry)
        acts.addWidget(self.new)
        self.fold = IconButton(theme, "list", self.tr("Show the list of voices"), checkable=True, parent=self)
        self.list = VoiceList(theme)
        self.list.setMinimumWidth(200)
        self.list.hide()  # until there is known to be room
        self.panel = VoicePanel(self.context, self.recorder)
        self.form = NewVoice(theme)
        self.stack = QStackedWidget()
        self.blank = Waiting(theme, self.tr("Reading the voices…"))
        self.blank.setProperty("frame", "panel")
        self.stack.addWidget(self.blank)
        self.stack.addWidget(self.form)
        self.stack.addWidget(self.panel)
        self.large = ThresholdView(theme, self.calibrating)
        self.stack.addWidget(self.large)
        self.side = SidePanels(theme, self.calibrating)
        self.where = self.side.where
        self.splitter = QSplitter()
        self.splitter.setHandleWidth(1)
        self.splitter.setChildrenCollapsible(False)
        main = QWidget()
        outer = QVBoxLayout(main)
        outer.setContentsMargins(12, 12, 12, 12)
        outer.setSpacing(12)
        self.notice = Notice(theme, self.tr("The voices cannot be read. Nothing was changed."), tone="error")
        self.notice.add_act(self.tr("Try again"), self.refresh, icon="arrows-clockwise")
        self.notice.hide()
        outer.addWidget(self.notice)
        inner = QHBoxLayout()
        inner.setSpacing(12)
        outer.addLayout(inner, 1)
        inner.addWidget(self.stack, 65)
        inner.addWidget(self.side, 35)
        self.splitter.addWidget(self.list)
        self.splitter.addWidget(main)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([264, 1100])
        self.list.setMaximumWidth(420)
        self.splitters["list"] = self.splitter
        row.addWidget(self.splitter)
