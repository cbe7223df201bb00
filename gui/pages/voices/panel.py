"""One voice: who it is, its takes and samples, and the part where takes are recorded."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from engine.records import Take
from gui import words
from gui.context import Context
from gui.pages.voices.details import Details
from gui.pages.voices.progress import ENROLL_S, Part
from gui.pages.voices.recording import RecordingPart
from gui.pages.voices.take import TakeRecorder
from gui.pages.voices.takes_table import Row, TakesTable
from gui.widgets.controls import Button, ElidedText, IconButton, Text
from gui.widgets.voice_rows import Avatar, BarRow, BarRows


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
        self.refused: dict[int, list[str]] = {}  # voice → why, of this run of the program
        self.adding = False
        self.recording = RecordingPart(context, recorder)
        self._build()
        recorder.changed.connect(self._fill_takes)
        recorder.judged.connect(lambda _: self._follow())

    def show_details(self, found: Details) -> None:
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
        self.line.set_text(self.tr("New voice · take {} of at least 3").format(len(found.takes) + 1) if draft else
                           self.tr("{samples} · {speech} s of speech · enrolled {date}").format(
                               samples=samples, speech=f"{voice.speech_s:.0f}", date=f"{voice.created_at:%Y-%m-%d}"))
        self.recording.show_voice(voice, [Part(self.tr("take {}").format(i + 1), take.speech_s)
                                          for i, take in enumerate(found.takes)])
        self._follow()
        self._fill_takes()
        self._fill_samples()

    def add_takes(self, on: bool) -> None:
        """Show the recording part of a voice that is enrolled already."""
        self.adding = on
        self._follow()

    def refuse(self, voice_id: int, sentence: str) -> None:
        """A take of this voice was not taken, and why."""
        self.refused.setdefault(voice_id, []).append(sentence)
        self._fill_takes()

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

    def _follow(self) -> None:
        found = self.details
        if found is None:
            return
        draft = found.voice.state == "enrolling"
        records = draft or self.adding or self._recorder.state != "idle"
        self.recording.setVisible(records)
        self.rest.setVisible(not records)
        self.samples_head.setVisible(not records)
        self.samples.setVisible(not records)
        self.more.setVisible(not records)
        self.bin.setVisible(not draft)
        self.share.setVisible(draft)
        self.share_line.setVisible(draft)
        speech = self.recording.bar.total_s if draft else found.voice.speech_s
        self.share.setText(f"{min(1.0, speech / ENROLL_S) * 100:.0f} %")
        self.share_line.setText(self.tr("{found} of {all} s net speech").format(found=f"{speech:.1f}",
                                                                               all=f"{ENROLL_S:.0f}"))

    def _fill_takes(self) -> None:
        found = self.details
        if found is None:
            return
        rows = [Row(i + 1, "accepted", self._result(take), take, take.speech_s, take.snr_db, take.level_dbfs)
                for i, take in enumerate(found.takes)]
        for sentence in self.refused.get(found.voice.id, []):
            rows.append(Row(len(rows) + 1, "refused", sentence))
        if self._recorder.state == "recording":
            rows.append(Row(len(rows) + 1, "recording", self.tr("is being recorded")))
        self.table.set_rows(rows)
        self.table.setVisible(bool(rows))

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
        self.samples.set_rows([
            BarRow(self.tr("△ take {take} · {speech} s").format(take=number.get(s.take_id, "?"),
                                                                speech=f"{s.speech_s:.1f}"), s.similarity,
                   words.similarity(s.similarity), colour=found.voice.colour) for s in found.samples])

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
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(10)
        column.addLayout(self._head())
        self.failure = Text(self.theme, "", "small", "error", wrap=True)
        self.failure.hide()
        column.addWidget(self.failure)
        column.addWidget(self.recording, 1)
        self.table = TakesTable(self.theme)
        self.table.play.connect(self.play)
        self.table.remove.connect(self.remove_take)
        column.addWidget(self.table)
        self.samples_head = Text(self.theme, self.tr("Samples and their similarity to the centroid"), "small", "text3",
                                 600)
        self.samples = BarRows(self.theme, 24, swatch=False, label_share=0.34, value_width=44)
        self.samples.setAccessibleName(self.tr("Samples"))
        self.samples.setMaximumWidth(560)
        column.addWidget(self.samples_head)
        column.addWidget(self.samples)
        self.rest = QWidget()
        column.addWidget(self.rest, 1)
        scroll.setWidget(inner)
        inner.setProperty("surface", "panel")
        outer.addWidget(scroll)

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
        self.bin = Button(theme, self.tr("Remove voice…"), "trash", "ghost")
        self.bin.clicked.connect(self.removed)
        row.addWidget(self.more)
        row.addWidget(self.bin)
        return row


