"""Recordings on the Live page: who spoke when in one of them, the list of all, and what is said of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QMenu, QMessageBox, QVBoxLayout, QWidget

from engine.errors import EarmarkError, UnlikeVoice
from engine.records import Timeline, Voice
from engine.voices.timeline.people import ANY
from gui.context import Context
from gui.pages.live.ground import Column, side_by_side, spoken_px
from gui.pages.live.naming import NameField, ask_whether_same
from gui.pages.live.playing import Playing
from gui.pages.live.recordings import Recordings
from gui.pages.live.session_words import sound_files
from gui.pages.live.shelf import Shelf
from gui.pages.live.tracks import summary
from gui.pages.live.who import SpokenPanel, WhoPanel, kinds
from gui.widgets.controls import (
    Button,
    ElidedText,
    EmptyState,
    IconButton,
    Notice,
    ProgressLine,
    Text,
    ask_before_loss,
    ask_where,
)
from gui.widgets.timeline import clock

MOST_OFFERED = 8  # people, in the menu


class RecordingView(QWidget):
    """said(sentence), offered(sentence, verb, slot): toasts. renamed: voices are other ones than before."""

    said = Signal(str)
    offered = Signal(str, str, object)
    renamed = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context, self.theme = context, context.theme
        self.recordings = Recordings(context, self)
        self.playing = Playing(context.audition, self)
        self._shown: tuple[int | None, str] | None = None
        self._voices: list[Voice] = []
        self._build()
        recordings = self.recordings
        recordings.changed.connect(self._follow)
        recordings.changed.connect(self._fill_shelf)
        recordings.progressed.connect(self._progressed)
        recordings.ended.connect(self._follow)
        recordings.failed.connect(self._failed)
        recordings.doubted.connect(self._doubted)
        recordings.named.connect(self._named)
        recordings.told.connect(self._told)
        self.playing.moved.connect(self._moved)
        self.playing.changed.connect(self._follow_sound)
        self.playing.failed.connect(lambda error: self._failed(self.tr("The recording cannot be played"), error))
        self._follow()

    # --- acts ---------------------------------------------------------------------------------------------------------

    def choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Who spoke when in a recording"), self.folder(), sound_files())
        if name:
            self.take(Path(name))

    def folder(self) -> str:
        """Where recordings are looked for: where the last one was, else where those of this page are written."""
        return str(self.recordings.folder())

    def take(self, path: Path) -> None:
        """Hear this file."""
        self.notice.hide()
        self.playing.stop()
        self.recordings.make(path)

    def open_newest(self) -> None:
        """Show the last recording that was heard, if none is open."""
        if self.empty_shown and self.recordings.kept:
            self.recordings.show(self.recordings.kept[0])

    def play_or_pause(self) -> None:
        if self.playing.state != "stopped":
            self.playing.pause_or_resume()
        elif self.recordings.open is not None:
            at = self.who.timeline.position_s
            self._play(at if at is not None and at < self.recordings.open.duration_s - 0.1 else 0.0)

    def go(self, steps: int) -> None:
        """To the next turn (+1) or the one before (−1); what plays goes on there."""
        one = self.who.timeline.choose(steps)
        if one is None:
            return
        if self.playing.state == "playing":
            self._play(one.span.start_s)
        else:
            self.playing.stop()
            self._moved(one.span.start_s)

    def ask_name(self, lane: int | None = None) -> None:
        """Open the field for a lane; by default that of the chosen turn, or the first stranger."""
        if self.recordings.open is None or not self.recordings.open.tracks:
            return
        if not self.naming.ask_in(self.who.timeline, [voice.name for voice in self._voices], lane):
            self.said.emit(self.tr("There is no stranger here to be named."))

    def ask_people(self) -> QMenu | None:
        """The menu that says how many people speak; the recording is heard again with the answer."""
        timeline = self.recordings.open
        if timeline is None:
            self.said.emit(self.tr("Open a recording first."))
            return None
        if not self.people_button.isEnabled():
            return None
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Hear it again: how many people speak?")).setEnabled(False)
        menu.addSeparator()
        menu.addAction(self.tr("Find out"), partial(self.recordings.make, timeline.path, ANY))
        for count in range(1, MOST_OFFERED + 1):
            menu.addAction(self.tr("1 person") if count == 1 else self.tr("{} people").format(count),
                           partial(self.recordings.make, timeline.path, (count, count)))
        menu.popup(self.people_button.mapToGlobal(QPoint(0, self.people_button.height() + 2)))
        return menu

    def export(self, kind: str) -> None:
        timeline = self.recordings.open
        if timeline is not None:
            self.export_timeline(timeline, kind)

    def export_timeline(self, timeline: Timeline, kind: str) -> None:
        """Ask where to, and write."""
        words, suffix = kinds()[kind]
        path = ask_where(self, self.tr("Export who spoke when"), timeline.path.stem + suffix, words)
        if path is not None:
            self.recordings.export(timeline, kind, path)

    def ask_remove(self, timeline: Timeline | None = None) -> QMessageBox | None:
        wanted = timeline or self.recordings.open
        if wanted is None or wanted.id is None:
            return None
        return ask_before_loss(
            self, self.theme, self.tr("Remove the timeline of {}?").format(wanted.path.name),
            self.tr("What is known of its strangers goes with it. The recording and the voices stay."),
            self.tr("Remove"), lambda: self.recordings.remove(wanted))

    # --- what came in -------------------------------------------------------------------------------------------------

    def set_voices(self, voices: list[Voice]) -> None:
        """Those that are enrolled; their names are offered for strangers."""
        self._voices = voices

    @property
    def empty_shown(self) -> bool:
        return self.recordings.open is None and self.recordings.making is None

    def _follow(self) -> None:
        recordings = self.recordings
        timeline = recordings.open
        self.progress_frame.setVisible(recordings.making is not None)
        self.head.setVisible(timeline is not None)
        self.who.setVisible(timeline is not None)
        self.spoken.setVisible(timeline is not None)
        self.empty.setVisible(self.empty_shown)
        self.locked.setVisible(recordings.error is not None)
        if recordings.error is not None:
            self.locked.sentence.setText(str(recordings.error))
        if timeline is None:
            if self._shown is not None:
                self.playing.stop()
            self._shown = None
            return
        key = (timeline.id, timeline.sha256)
        fit = key != self._shown
        if fit:
            self._shown = key
            self.playing.stop()
            self.naming.hide()
        self.who.set_recording(timeline, fit)
        self.spoken.set_recording(timeline)
        self.spoken.set_kept(self.tr("Not kept. {}").format(timeline.not_kept).strip() if timeline.id is None
                             else self.tr("Kept here. The file is gone, so it cannot be heard.") if timeline.id in recordings.gone
                             else self.tr("Kept here. The file stays where it is."), False)
        self.title.set_text(timeline.path.name)
        bits = [clock(timeline.duration_s), summary(timeline), self.tr("heard {}").format(
            f"{timeline.made_at.astimezone():%d %b %Y, %H:%M}")]
        if timeline.id is None:
            bits.append(self.tr("not kept"))
        gone = timeline.id in recordings.gone
        if gone:
            bits.insert(0, self.tr("the file is not where it was"))
        self.play_button.setEnabled(not gone)
        self.people_button.setEnabled(not gone and recordings.making is None)
        self.people_button.set_tip(self.tr("The file is not where it was") if gone else
                                   self.tr("Say how many people speak, and hear it again…"))
        self.sentence.set_text(" · ".join(bits))
        self.remove_button.setVisible(timeline.id is not None)
        self._follow_sound()

    def _fill_shelf(self) -> None:
        recordings = self.recordings
        self.shelf.set_recordings(recordings.kept, recordings.open.id if recordings.open is not None else None,
                                  recordings.gone, recordings.unheard)

    def _follow_sound(self) -> None:
        playing = self.playing.state == "playing"
        self.play_button.set_icon("pause-fill" if playing else "play-fill")
        self.play_button.set_tip(self.tr("The file is not where it was") if not self.play_button.isEnabled()
                                 else self.tr("Pause (Space)") if playing else self.tr("Play (Space)"))

    def _moved(self, position_s: float | None) -> None:
        self.who.timeline.set_position(position_s)
        timeline = self.recordings.open
        if timeline is not None:
            self.clock.setText(f"{clock(position_s or 0.0)} / {clock(timeline.duration_s)}")

    def _play(self, at_s: float) -> None:
        if self.recordings.open is not None:
            self.notice.hide()
            self.playing.play(self.recordings.open.path, at_s)

    def _progressed(self, title: str, progress: Any) -> None:
        self.progress.set(title, progress)
        self._follow()

    def _failed(self, title: str, error: EarmarkError) -> None:
        self.notice.title.setText(title)
        self.notice.sentence.setText(str(error))
        self.notice.show()
        self._follow()

    def _doubted(self, timeline: Timeline, stranger: int, name: str, error: UnlikeVoice) -> None:
        ask_whether_same(self, self.theme, stranger, error, lambda: self.recordings.name(timeline, stranger, name, True))

    def _named(self, naming: Any) -> None:
        more = naming.tracks - 1
        words = self.tr("{name} is a voice now.") if naming.made_voice else self.tr("The stranger is {name}.")
        if more:
            words += " " + (self.tr("In 1 other recording, too.") if more == 1
                            else self.tr("In {} other recordings, too.").format(more))
        self.offered.emit(words.format(name=naming.voice), self.tr("Undo"), lambda: self.recordings.undo(naming.id))
        self.renamed.emit()

    def _told(self, sentence: str) -> None:
        self.said.emit(sentence)
        self.renamed.emit()

    def _give_name(self, number: int, name: str) -> None:
        if self.recordings.open is not None:
            self.recordings.name(self.recordings.open, number, name)

    def _open(self, timeline: Timeline) -> None:
        self.notice.hide()
        self.recordings.show(timeline)

    # --- set-up -------------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.spoken.setFixedHeight(spoken_px(self.height()))

    def _build(self) -> None:
        theme = self.theme
        main = Column()
        self.notice = Notice(theme, tone="error")
        self.notice.add_act(self.tr("Close"), self.notice.hide)
        self.notice.hide()
        self.progress = ProgressLine(theme, "", bar_px=200)
        self.progress.cancelled.connect(self.recordings.cancel)
        self.progress_frame = QFrame()
        self.progress_frame.setProperty("frame", "panel")
        inner = QVBoxLayout(self.progress_frame)
        inner.setContentsMargins(12, 8, 12, 8)
        inner.addWidget(self.progress)
        self.who = WhoPanel(theme)
        self.who.export.connect(self.export)
        line = self.who.timeline
        line.sought.connect(self._play)
        line.wanted_name.connect(self.ask_name)
        self.naming = NameField(theme, line)
        self.naming.named.connect(self._give_name)
        self.empty = self._empty()
        for widget, stretch in ((self.notice, 0), (self.progress_frame, 0), (self._head(), 0), (self.who, 1), (self.empty, 1)):
            main.panels.addWidget(widget, stretch)
        main.panels.addStretch(0)  # takes the room while there is only the progress of the first one
        self.shelf = Shelf(theme)
        self.shelf.chosen.connect(self._open)
        self.shelf.wanted.connect(self.take)
        self.shelf.unwanted.connect(self.ask_remove)
        self.locked = Notice(theme, self.tr("The recordings cannot be listed"), tone="warning")
        self.locked.add_act(self.tr("Try again"), self.recordings.refresh)
        self.spoken = SpokenPanel(theme)
        self.spoken.setMinimumHeight(110)
        self._side = side_by_side(self, main, self.shelf, self.spoken, self.locked)

    def _head(self) -> QFrame:
        theme = self.theme
        self.head = QFrame()
        self.head.setProperty("frame", "panel")
        row = QHBoxLayout(self.head)
        row.setContentsMargins(14, 10, 12, 10)
        row.setSpacing(12)
        self.play_button = IconButton(theme, "play-fill", self.tr("Play (Space)"), "plain", size=36)
        self.play_button.clicked.connect(self.play_or_pause)
        words = QVBoxLayout()
        words.setSpacing(0)
        self.title = ElidedText(theme, "", "title", weight=600)
        self.sentence = ElidedText(theme, "", "small", "text2")
        words.addWidget(self.title)
        words.addWidget(self.sentence)
        self.clock = Text(theme, "", "body", "text2")
        self.people_button = IconButton(theme, "users", "")
        self.people_button.clicked.connect(self.ask_people)
        self.remove_button = IconButton(theme, "trash", self.tr("Remove this timeline…"))
        self.remove_button.clicked.connect(lambda: self.ask_remove())
        row.addWidget(self.play_button)
        row.addLayout(words, 1)
        row.addWidget(self.clock)
        row.addWidget(self.people_button)
        row.addWidget(self.remove_button)
        return self.head

    def _empty(self) -> QFrame:
        frame = QFrame()
        frame.setProperty("frame", "panel")
        column = QVBoxLayout(frame)
        state = EmptyState(self.theme, self.tr("Who spoke when"), self.tr(
            "Open a recording of people who talk. Voices that are enrolled are named; everybody else is Stranger 1, 2 … until "
            "you give them a name. The file stays where it is, and nothing leaves this machine."))
        state.setMinimumWidth(320)
        button = Button(self.theme, self.tr("Open a recording…"), "folder-open", "primary", large=True)
        button.clicked.connect(self.choose_file)
        state.acts.addWidget(button)
        note = Text(self.theme, self.tr("Or drop a sound file here."), "small", "text3")
        note.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        state.below.addWidget(note)
        column.addWidget(state)
        return frame
