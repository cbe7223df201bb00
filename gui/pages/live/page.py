"""The Live page: the microphone, who speaks, what is heard, and the × moving among the voices."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QStackedLayout, QWidget

from engine.errors import EarmarkError
from engine.records import LiveUpdate
from engine.records import Timeline as Recording
from gui.actions import key_text
from gui.context import Context
from gui.pages.base import Page
from gui.pages.live.absent import FileAnswer, NoMicrophone
from gui.pages.live.ground import LOW_PX, Column, side_by_side, spoken_px
from gui.pages.live.limits import Limits
from gui.pages.live.live_naming import LiveNaming
from gui.pages.live.microphone import MicrophonePanel
from gui.pages.live.now import NowPanel
from gui.pages.live.playing import Playing
from gui.pages.live.recording_view import RecordingView
from gui.pages.live.session import LiveSession
from gui.pages.live.session_words import kept, sound_files, trouble, why_not_anew
from gui.pages.live.toolbar import LiveToolbar
from gui.pages.live.tracks import of_session
from gui.pages.live.voices_plot import VoicesPlotPanel
from gui.pages.live.who import SpokenPanel, WhoPanel
from gui.widgets.controls import Button, Notice
from gui.widgets.timeline import Timeline

METERS_MS, TURNS_MS, LOOK_MS = 66, 500, 2000
WIDE_PX = 1160  # of the page: below, the toolbar has no room for Calibrate
BOTH_PX = 1000  # of the page: below, there is no room for the voices beside what is said of a missing microphone


class LivePage(Page):
    """LivePage(context, session)."""

    id = "live"
    icon = "microphone"

    def __init__(self, context: Context, session: LiveSession | None = None, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        session = self.session = session or LiveSession.of(context)
        self._build_toolbar()
        self._build()
        self._recordings = False
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
        session.kept.connect(self._kept)
        session.not_kept.connect(self._not_kept)
        self.bind("live.listen", self._space)
        self.bind("live.devices", lambda: self.devices.look(rescan=True))
        self.bind("live.file", self._choose_file)
        self.bind("live.record", self._toggle_record)
        self.bind("live.open", self.open_recording)
        self.bind("live.recordings", lambda: self.show_recordings(not self._recordings))
        self.bind("live.new", self._begin_anew)
        self.bind("live.next", lambda: self._turn(1))
        self.bind("live.previous", lambda: self._turn(-1))
        self.bind("live.fit", lambda: self._timeline.fit())
        self.bind("live.name", lambda: self.view.ask_name() if self._recordings else self.naming.ask())
        past = self.view.recordings
        self.bind("live.undo", lambda: (self.naming if self.naming.named and not self._recordings else past).undo())
        self.bind("live.people", self._ask_people)
        self.bind("live.export", lambda: (self.view.who if self._recordings else self.who).ask_export())
        self.setAcceptDrops(True)
        self.playing = Playing(self.audition, self)
        self.playing.moved.connect(self.who.timeline.set_position)
        self.playing.failed.connect(lambda error: self._act_failed(self.tr("The recording cannot be played"), error))
        self.who.timeline.sought.connect(self._play_session)
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
        self._right.refresh()
        self.session.refresh_map()
        self.view.recordings.refresh()

    def open(self, what: object) -> None:
        """A path: who spoke when in that file."""
        if isinstance(what, Path):
            self.show_recordings(True)
            self.view.take(what)

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
        if self._left.none:
            return
        self.show_recordings(False)  # the key works there, too: what it does is to be seen
        self.session.record(not self.session.recording_wanted)

    def _begin_anew(self) -> None:
        """A new session, with the old one to be had back."""
        bring_back = self.session.begin_anew()
        if bring_back is None:
            self.said.emit(why_not_anew(self.session))
            return
        self.show_recordings(False)

        def undo() -> None:
            if not bring_back():
                self.said.emit(self.tr("Stop the recording first; then the session can come back."))

        self.offered.emit(self.tr("A new session has begun."), self.tr("Undo"), undo)

    # --- recordings ---------------------------------------------------------------------------------------------------

    def show_recordings(self, on: bool) -> None:
        """Recordings in the place of the microphone, or the other way round. Listening goes on."""
        if on == self._recordings:
            return
        self._recordings = on
        self.view.playing.stop()
        self.playing.stop()
        self._stack.setCurrentIndex(int(on))
        if on:
            self.view.open_newest()
        self._follow()

    def _kept(self, kept: list[Recording]) -> None:
        """What was recorded is among the recordings."""
        recordings = self.view.recordings
        recordings.refresh()
        if not kept:
            return
        if not self._recordings:
            recordings.show(kept[-1])
        self.offered.emit(self.tr("The recording is kept in Recordings."), self.tr("Open"), lambda: self._open_kept(kept[-1]))

    def _not_kept(self, error: EarmarkError) -> None:
        """Who spoke in what was recorded could not be written down; said where it is seen."""
        title = self.tr("Who spoke in the recording could not be kept")
        sentence = self.tr("The recording itself is safe. {}").format(error)
        self.answer.say(title, sentence)
        if self._recordings or not self._is_shown:
            self.said.emit(f"{title}. {sentence}")

    def _open_kept(self, timeline: Recording) -> None:
        self.go.emit("live", None)  # the toast is seen on every page
        self.view.recordings.show(timeline)
        self.show_recordings(True)

    def _ask_people(self) -> None:
        """The menu hangs on a button of the recordings, so they are shown."""
        self.show_recordings(True)
        self.view.ask_people()

    def open_recording(self) -> None:
        """Ask for a file and show who spoke when in it."""
        self.show_recordings(True)
        self.view.choose_file()

    @property
    def _timeline(self) -> Timeline:
        return self.view.who.timeline if self._recordings else self.who.timeline

    def _space(self) -> None:
        if self._recordings:
            self.view.play_or_pause()
        else:
            self.listen_or_stop()

    def _turn(self, steps: int) -> None:
        if self._recordings:
            self.view.go(steps)
            return
        one = self.who.timeline.choose(steps)
        if one is not None and self.playing.state == "playing":
            self._play_session(one.span.start_s)

    def _play_session(self, at_s: float) -> None:
        """From a moment of this session, if it was recorded."""
        found = self.session.recorded.at(at_s)
        if found is None:
            self.playing.stop()
            self.said.emit(self.tr("This was not recorded, so it cannot be heard. Press Record to keep the sound."))
        else:
            path, begins_s = found
            self.playing.play(path, at_s, begins_s)

    def _act_failed(self, title: str, error: EarmarkError) -> None:
        if not self._recordings:  # there, the failure is said by the view
            self.answer.say(title, str(error))

    def _export(self, kind: str) -> None:
        """What this session found."""
        session = self.session
        if session.began_at is not None:
            self.view.export_timeline(of_session(session.turns, session.elapsed_s, session.began_at, session.colours()), kind)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """The first file that was dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.open(paths[0])

    def identify_file(self, path: Path) -> None:
        self.answer.ask(path)

    def _choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Identify from a file"), self.view.folder(), sound_files())
        if name:
            self.identify_file(Path(name))

    # --- what came in -----------------------------------------------------------------------------------------------

    def _updated(self, updates: list[LiveUpdate]) -> None:
        if not self._is_shown:
            return
        last = updates[-1]
        for update in updates:  # each: of two, the last may tell less than the one before
            self.now.show_update(update, self.session.named(update.stranger))
            self.plot.show_update(update, self.session)
        words = [self.tr("Update {} ms").format(f"{last.compute_ms:.0f}")]
        if self.session.listener is not None:
            words.append(self.tr("Overflows {}").format(self.session.listener.overflows))
        self.set_status("   ".join(words))

    def _draw_sound(self) -> None:
        if self.session.listening:
            self.sound.pull()
            self._left.say_elapsed()

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

    def _follow_voices(self) -> None:
        """Nobody is said to be enrolled before that is known."""
        if self.session.known:
            self.now.set_voices(self.session.voices, self.app.settings.value.threshold)

    def _mapped(self) -> None:
        self._follow_voices()
        self.plot.show_map(self.session.map, waiting=self.session.mapping)
        self.view.set_voices(self.session.voices)
        self._draw_turns()

    def _follow(self) -> None:
        """Show the session's state: buttons, banners, panels."""
        session = self.session
        none = self._left.none and session.began_at is None  # what was found stays to be seen without a microphone
        panels: tuple[QWidget, ...] = (self.now, self.sound, self.who)
        for going in panels if none else (self.absent,):
            going.hide()  # first: both together would make the window grow
        for coming in (self.absent,) if none else panels:
            coming.show()
        self.spoken.setVisible(not none)
        self._follow_side()
        self.sound.listen_to(session.listener if session.listening else None)
        if session.state != "listening":
            self.now.show_idle(session.state == "starting", self._left.none)
            self.plot.clear_query()
        self._follow_buttons()
        self._follow_notice()
        self.spoken.set_kept(*kept(session))
        self.microphone.emit(session.listening)
        self._draw_turns()
        if not session.listening:
            self.set_status(self.tr("No input device") if self._left.none and not self._recordings else "")

    def _follow_side(self) -> None:
        """The voices give way to what is to be done about the microphone where there is no room for both."""
        self._side.setVisible(self.absent.isHidden() or self.width() >= BOTH_PX)

    def _follow_buttons(self) -> None:
        self._follow_toolbar()
        self._left.follow_session()
        self.anew.say(self.anew.text(), why_not_anew(self.session))
        if self.anew.isEnabled():
            self.anew.setToolTip(self.tr("Put away what was found and begin with nothing ({})").format(key_text("live.new")))

    def _follow_toolbar(self) -> None:
        self._left.follow(self._recordings, self.width(), not self.view.empty_shown)
        self._right.setVisible(not self._recordings)

    def _follow_notice(self) -> None:
        session = self.session
        self.notice.setVisible(session.state == "lost" or session.error is not None)
        self.again.setVisible(not session.listening)
        title, sentence = trouble(session)
        self.notice.title.setText(title)
        self.notice.sentence.setText(sentence)

    # --- set-up -----------------------------------------------------------------------------------------------------

    def _build_toolbar(self) -> None:
        self._left, self._right = LiveToolbar(self.context, self.session, self), Limits(self.context, self)
        self.devices, self.listen, self.record = self._left.devices, self._left.listen, self._left.record
        self._left.listened.connect(self.listen_or_stop)
        self._left.recorded.connect(self._toggle_record)
        self._left.went_back.connect(lambda: self.show_recordings(False))
        self._left.opened.connect(self.open_recording)
        self._right.calibrate.connect(lambda: self.go.emit("voices", "threshold"))
        self._right.changed.connect(self._follow_voices)
        self.threshold, self.margin = self._right.threshold, self._right.margin

    def _build(self) -> None:
        theme = self.theme
        self._stack = QStackedLayout(self)
        ground = QWidget()
        self._stack.addWidget(ground)
        self.view = RecordingView(self.context)
        self.view.renamed.connect(self.session.refresh_map)
        self.view.recordings.changed.connect(self._follow_toolbar)
        self.view.recordings.failed.connect(self._act_failed)
        self._stack.addWidget(self.view)
        main = Column()
        self.notice = Notice(theme, tone="error")
        self.again = self.notice.add_act(self.tr("Listen again"), self.listen_or_stop)
        self.answer = FileAnswer(self.context)
        self.now = NowPanel(theme)
        self.now.enroll.connect(lambda: self.go.emit("voices", "new"))
        self.sound = MicrophonePanel(theme)
        self.who = WhoPanel(theme)
        self.who.setMaximumHeight(480)  # beyond, the microphone's pictures take the room
        self.past = Button(theme, self.tr("Recordings"), "files", small=True)
        self.past.setToolTip(self.tr("Who spoke when in recordings ({})").format(key_text("live.recordings")))
        self.past.clicked.connect(lambda: self.show_recordings(True))
        self.who.add_act(self.past)
        self.who.export.connect(self._export)
        self.naming = LiveNaming(self.context, self.session, self.who.timeline, self)
        for part in (self.view, self.naming):
            part.said.connect(self.said)
            part.offered.connect(self.offered)
        self.naming.failed.connect(self._act_failed)
        self.absent = NoMicrophone(self.context, key_text("live.devices"))
        self.absent.look.connect(lambda: self.devices.look(rescan=True))
        self.absent.file.connect(self._choose_file)
        self.absent.recording.connect(self.open_recording)
        for widget, stretch in ((self.notice, 0), (self.answer, 0), (self.now, 0), (self.sound, 54), (self.who, 46),
                                (self.absent, 1)):
            main.panels.addWidget(widget, stretch)
        self.plot = VoicesPlotPanel(theme)
        self.plot.open_map.connect(lambda: self.go.emit("map", "voices"))
        self.plot.enroll.connect(lambda: self.go.emit("voices", "new"))
        self.spoken = SpokenPanel(theme)
        self.anew = Button(theme, self.tr("New"), "plus", small=True)
        self.anew.setAccessibleName(self.tr("New session"))
        self.anew.clicked.connect(self._begin_anew)
        self.spoken.header.addWidget(self.anew)
        self.spoken.setMinimumHeight(110)
        self._side = side_by_side(ground, main, self.plot, self.spoken)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.spoken.setFixedHeight(spoken_px(self.height()))
        self.now.set_low(self.height() < LOW_PX)
        self._follow_side()
        self._right.measure.setVisible(self.width() >= WIDE_PX)
        self._follow_toolbar()
