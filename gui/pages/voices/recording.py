"""The part of a voice where takes are recorded: prompt, live pictures, advice, buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from engine.audio.features import SpectrogramStream
from engine.audio.levels import envelope_peaks
from engine.records import FloatArray, Voice
from gui import words
from gui.actions import key_text
from gui.context import Context
from gui.pages.voices.progress import ENROLL_S, Part, QualityCards, SpeechBar
from gui.pages.voices.prompts import prompts
from gui.pages.voices.take import TakeRecorder
from gui.theme import Theme
from gui.widgets.controls import Button, Check, IconButton, KeyCap, ProgressLine, Text, rule
from gui.widgets.spectrogram import BANDS, F_MAX, HOP_S, SpectrogramView
from gui.widgets.waveform import TakeWaveform

if TYPE_CHECKING:
    from engine.voices.takes import Heard

LEAST_S = 3.0  # net speech below which a voice is not saved
PEAKS_A_SECOND = 100
ROOMY_PX = 640  # of the part; narrower, the buttons need the room of the key
SPARE_PX, NARROW_PX = 500, 420  # narrower, of what is to go and of the word beside the icon of files


class RecordingPart(QWidget):
    """take: start or stop.  files: add files.  save: the voice is done.  cancel: throw the draft away, or close.

    acts: the buttons, with what is said of them above. They stand in a place of their own that nothing can move: the owner puts
    them at the foot of the panel, outside of what scrolls.
    """

    take = Signal()
    files = Signal()
    save = Signal()
    cancel = Signal()

    def __init__(self, context: Context, recorder: TakeRecorder, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme, self._recorder = context.theme, recorder
        self._prompts, self._prompt = prompts(), 0
        self._stream: SpectrogramStream | None = None
        self._rest: FloatArray = np.zeros(0, dtype=np.float32)
        self._parts: list[Part] = []
        self._running_s = 0.0
        self._voice: Voice | None = None
        self._build()
        recorder.changed.connect(self._follow)
        recorder.arrived.connect(self._draw)
        recorder.judged.connect(self._judged)

    @property
    def keep(self) -> bool:
        """The consent of the person, asked anew for each voice."""
        return self.consent.isChecked()

    def show_voice(self, voice: Voice, parts: list[Part]) -> None:
        if self._voice is None or self._voice.id != voice.id:
            self.consent.setChecked(False)
            self.clear()
        self._voice, self._parts = voice, parts
        self._follow()

    def clear(self) -> None:
        """Nothing recorded yet."""
        self.wave.clear()
        self.picture.clear()
        self.cards.clear()
        self.time.setText("")
        self._running_s = 0.0

    def next_prompt(self) -> None:
        self._prompt = (self._prompt + 1) % len(self._prompts)
        self._say_prompt()

    def say_failure(self, sentence: str) -> None:
        """A sentence above the buttons; empty takes it away."""
        self.failure.setText(sentence)
        self.failure.setVisible(bool(sentence))

    def busy(self, title: str) -> None:
        """Something is under way (a take is being enrolled); empty: over."""
        self.progress.setVisible(bool(title))
        if title:
            self.progress.set(title, None)
        self._follow()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        roomy = self.width() >= ROOMY_PX
        self.key.setVisible(roomy)
        self.files_.setText(self.tr("Add files…") if roomy else self.tr("Files…") if self.width() >= NARROW_PX else "")
        self._follow_save(self._recorder.state)

    # --- inside -----------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        state = self._recorder.state
        recording = state == "recording"
        self.wave.recording = recording
        if state == "opening":
            self.clear()
            self._stream = None
            self._rest = np.zeros(0, dtype=np.float32)
            self.say_failure("")
        self.record.set_kind("danger" if recording else "plain")
        self.record.set_icon("stop-fill" if recording else "x" if state == "opening" else "record")
        self.record.setText(self._record_words()[state])
        parts = list(self._parts)
        if recording:
            parts.append(Part(self.tr("take {}").format(len(parts) + 1), self._running_s, running=True))
        self.bar.set_parts(parts)
        # Record stays on while a take is being enrolled: each take knows its voice and they are enrolled one after the other,
        # and a button that is turned off loses the keyboard
        self._follow_save(state)

    def _follow_save(self, state: str) -> None:
        found = self.bar.total_s
        draft = self._voice is not None and self._voice.state == "enrolling"
        self.close_.setText(self.tr("Discard…") if draft else self.tr("Close"))
        self.save_.setVisible(draft)
        left, spare = ENROLL_S - found, self.width() >= SPARE_PX
        enough = left <= 0
        self.save_.set_kind("primary" if enough else "plain")
        if state != "idle":
            self.save_.say(self.tr("Save voice"), self.tr("Stop the take first."))
        elif found < LEAST_S:
            self.save_.say(self.tr("Save voice · {} s to go").format(f"{left:.1f}") if spare else self.tr("Save voice"),
                           self.tr("At least {} s of speech are needed, {} s are good.").format(
                               f"{LEAST_S:.0f}", f"{ENROLL_S:.0f}"))
        else:
            self.save_.say(self.tr("Save voice") if enough else self.tr("Save anyway · {} s to go").format(f"{left:.1f}") if spare
                           else self.tr("Save anyway"))

    def _record_words(self) -> dict[str, str]:
        """What a press on Record does, by the state of the recorder."""
        return {"idle": self.tr("Record take"), "opening": self.tr("Cancel"), "recording": self.tr("Stop take")}

    def _draw(self, samples: FloatArray, rate_hz: int) -> None:
        if self._stream is None:
            self._stream = SpectrogramStream(rate_hz, "mel", BANDS, HOP_S, F_MAX)
        self.picture.push(self._stream.push(samples))
        joined = np.concatenate([self._rest, samples])
        a_peak = rate_hz // PEAKS_A_SECOND
        bins = len(joined) // a_peak
        self._rest = joined[bins * a_peak:]
        if bins:
            self.wave.push(envelope_peaks(joined[:bins * a_peak], bins), self._recorder.elapsed_s)
            self.picture.length_s = self.wave.length_s
        self.time.setText(words.clock(self._recorder.elapsed_s))

    def _judged(self, heard: Heard) -> None:
        self._running_s = heard.quality.speech_s
        self.wave.set_spans(heard.quality.spans)
        self.cards.show_quality(heard.quality)
        self._follow()

    def _say_prompt(self) -> None:
        self.prompt.setText(self._prompts[self._prompt])
        self.prompt_count.setText(self.tr("prompt {n} of {all}").format(n=self._prompt + 1,
                                                                             all=len(self._prompts)))

    # --- set-up -----------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        theme = self.theme
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        self.bar = SpeechBar(theme)
        column.addWidget(self.bar)
        column.addWidget(self._prompter())
        self.wave = TakeWaveform(theme)
        self.wave.hint = self.tr("Press Record take and read the line aloud: the wave and its spectrum are drawn here.")
        self.picture = SpectrogramView(theme, round(10 / HOP_S), scrolling=False, framed=True)
        self.picture.setAccessibleName(self.tr("Spectrogram of the take"))
        pictures = QVBoxLayout()
        pictures.setSpacing(4)
        self.wave.setMinimumHeight(72)
        self.picture.setMinimumHeight(72)
        pictures.addWidget(self.wave, 1)
        pictures.addWidget(self.picture, 1)
        foot = QHBoxLayout()
        self.legend = Text(theme, self.tr("counted as speech"), "caption", "text2")
        self.time = Text(theme, "", "caption", "text3")
        foot.setSpacing(6)
        foot.addWidget(_SpeechKey(theme))
        foot.addWidget(self.legend)
        foot.addStretch(1)
        foot.addWidget(self.time)
        pictures.addLayout(foot)
        column.addLayout(pictures, 1)
        self.cards = QualityCards(theme)
        column.addWidget(self.cards)
        self.acts = self._acts()
        self.consent = Check(theme, self.tr("Keep the recordings of my takes so they can be played and re-used"))
        self.consent.setToolTip(self.tr("They are stored in the workspace’s recordings folder with today’s date, and "
                                        "go with the take or the voice."))
        column.addWidget(self.consent)
        self.kept = Text(theme, self.tr("In the recordings folder of the workspace, with the date of this consent. "
                                        "Without the tick only numbers are kept."), "small", "text3", wrap=True)
        self.kept.setContentsMargins(24, 0, 0, 0)
        column.addWidget(self.kept)

    def _prompter(self) -> QWidget:
        frame = QWidget()
        row = QHBoxLayout(frame)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(14)
        edge = QFrame()
        edge.setProperty("surface", "raised")
        edge.setFixedWidth(3)
        inner = QVBoxLayout()
        inner.setSpacing(4)
        top = QHBoxLayout()
        top.setSpacing(8)
        self.prompt_count = Text(self.theme, "", "small", "text2")
        following = IconButton(self.theme, "arrow-right", self.tr("Next prompt"), size=24)
        following.clicked.connect(self.next_prompt)
        top.addWidget(Text(self.theme, self.tr("Read aloud, at your usual pace"), "small", "text3"))
        top.addWidget(self.prompt_count)
        top.addWidget(KeyCap(self.theme, key_text("voices.prompt")))
        top.addWidget(following)
        top.addStretch(1)
        self.prompt = Text(self.theme, "", "figure", "text1", wrap=True)
        self.prompt.setMaximumWidth(720)
        self.prompt.setAlignment(Qt.AlignmentFlag.AlignTop)
        inner.addLayout(top)
        inner.addWidget(self.prompt)
        row.addWidget(edge)
        row.addLayout(inner, 1)
        self._say_prompt()
        return frame

    def _acts(self) -> QWidget:
        acts = QWidget()
        acts.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # its words give way, not the panel
        outer, column = QVBoxLayout(acts), QVBoxLayout()
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(rule())
        outer.addLayout(column)
        column.setContentsMargins(16, 10, 16, 11)
        column.setSpacing(8)
        self.failure = Text(self.theme, "", "body", "error", wrap=True)
        self.failure.hide()
        self.progress = ProgressLine(self.theme, "")
        self.progress.stop.hide()
        self.progress.hide()
        row = QHBoxLayout()
        row.setSpacing(8)
        for part in (self.failure, self.progress):
            column.addWidget(part)
        column.addLayout(row)
        self.record = Button(self.theme, "", "record")
        self.record.clicked.connect(self.take)
        for text in self._record_words().values():  # as wide as the longest, so that nothing beside it moves
            self.record.setText(text)
            self.record.setMinimumWidth(max(self.record.minimumWidth(), self.record.sizeHint().width()))
        self.files_ = Button(self.theme, self.tr("Add files…"), "file-plus", "ghost")
        self.files_.setAccessibleName(self.tr("Add files…"))
        self.files_.clicked.connect(self.files)
        self.close_ = Button(self.theme, self.tr("Close"), kind="ghost")
        self.close_.clicked.connect(self.cancel)
        self.save_ = Button(self.theme, self.tr("Save voice"))
        self.save_.clicked.connect(self.save)
        self.key = KeyCap(self.theme, key_text("voices.take"))
        row.addWidget(self.record)
        row.addWidget(self.key)
        row.addWidget(self.files_)
        row.addStretch(1)
        row.addWidget(self.close_)
        row.addWidget(self.save_)
        return acts


class _SpeechKey(QWidget):
    """The green bar of the legend."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedSize(14, 14)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour("ok"))
        painter.drawRoundedRect(QRectF(0, 5, 14, 4), 2, 2)
        painter.end()
