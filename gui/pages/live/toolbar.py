"""The left of the Live page's toolbar: the microphone's controls, or those of recordings in their place."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui.actions import key_text
from gui.context import Context
from gui.pages.live.devices import DevicePicker
from gui.pages.live.session import LiveSession
from gui.widgets.controls import Button, KeyCap
from gui.widgets.timeline import clock

ROOMY_PX = 1040  # of the page: below, there is no room for the keys


class LiveToolbar(QWidget):
    """listened, recorded, went_back, opened: the buttons were pressed."""

    listened = Signal()
    recorded = Signal()
    went_back = Signal()
    opened = Signal()

    def __init__(self, context: Context, session: LiveSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme, self._session = context.theme, session
        self.devices = DevicePicker(context, session)
        self.listen = Button(theme, self.tr("Listen"), "microphone", "primary")
        self.listen.clicked.connect(self.listened)
        self.listen_key = KeyCap(theme, key_text("live.listen"))
        self.record = Button(theme, self.tr("Record"), "record")
        self.record.clicked.connect(self.recorded)
        self.record_key = KeyCap(theme, key_text("live.record"))
        self.back = Button(theme, self.tr("Microphone"), "arrow-left")
        self.back.setToolTip(self.tr("Back to what the microphone hears ({})").format(key_text("live.recordings")))
        self.back.clicked.connect(self.went_back)
        self.open_button = Button(theme, self.tr("Open a recording…"), "folder-open")
        self.open_button.clicked.connect(self.opened)
        self.open_key = KeyCap(theme, key_text("live.open"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for widget in (self.devices, self.listen, self.listen_key, self.record, self.record_key, self.back, self.open_button,
                       self.open_key):
            row.addWidget(widget)

    @property
    def none(self) -> bool:
        """There is no microphone, and none is in use."""
        return self.devices.none_found and self._session.state not in ("listening", "starting")

    def follow(self, recordings: bool, page_px: int, can_open: bool) -> None:
        """recordings: they are shown. page_px: width of the page. can_open: the main act is to open one."""
        roomy, none = page_px >= ROOMY_PX, self.none
        self.listen.setVisible(not recordings and not none)
        self.listen_key.setVisible(not recordings and not none and roomy)
        self.devices.setVisible(not recordings)
        self.record.setVisible(not recordings)
        self.record_key.setVisible(not recordings and roomy)
        for mine in (self.back, self.open_button):
            mine.setVisible(recordings)
        self.open_key.setVisible(recordings and roomy)
        self.open_button.set_kind("primary" if can_open else "plain")

    def follow_session(self) -> None:
        """What a press on the buttons does now."""
        session = self._session
        if session.state == "listening":
            self.listen.set_kind("danger")
            self.listen.set_icon("stop-fill")
            self.say_elapsed()
        elif session.state == "starting":  # a press lets go of the microphone
            self.listen.set_kind("plain")
            self.listen.set_icon("x")
            self.listen.setText(self.tr("Cancel"))
        else:
            self.listen.set_kind("primary")
            self.listen.set_icon("microphone")
            self.listen.setText(self.tr("Listen"))
        self.listen.setAccessibleName(self.tr("Cancel listening") if session.state == "starting" else self.tr("Listen"))
        wanted = session.recording_wanted
        self.record.set_kind("danger" if wanted else "plain")
        self.record.set_icon("record-fill" if wanted else "record")
        self.record.say(self.tr("Stop recording") if session.recording is not None
                        else self.tr("Do not record") if wanted else self.tr("Record"),
                        self.tr("There is no microphone to record from.") if self.none else "")
        if self.record.isEnabled():
            self.record.setToolTip(self.tr("Save the microphone to the workspace’s recordings"))

    def say_elapsed(self) -> None:
        text = self.tr("Stop  {}").format(clock(self._session.elapsed_s))
        if self.listen.text() != text:
            self.listen.setText(text)
