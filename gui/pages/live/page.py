"""The Live page: the microphone, who speaks, what is heard, and the × moving among the voices."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from engine.audio.files import SUFFIXES
from engine.errors import DeviceError
from engine.records import LiveUpdate
from gui.actions import BY_ID, key_text
from gui.context import Context
from gui.pages.base import Page
from gui.pages.live.absent import FileAnswer, NoMicrophone
from gui.pages.live.devices import DevicePicker
from gui.pages.live.microphone import MicrophonePanel
from gui.pages.live.now import NowPanel
from gui.pages.live.session import LiveSession
from gui.pages.live.voices_plot import VoicesPlotPanel
from gui.pages.live.who import SpokenPanel, WhoPanel
from gui.widgets.controls import Button, KeyCap, Notice, NumberBox, Text
from gui.widgets.timeline import clock

METERS_MS = 66
TURNS_MS = 500
LOOK_MS = 2000
GAP = 12


class LivePage(Page):
    """LivePage(context, session)."""

    id = "live"
    icon = "microphone"

    def __init__(self, context: Context, session: LiveSession | None = None, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        session = self.session = session or LiveSession.of(context)
        self.devices = DevicePicker(context, session)
        self._build_toolbar()
        self._build()
        self.every(METERS_MS, self._draw_sound)
        self.every(TURNS_MS, self._draw_turns)
        self.every(LOOK_MS, self._look_while_none)
        self.devices.found.connect(self._devices_found)
        self.devices.chosen.connect(self._change_device)
        session.changed.connect(self._follow)
        session.updated.connect(self._updated)
        session.mapped.connect(self._mapped)
        session.forgot.connect(self.sound.clear)
        session.forgot.connect(self.answer.hide)
        self.bind("live.listen", self.listen_or_stop)
        self.bind("live.devices", lambda: self.devices.look(rescan=True))
        self.bind("live.file", self._choose_file)
        if "live.record" in BY_ID:
            self.bind("live.record", self._toggle_record)
        self._follow()

    @property
    def title(self) -> str:
        return self.tr("Live")

    def toolbar_left(self) -> QWidget:
        return self._left

    def toolbar_right(self) -> QWidget:
        return self._right

    def shown(self) -> None:
        super().shown()
        self.devices.look()
        self._follow()

    def refresh(self) -> None:
        settings = self.app.settings.value
        self.threshold.setValue(settings.threshold)
        self.margin.setValue(settings.margin)
        self.session.refresh_map()

    def leaving(self) -> None:
        self.session.close()

    # --- acts -------------------------------------------------------------------------------------------------------

    def listen_or_stop(self) -> None:
        if self.session.state in ("listening", "starting"):
            self.session.stop()
        elif self.devices.none_found:
            self.devices.look(rescan=True)
        else:
            self.session.start(self.app.settings.value.input_device)

    def _change_device(self, name: str) -> None:
        """Another microphone while listening: go on with that one."""
        if self.session.state in ("listening", "starting"):
            self.session.change(name)

    def _toggle_record(self) -> None:
        if self.devices.none_found and not self.session.listening:
            return
        self.session.record(self.session.recording is None)

    def identify_file(self, path: Path) -> None:
        self.answer.ask(path)

    def _choose_file(self) -> None:
        pattern = " ".join(f"*{suffix}" for suffix in sorted(SUFFIXES))
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Identify from a file"), "", self.tr("Sound ({})").format(
            pattern))
        if name:
            self.identify_file(Path(name))

    # --- what came in -----------------------------------------------------------------------------------------------

    def _updated(self, updates: list[LiveUpdate]) -> None:
        if not self._is_shown:
            return
        last = updates[-1]
        self.now.show_update(last)
        for update in updates:
            self.plot.show_update(update, self.session)
        words = [self.tr("Update {} ms").format(f"{last.compute_ms:.0f}")]
        if self.session.listener is not None:
            words.append(self.tr("Overflows {}").format(self.session.listener.overflows))
        self.set_status("   ".join(words))

    def _draw_sound(self) -> None:
        if self.session.listening:
            self.sound.pull()
            self._say_elapsed()

    def _draw_turns(self) -> None:
        session = self.session
        turns, now_s, colours = session.turns, session.elapsed_s, session.colours()
        self.who.set_turns(turns, now_s, colours)
        self.spoken.set_turns(turns, now_s, colours, session.listening, session.began_at, session.ended_at)

    def _look_while_none(self) -> None:
        if self.devices.none_found or self.session.state == "lost":
            self.devices.look(rescan=True)

    def _devices_found(self) -> None:
        if self.devices.none_found:
            self.absent.set_raw(self.devices.detail(), datetime.now())
        self._follow()

    def _mapped(self) -> None:
        self.now.set_voices(self.session.voices, self.app.settings.value.threshold)
        self.plot.show_map(self.session.map)
        self._draw_turns()

    def _follow(self) -> None:
        """Show the session's state: buttons, banners, panels."""
        session = self.session
        none = self.devices.none_found and session.state not in ("listening", "starting")
        panels: tuple[QWidget, ...] = (self.now, self.sound, self.who)
        for going in panels if none else (self.absent,):
            going.hide()  # first: both together would make the window grow
        for coming in (self.absent,) if none else panels:
            coming.show()
        self.spoken.setVisible(not none or session.listener is not None)
        self.sound.listen_to(session.listener if session.listening else None)
        if session.state != "listening":
            self.now.show_idle(session.state == "starting")
            self.plot.clear_query()
        self._follow_buttons(none)
        self._follow_notice()
        self._say_kept()
        self.microphone.emit(session.listening)
        self._draw_turns()
        if not session.listening:
            self.set_status(self.tr("No input device") if none else "")

    def _follow_buttons(self, none: bool) -> None:
        session = self.session
        self.listen.setVisible(not none)
        self.listen_key.setVisible(not none)
        if session.state == "listening":
            self.listen.set_kind("danger")
            self.listen.set_icon("stop-fill")
            self._say_elapsed()
        else:
            self.listen.set_kind("primary")
            self.listen.set_icon("microphone")
            self.listen.setText(self.tr("Opening…") if session.state == "starting" else self.tr("Listen"))
        recording = session.recording is not None
        self.record.set_kind("danger" if recording else "plain")
        self.record.set_icon("record-fill" if recording else "record")
        self.record.say(self.tr("Stop recording") if recording else self.tr("Record"),
                        self.tr("There is no microphone to record from.") if none else "")

    def _follow_notice(self) -> None:
        session, error = self.session, self.session.error
        lost = session.state == "lost"
        self.notice.setVisible(lost or error is not None)
        self.again.setVisible(not session.listening)
        if lost and (error is None or isinstance(error, DeviceError)):
            self.notice.title.setText(self.tr("The microphone went away"))
            safe = (self.tr("The recording until then is safe: {}.").format(session.saved.name) if session.saved
                    else self.tr("What was found until then stays below."))
            self.notice.sentence.setText(f"{safe} " + self.tr("Plug it in again, then listen again."))
        elif error is not None:
            stopped = self.tr("Listening stopped") if lost else self.tr("Listening did not work")
            self.notice.title.setText(self.tr("Recording stopped") if session.recording_failed else stopped)
            detail = getattr(error, "detail", "")
            self.notice.sentence.setText(f"{error}" + (f" ({detail})" if detail else ""))

    def _say_elapsed(self) -> None:
        text = self.tr("Stop  {}").format(clock(self.session.elapsed_s))
        if self.listen.text() != text:
            self.listen.setText(text)

    def _say_kept(self) -> None:
        session = self.session
        if session.recording is not None:
            self.spoken.set_kept(self.tr("Saving to recordings/{}").format(session.recording.name), True)
        elif session.saved is not None:
            self.spoken.set_kept(self.tr("Saved as recordings/{}").format(session.saved.name), True)
        else:
            self.spoken.set_kept(self.tr("Kept on this machine. Audio is not saved."), False)

    # --- set-up -----------------------------------------------------------------------------------------------------

    def _build_toolbar(self) -> None:
        theme = self.theme
        self._left, self._right = QWidget(), QWidget()
        left, right = QHBoxLayout(self._left), QHBoxLayout(self._right)
        for row in (left, right):
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(8)
        self.listen = Button(theme, self.tr("Listen"), "microphone", "primary")
        self.listen.setAccessibleName(self.tr("Listen"))
        self.listen.clicked.connect(self.listen_or_stop)
        self.listen_key = KeyCap(theme, key_text("live.listen"))
        self.record = Button(theme, self.tr("Record"), "record")
        self.record.setToolTip(self.tr("Save the microphone to the workspace’s recordings"))
        self.record.clicked.connect(self._toggle_record)
        self.devices.setFixedWidth(284)
        for widget in (self.devices, self.listen, self.listen_key, self.record):
            left.addWidget(widget)
        if "live.record" in BY_ID:
            left.addWidget(KeyCap(theme, key_text("live.record")))
        settings = self.app.settings.value
        self.threshold = NumberBox(theme, self.tr("Threshold"), -1.0, 1.0, 0.01, value=settings.threshold)
        self.margin = NumberBox(theme, self.tr("Margin"), 0.0, 2.0, 0.01, value=settings.margin)
        self.threshold.valueChanged.connect(lambda value: self._set(threshold=round(value, 2)))
        self.margin.valueChanged.connect(lambda value: self._set(margin=round(value, 2)))
        for words, box in ((self.tr("Threshold"), self.threshold), (self.tr("Margin"), self.margin)):
            right.addWidget(Text(theme, words, "body", "text2"))
            right.addWidget(box)

    def _set(self, **values: float) -> None:
        current = self.app.settings.value
        if any(getattr(current, key) != value for key, value in values.items()):
            self.app.settings.change(**values)
            self.now.set_voices(self.session.voices, self.app.settings.value.threshold)

    def _build(self) -> None:
        theme = self.theme
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP, GAP, GAP, GAP)
        row.setSpacing(GAP)
        main, self._side = QVBoxLayout(), QWidget()
        main.setSpacing(GAP)
        self.notice = Notice(theme, tone="error")
        self.again = self.notice.add_act(self.tr("Listen again"), self.listen_or_stop)
        self.answer = FileAnswer(self.context)
        self.now = NowPanel(theme)
        self.now.enroll.connect(lambda: self.go.emit("voices", "new"))
        self.sound = MicrophonePanel(theme)
        self.who = WhoPanel(theme)
        self.who.setMaximumHeight(480)  # beyond, the microphone's pictures take the room
        self.absent = NoMicrophone(self.context, key_text("live.devices"))
        self.absent.look.connect(lambda: self.devices.look(rescan=True))
        self.absent.file.connect(self._choose_file)
        for widget, stretch in ((self.notice, 0), (self.answer, 0), (self.now, 0), (self.sound, 54), (self.who, 46),
                                (self.absent, 1)):
            main.addWidget(widget, stretch)
        side = QVBoxLayout(self._side)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(GAP)
        self.plot = VoicesPlotPanel(theme)
        self.plot.open_map.connect(lambda: self.go.emit("map", "voices"))
        self.plot.enroll.connect(lambda: self.go.emit("voices", "new"))
        self.spoken = SpokenPanel(theme)
        self.spoken.setMinimumHeight(110)
        side.addWidget(self.plot, 1)
        side.addWidget(self.spoken, 0, Qt.AlignmentFlag.AlignBottom)
        self._side.setMinimumWidth(272)
        self._side.setMaximumWidth(420)
        row.addLayout(main, 71)
        row.addWidget(self._side, 29)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.spoken.setFixedHeight(196 if self.height() > 700 else 168)
