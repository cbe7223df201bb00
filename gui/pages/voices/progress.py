"""Net speech towards fifteen seconds, a segment for each take; and the three cards about the take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from gui.theme import Theme
from gui.widgets.controls import ElidedText, Icon, Text

ENROLL_S = 15.0  # net speech to aim at (engine.voices.service.ENROLL_S, which is not imported for its weight)


@dataclass(frozen=True)
class Part:
    """One take in the bar. running: it is being recorded."""

    label: str
    speech_s: float
    running: bool = False


class SpeechBar(QWidget):
    """A bar of 12 px with ticks at every third of what is aimed at, and words below it."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._parts: tuple[Part, ...] = ()
        self.setFixedHeight(36)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Net speech"))
        theme.changed.connect(self.update)

    @property
    def total_s(self) -> float:
        return sum(part.speech_s for part in self._parts)

    def set_parts(self, parts: Sequence[Part]) -> None:
        self._parts = tuple(parts)
        self.setAccessibleDescription(self.tr("{found} of {all} s").format(found=f"{self.total_s:.1f}",
                                                                            all=f"{ENROLL_S:.0f}"))
        self.update()

    def end_words(self) -> str:
        """What the right end of the bar stands for."""
        return self.tr("{} s").format(f"{max(ENROLL_S, self.total_s):.0f}")

    def labels(self, metrics: QFontMetricsF, width: float) -> list[str]:
        """What stands below each part of a bar of this width: as much as there is room for before the next part."""
        scale = width / max(ENROLL_S, self.total_s)
        last = width - metrics.horizontalAdvance(self.end_words()) - 8
        found, x = [], 0.0
        for at, part in enumerate(self._parts):
            long = part.speech_s * scale
            end = last if at == len(self._parts) - 1 else min(last, x + long - 6)
            speech = self.tr("{} s").format(f"{part.speech_s:.1f}")
            words = self.tr("{take} · {speech}").format(take=part.label, speech=speech)
            words += self.tr(" so far") if part.running else ""
            found.append(next((one for one in (words, part.label, speech) if x + metrics.horizontalAdvance(one) < end), ""))
            x += long
        return found

    def sizeHint(self) -> QSize:
        return QSize(400, 36)

    def paintEvent(self, event: QPaintEvent) -> None:
        tokens = self._theme.tokens
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = float(self.width())
        scale = width / max(ENROLL_S, self.total_s)
        painter.setPen(QPen(QColor(tokens.edge), 1))
        for third in range(1, 4 if self.total_s > ENROLL_S else 3):
            x = round(ENROLL_S * third / 3 * scale) + 0.5
            painter.drawLine(QPointF(x, 0), QPointF(x, 4))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(tokens.raised))
        painter.drawRoundedRect(QRectF(0, 5, width, 12), 2, 2)
        font = self._theme.font("caption")
        painter.setFont(font)
        painter.setPen(QColor(tokens.text3))
        painter.drawText(QRectF(0, 20, width, 16), Qt.AlignmentFlag.AlignRight, self.end_words())
        x = 0.0
        for part, words in zip(self._parts, self.labels(QFontMetricsF(font), width), strict=True):
            long = part.speech_s * scale
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tokens.accent))
            painter.drawRoundedRect(QRectF(x, 5, max(2.0, long - 4), 12), 2, 2)
            painter.setPen(QColor(tokens.text1 if part.running else tokens.text2))
            painter.drawText(QRectF(x, 20, width - x, 16), Qt.AlignmentFlag.AlignLeft, words)
            x += long
        painter.end()


class QualityCards(QWidget):
    """Level, noise, clipping: a figure and a sentence each."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        self.level = _Card(theme, self.tr("Level"))
        self.noise = _Card(theme, self.tr("Noise"))
        self.clipping = _Card(theme, self.tr("Clipping"))
        for card in (self.level, self.noise, self.clipping):
            row.addWidget(card, 1)
        self.clear()

    def clear(self) -> None:
        for card in (self.level, self.noise, self.clipping):
            card.say(None, "–", self.tr("Tells while you speak."))

    def show_quality(self, quality: Any) -> None:
        """quality: a TakeQuality."""
        spoke = quality.speech_s > 0
        self.level.say(quality.level_ok if spoke else None,
                       f"{quality.level_dbfs:.0f} dBFS".replace("-", "−"), quality.level_advice)
        noise = self.tr("{} dB SNR").format(f"{quality.snr_db:.0f}") if quality.snr_db is not None else "–"
        self.noise.say(quality.noise_ok if spoke else None, noise, quality.noise_advice)
        self.clipping.say(quality.clipping_ok if spoke else None, str(quality.clipped), quality.clipping_advice)


class _Card(QFrame):
    def __init__(self, theme: Theme, title: str) -> None:
        super().__init__()
        self.setProperty("frame", "card")
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(2)
        top = QHBoxLayout()
        top.setSpacing(6)
        self.icon = Icon(theme, "circle", "text3", 16)
        self.value = Text(theme, "–")
        top.addWidget(self.icon)
        top.addWidget(Text(theme, title, weight=500))
        top.addStretch(1)
        top.addWidget(self.value)
        self.advice = ElidedText(theme, "", "small", "text2")
        column.addLayout(top)
        column.addWidget(self.advice)

    def say(self, fine: bool | None, value: str, advice: str) -> None:
        icon, role = {None: ("circle", "text3"), True: ("check-circle-fill", "ok"),
                      False: ("warning-fill", "warning")}[fine]
        self.icon.set(icon, role)
        self.value.setText(value)
        self.advice.set_text(advice)
