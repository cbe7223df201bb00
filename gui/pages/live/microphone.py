"""The last ten seconds of the microphone: waveform, spectrogram, level."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from engine.audio.features import SpectrogramStream
from engine.audio.levels import envelope_peaks
from engine.records import FloatArray
from gui.theme import Theme
from gui.widgets.controls import Icon, Segmented, Text, rule
from gui.widgets.level_meter import LevelMeter, level_words
from gui.widgets.spectrogram import BANDS, F_MAX, HOP_S, SpectrogramView, frequency_ticks
from gui.widgets.waveform import LiveWaveform

SHOWN_S = 10.0
PEAKS_A_SECOND = 100
AXIS = 34  # pixels left of the pictures


class MicrophonePanel(QFrame):
    """`pull` asks the listener for what is new and draws only that."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setProperty("frame", "panel")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._listener: Any = None
        self._seen = 0  # samples of the listener that were drawn
        self._rest: FloatArray = np.zeros(0, dtype=np.float32)
        self._stream: SpectrogramStream | None = None
        self._scale = "mel"
        row = QHBoxLayout(self)
        row.setContentsMargins(1, 1, 1, 1)
        row.setSpacing(0)
        row.addLayout(self._pictures(), 1)
        row.addWidget(rule(vertical=True))
        row.addLayout(self._meter())

    # --- data -------------------------------------------------------------------------------------------------------

    def listen_to(self, listener: Any) -> None:
        """Start anew with this listener; None: nobody listens, what was drawn stays."""
        if listener is not None and listener is not self._listener:
            self.clear()
        self._listener = listener
        self.hint.setVisible(listener is None and self._seen == 0)
        if listener is None:
            self.meter.set_level(-120.0, -120.0)
            self.level.setText(self.tr("– dB"))  # nobody listens

    def clear(self) -> None:
        """Nothing drawn."""
        self.wave.clear()
        self.picture.clear()
        self._seen = 0
        self._rest = np.zeros(0, dtype=np.float32)
        self._stream = None
        self.hint.setVisible(self._listener is None)

    def pull(self) -> None:
        if self._listener is None:
            return
        new = self._new_samples()
        if len(new):
            self._draw(new)
        level = self._listener.level()
        self.meter.set_level(level.rms_dbfs, level.peak_dbfs)
        self._set_text(self.level, level_words(level.rms_dbfs))
        self._set_text(self.clips, self.tr("no clips") if not level.clips else self.tr("%n clip(s)", "", level.clips))
        self.clips_icon.set(*(("check", "ok") if not level.clips else ("warning-fill", "error")))

    def _new_samples(self) -> FloatArray:
        rate = self._listener.rate_hz
        for _ in range(3):  # position and sound are asked for one after the other: both must be of the same moment
            position = round(self._listener.elapsed_s * rate)
            missing = min(position - self._seen, round(SHOWN_S * rate))
            if missing <= 0:
                return np.zeros(0, dtype=np.float32)
            recent = self._listener.recent(missing / rate + 1 / rate)
            if round(self._listener.elapsed_s * rate) == position:
                break
        self._seen = position
        return np.asarray(recent[-missing:], dtype=np.float32)

    def _draw(self, new: FloatArray) -> None:
        rate = self._listener.rate_hz
        if self._stream is None:
            self._stream = SpectrogramStream(rate, self._scale, BANDS, HOP_S, F_MAX)  # type: ignore[arg-type]
        self.picture.push(self._stream.push(new))
        samples = np.concatenate([self._rest, new])
        a_peak = rate // PEAKS_A_SECOND
        bins = len(samples) // a_peak
        if bins:
            self.wave.push(envelope_peaks(samples[:bins * a_peak], bins))
        self._rest = samples[bins * a_peak:]

    def _change_scale(self, scale: str) -> None:
        """The last ten seconds, drawn again in the other scale."""
        self._scale = scale
        self.axis.set_scale(scale)
        self._stream = None
        self.picture.clear()
        if self._listener is not None:
            rate = self._listener.rate_hz
            self._stream = SpectrogramStream(rate, scale, BANDS, HOP_S, F_MAX)  # type: ignore[arg-type]
            self.picture.push(self._stream.push(self._listener.recent(SHOWN_S)))

    @staticmethod
    def _set_text(label: Text, text: str) -> None:
        if label.text() != text:
            label.setText(text)

    # --- set-up -----------------------------------------------------------------------------------------------------

    def _pictures(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(12, 0, 12, 0)
        head.setSpacing(8)
        head.addWidget(Text(self.theme, self.tr("Microphone"), "body", weight=600))
        head.addWidget(Text(self.theme, self.tr("last 10 s"), "body", "text3"))
        head.addStretch(1)
        self.scale = Segmented(self.theme, [("linear", self.tr("Linear")), ("mel", self.tr("Mel"))], "mel", small=True,
                               name=self.tr("Frequency scale"))
        self.scale.chosen.connect(self._change_scale)
        head.addWidget(self.scale)
        frame = QWidget()
        frame.setLayout(head)
        frame.setFixedHeight(32)
        column.addWidget(frame)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(0)
        self.wave = LiveWaveform(self.theme, round(SHOWN_S * PEAKS_A_SECOND))
        self.picture = SpectrogramView(self.theme, round(SHOWN_S / HOP_S))
        self.picture.setAccessibleName(self.tr("Spectrogram of the microphone, last 10 seconds"))
        self.axis = _Frequencies(self.theme)
        for widget in (self.wave, self.picture):
            widget.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
            widget.setMinimumHeight(36)
        grid.addWidget(self.wave, 0, 1)
        grid.addWidget(rule(), 1, 1)
        grid.addWidget(self.picture, 2, 1)
        grid.addWidget(self.axis, 2, 0)
        grid.addWidget(_Seconds(self.theme), 3, 0, 1, 2)
        grid.setColumnMinimumWidth(0, AXIS)
        grid.setColumnStretch(1, 1)
        grid.setRowStretch(0, 30)
        grid.setRowStretch(2, 70)
        column.addLayout(grid, 1)
        self.hint = Text(self.theme, self.tr("Nothing is heard until you press Listen."), "small", "text3")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        cover = QVBoxLayout(self.picture)
        cover.addWidget(self.hint)
        return column

    def _meter(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setContentsMargins(10, 0, 8, 4)
        column.setSpacing(0)
        self.level = Text(self.theme, level_words(-120.0), "small", weight=500)
        self.level.setFixedHeight(32)
        self.level.setMinimumWidth(52)
        self.meter = LevelMeter(self.theme)
        foot = QHBoxLayout()
        foot.setContentsMargins(0, 4, 0, 0)
        foot.setSpacing(3)
        self.clips_icon = Icon(self.theme, "check", "ok", 12)
        self.clips = Text(self.theme, self.tr("no clips"), "caption", "text2")
        foot.addWidget(self.clips_icon)
        foot.addWidget(self.clips)
        column.addWidget(self.level)
        column.addWidget(self.meter, 1)
        column.addLayout(foot)
        return column


class _Frequencies(QWidget):
    """The frequency axis of the spectrogram."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme, self._scale = theme, "mel"
        self.setFixedWidth(AXIS)
        theme.changed.connect(self.update)

    def set_scale(self, scale: str) -> None:
        self._scale = scale
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._theme.font("caption"))
        painter.setPen(self._theme.colour("text3"))
        last = 1e9
        for share, text in frequency_ticks(self._scale):  # type: ignore[arg-type]
            y = min(max(self.height() * (1 - share), 7.0), self.height() - 7.0)
            if last - y >= 14:
                last = y
                painter.drawText(QRectF(0, y - 7, AXIS - 5, 14),
                                 Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()


class _Seconds(QWidget):
    """−10 s … now."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedHeight(20)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._theme.font("caption"))
        painter.setPen(self._theme.colour("text3"))
        width = self.width() - AXIS
        for i in range(6):
            x = AXIS + width * i / 5
            text = self.tr("now") if i == 5 else f"−{10 - 2 * i} s"
            box = QRectF(x - 30, 0, 60, 20)
            align = Qt.AlignmentFlag.AlignHCenter
            if i == 0:
                box, align = QRectF(x + 2, 0, 60, 20), Qt.AlignmentFlag.AlignLeft
            elif i == 5:
                box, align = QRectF(x - 64, 0, 60, 20), Qt.AlignmentFlag.AlignRight
            painter.drawText(box, align | Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()
