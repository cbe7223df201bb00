"""One voice: who it is, its takes and samples, and the part where takes are recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from engine.records import Take
from engine.texts import is_label
from gui import words
from gui.context import Context
from gui.pages.voices.details import Details, other
from gui.pages.voices.progress import ENROLL_S, Part
from gui.pages.voices.recording import RecordingPart
from gui.pages.voices.samples_table import SamplesTable
from gui.pages.voices.take import TakeRecorder
from gui.pages.voices.takes_table import Row, TakesTable
from gui.widgets.controls import Button, ElidedText, IconButton, Notice, Text
from gui.widgets.voice_rows import Avatar

if TYPE_CHECKING:
    from engine.voices.takes import Heard, TakeQuality


TAKES = 3  # that are suggested


@dataclass(frozen=True, eq=False)
class Refused:
    """A take that was not taken, and why. again: enrolls it all the same."""

    sentence: str
    again: Callable[[], object] | None = None


class VoicePanel(QFrame):
    """renamed(new name)  removed()  play(Take)  remove_take(Take); recording has its own signals."""

    renamed = Signal(str)
    removed = Signal()
    play = Signal(object)
    remove_take = Signal(object)

    def __init__(self, context: Context, recorder: TakeRecorder, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self._recorder = context.theme, recorder
        self.setProperty("frame", "panel")
        self.details: Details | None = None
        self.refused: dict[int, list[Refused]] = {}  # by voice, of this run of the program
        self._names: list[str] = []
        self._running: TakeQuality | None = None  # of the take that is being recorded
        self.adding = False
        self.recording = RecordingPart(context, recorder)
        self._build()
        recorder.changed.connect(self._fill_takes)
        recorder.judged.connect(self._judged)

    def show_details(self, found: Details) -> None:
        with self._focus_stays():
            self._show(found)

    def add_takes(self, on: bool) -> None:
        """Show the recording part of a voice that is enrolled already."""
        self.adding = on
        self._follow()
        if on:
            self.focus_on_acts()

    def refuse(self, voice_id: int, sentence: str, again: Callable[[], object] | None = None) -> None:
        """A take of this voice was not taken, and why. again: enrolls it all the same, where that is possible."""
        self.refused.setdefault(voice_id, []).append(Refused(sentence, again))
        self._fill_takes()

    def set_others(self, names: list[str]) -> None:
        """The enrolled voices, to which samples can be moved."""
        self._names = names

    def forget(self) -> None:
        """There is no voice any more."""
        self.details, self.refused = None, {}

    def start_renaming(self) -> None:
        if self.details is not None:
            self.field.setText(self.details.voice.name)
            self._name_row(editing=True)
            self.field.selectAll()
            self.field.setFocus()

    def stop_renaming(self, failure: str = "") -> None:
        """failure: a sentence; the field stays open then."""
        self.failure.setText(failure)
        self.failure.setVisible(bool(failure))
        self._name_row(editing=bool(failure))

    # --- inside -----------------------------------------------------------------------------------------------------

    def _show(self, found: Details) -> None:
        other = self.details is None or self.details.voice.id != found.voice.id
        self.details = found
        if other:
            self.adding = False
            self.stop_renaming()
            self.recording.say_failure("")
        voice = found.voice
        self.avatar.set_voice(voice.name, voice.colour)
        self.name.set_text(voice.name)
        draft = voice.state == "enrolling"
        samples = self.tr("1 sample") if voice.samples == 1 else self.tr("{} samples").format(voice.samples)
        self.line.set_text(self.tr("New voice · take {number} of at least {takes}").format(
            number=len(found.takes) + 1, takes=TAKES) if draft else
                           self.tr("{samples} · {speech} s of speech · enrolled {date}").format(
                               samples=samples, speech=f"{voice.speech_s:.0f}", date=f"{voice.created_at:%Y-%m-%d}"))
        self.recording.show_voice(voice, [Part(self.tr("take {}").format(i + 1), take.speech_s)
                                          for i, take in enumerate(found.takes)])
        self._follow()
        self._fill_takes()
        self._fill_samples()
        self._warn(found)

    def focus_on_acts(self) -> None:
        """The keyboard goes to Record take, so that Space does what is written beside it; to the voice where that is hidden."""
        (self.recording.record if self.recording.acts.isVisible() else self).setFocus(Qt.FocusReason.OtherFocusReason)

    @contextmanager
    def _focus_stays(self) -> Iterator[None]:
        """What had the keyboard may go away inside. Then it does not fall to whatever comes next, such as Rename or Remove."""
        before = QApplication.focusWidget()
        mine = before is not None and self.isAncestorOf(before)
        yield
        if mine and QApplication.focusWidget() is not before:
            self.focus_on_acts()

    def _follow(self) -> None:
        if self.details is not None:
            with self._focus_stays():
                self._show_parts(self.details)

    def _show_parts(self, found: Details) -> None:
        draft = found.voice.state == "enrolling"
        records = draft or self.adding or self._recorder.state != "idle"
        self.recording.setVisible(records)
        self.recording.acts.setVisible(records)
        self.rest.setVisible(not records)
        self.samples_head.setVisible(not records and bool(found.samples))
        self.samples.setVisible(not records)
        self.more.setVisible(not records)
        self.advice.setVisible(not records and (len(found.takes) < TAKES or round(found.voice.speech_s) < ENROLL_S))
        self.bin.setVisible(not draft)
        self.share.setVisible(draft)
        self.share_line.setVisible(draft)
        speech = self.recording.bar.total_s if draft else found.voice.speech_s
        self.share.setText(f"{min(1.0, speech / ENROLL_S) * 100:.0f} %")
        self.share_line.setText(self.tr("{found} of {all} s net speech").format(found=f"{speech:.1f}",
                                                                               all=f"{ENROLL_S:.0f}"))

    def _chain(self) -> None:
        """Tab goes from the head to the rows, which are made anew, and not to the side panels first."""
        last: QWidget = self.bin
        for table in (self.table, self.samples):
            for button in table.findChildren(Button):
                QWidget.setTabOrder(last, button)
                last = button

    def _judged(self, heard: Heard) -> None:
        self._running = heard.quality
        self._follow()
        self._fill_takes()

    def _fill_takes(self) -> None:
        found = self.details
        if found is None:
            return
        rows = [Row(i + 1, "accepted", self._result(take), take, take.speech_s, take.snr_db, take.level_dbfs)
                for i, take in enumerate(found.takes)]
        for one in self.refused.get(found.voice.id, []):
            rows.append(Row(len(rows) + 1, "refused", one.sentence, again=partial(self._again, one) if one.again else None,
                            dismiss=partial(self._dismiss, one)))
        if self._recorder.state == "recording":
            now = self._running
            figures = (None, None, None) if now is None else (now.speech_s, now.snr_db, now.level_dbfs)
            rows.append(Row(len(rows) + 1, "recording", self.tr("is being recorded"), None, *figures))
        else:
            self._running = None
        with self._focus_stays():
            self.table.set_rows(rows)
            self.table.setVisible(bool(rows))
        self._chain()

    def _again(self, one: Refused) -> None:
        self._dismiss(one)
        if one.again is not None:
            one.again()

    def _dismiss(self, one: Refused) -> None:
        for voice_id, kept in list(self.refused.items()):
            self.refused[voice_id] = [other for other in kept if other is not one]
        self._fill_takes()

    def _result(self, take: Take) -> str:
        bits = [self.tr("1 sample △") if take.samples == 1 else self.tr("{} samples △").format(take.samples)]
        if take.clipped:
            bits.append(self.tr("clipped {} times").format(take.clipped))
        if take.source != "microphone":
            bits.append(take.source)
        return " · ".join(bits)

    def _fill_samples(self) -> None:
        found = self.details
        if found is None:
            return
        number = {take.id: i + 1 for i, take in enumerate(found.takes)}
        self.samples.others = tuple(name for name in self._names if name != found.voice.name)
        with self._focus_stays():
            self.samples.show_samples(found.samples, found.checks, number,
                                      {take.id for take in found.takes if take.recording is not None}, found.voice.colour)
        self._chain()

    def _warn(self, found: Details) -> None:
        """What stands in the way of this voice being told from others: the gravest thing alone."""
        name, kept = found.voice.name, sum(take.recording is not None for take in found.takes)
        title = sentence = ""
        if found.voice.needs_enrollment:
            title = self.tr("{} has to be enrolled again").format(name)
            sentence = self.tr("It has no sample of the voice encoder in use, so nobody is recognised as it. Its takes are kept.")
            sentence += " " + (self.tr("{} of them have a recording: Settings › Models makes their samples.").format(kept) if kept
                               else self.tr("Add takes, or change back to the other encoder in Settings › Models."))
        elif found.close:
            pair = found.close[0]
            title = self.tr("{name} is near {other}: {similarity}").format(
                name=name, other=other(pair, name), similarity=words.similarity(pair.similarity))
            sentence = self.tr("That is above the threshold, so one may be taken for the other. Listen to the samples of "
                               "both; add takes, or raise the threshold.")
        elif found.shared:
            title = self.tr("A take of {name} is also one of {others}").format(name=name, others=", ".join(found.shared))
            sentence = self.tr("It can be of one of them only. Remove it where it does not belong.")
        elif is_label(name):
            title = self.tr("Give {} another name").format(name)
            sentence = self.tr("Earmark itself says so where it is not sure who speaks. F2 renames the voice; all of it stays.")
        self.warning.title.setText(title)
        self.warning.sentence.setText(sentence)
        self.warning.setVisible(bool(title))

    def _name_row(self, editing: bool) -> None:
        self.field.setVisible(editing)
        self.name.setVisible(not editing)
        self.pencil.setVisible(not editing)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.field.isVisible():
            self.stop_renaming()
        elif event.key() == Qt.Key.Key_F2:
            self.start_renaming()
        else:
            super().keyPressEvent(event)

    # --- set-up -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(10)
        column.addLayout(self._head())
        self.failure = Text(self.theme, "", "small", "error", wrap=True)
        self.failure.hide()
        column.addWidget(self.failure)
        self.warning = Notice(self.theme)
        self.warning.hide()
        column.addWidget(self.warning)
        column.addWidget(self.recording, 1)
        self.table = TakesTable(self.theme)
        self.table.play.connect(self.play)
        self.table.remove.connect(self.remove_take)
        column.addWidget(self.table)
        self.advice = Text(self.theme, self.tr("{takes} takes or more, {speech} s of speech in all, make a voice surer.").format(
            takes=TAKES, speech=f"{ENROLL_S:.0f}"), "small", "text2", wrap=True)
        column.addWidget(self.advice)
        self.samples_head = Text(self.theme, self.tr("Samples and their similarity to the centroid"), "small", "text3",
                                 600)
        self.samples = SamplesTable(self.theme)
        column.addWidget(self.samples_head)
        column.addWidget(self.samples)
        self.rest = QWidget()
        column.addWidget(self.rest, 1)
        scroll.setWidget(inner)
        inner.setProperty("surface", "panel")
        outer.setSpacing(0)
        outer.addWidget(scroll, 1)
        outer.addWidget(self.recording.acts)

    def _head(self) -> QHBoxLayout:
        theme = self.theme
        row = QHBoxLayout()
        row.setSpacing(12)
        self.avatar = Avatar(theme, 40)
        names = QVBoxLayout()
        names.setSpacing(0)
        top = QHBoxLayout()
        top.setSpacing(6)
        self.name = ElidedText(theme, "", "figure", weight=600)
        self.field = QLineEdit()
        self.field.setFont(theme.font("body"))
        self.field.setAccessibleName(self.tr("Name"))
        self.field.setMaximumWidth(320)
        self.field.returnPressed.connect(lambda: self.renamed.emit(self.field.text().strip()))
        self.field.hide()
        self.pencil = IconButton(theme, "pencil-simple", self.tr("Rename (F2)"), size=24)
        self.pencil.clicked.connect(self.start_renaming)
        top.addWidget(self.name)
        top.addWidget(self.field)
        top.addWidget(self.pencil)
        top.addStretch(1)
        self.line = ElidedText(theme, "", "small", "text2")
        names.addLayout(top)
        names.addWidget(self.line)
        row.addWidget(self.avatar)
        row.addLayout(names, 1)
        share = QVBoxLayout()
        share.setSpacing(0)
        self.share = Text(theme, "", "name", weight=600)
        self.share_line = Text(theme, "", "small", "text2")
        for label in (self.share, self.share_line):
            label.setAlignment(Qt.AlignmentFlag.AlignRight)
            share.addWidget(label)
        row.addLayout(share)
        self.more = Button(theme, self.tr("Add takes…"), "plus")
        self.more.clicked.connect(lambda: self.add_takes(True))
        self.bin = IconButton(theme, "trash", self.tr("Remove voice…"))
        self.bin.clicked.connect(self.removed)
        row.addWidget(self.more)
        row.addWidget(self.bin)
        return row


