"""What is in use: for voices, for sounds and text, for speech, and the processor."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.records import EncoderChoice, ModelInfo
from gui.theme import CONTROL_PX, Theme
from gui.widgets.controls import ElidedText, Panel, Select, Text


class InUse(Panel):
    """voice_chosen(name), joint_chosen(name), device_chosen(key): the user chose another one."""

    voice_chosen = Signal(str)
    joint_chosen = Signal(str)
    device_chosen = Signal(str)

    def __init__(self, theme: Theme, device: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent=parent)
        self._shown: dict[Select, list[tuple[str, str, str]]] = {}
        self.body.setContentsMargins(16, 14, 16, 12)
        line = QHBoxLayout()
        line.setSpacing(16)
        self.voice = Select(theme, self.tr("Encoder for voices"))
        self.speech = Value(theme, self.tr("Speech detection"))
        self.joint = Select(theme, self.tr("Encoder for sounds and text"))
        self.device = Select(theme, self.tr("Runs on"))
        for key, words in (("auto", self.tr("Automatic")), ("cpu", "CPU"), ("cuda", "CUDA"), ("mps", "MPS")):
            self.device.add(words, key)
        self.device.setCurrentIndex(max(0, self.device.findData(device)))
        self.voice_words = self._under(line, self.tr("Voices"), self.voice)
        self.joint_words = self._under(line, self.tr("Sounds and text"), self.joint)
        line.addWidget(self.speech, 1)
        self.device_words = self._under(line, self.tr("Runs on"), self.device)
        self.body.addLayout(line)
        self.voice.currentIndexChanged.connect(lambda _: self.voice_chosen.emit(str(self.voice.currentData() or "")))
        self.joint.currentIndexChanged.connect(lambda _: self.joint_chosen.emit(str(self.joint.currentData() or "")))
        self.device.currentIndexChanged.connect(lambda _: self.device_chosen.emit(str(self.device.currentData())))

    def show_voices(self, own: Sequence[ModelInfo], choices: Sequence[EncoderChoice], in_use: str) -> None:
        """The program's own voice encoders, and those that were added; one that is in use and lost stands there too, marked."""
        added = [(one.lost, one.info) for one in choices if one.info.kind == "voice"]
        self._show(self.voice, [*(("", one) for one in own), *added], in_use)

    def show_joints(self, choices: Sequence[EncoderChoice], in_use: str) -> None:
        """The joint spaces, as `show_voices`."""
        self._show(self.joint, [(one.lost, one.info) for one in choices if one.info.kind == "joint"], in_use)

    def _show(self, select: Select, models: Sequence[tuple[str, ModelInfo]], in_use: str) -> None:
        """models: why each is lost, or empty, and what it is."""
        shown = []
        for lost, info in models:
            if info.name == in_use or not lost:
                rate = f" · {info.rate_hz / 1000:g} kHz" if info.rate_hz else ""
                title = info.title if info.source.startswith("package ") else info.name
                shown.append((info.name, title, f"{info.dim}-d{rate}" if info.dim else ""))
        if not any(name == in_use for name, _, _ in shown):
            shown.append((in_use, in_use, self.tr("lost")))
        with QSignalBlocker(select):
            if shown != self._shown.get(select):  # an open list would close
                self._shown[select] = shown
                select.clear()
                for name, title, detail in shown:
                    select.add(title, name, detail)
            select.setCurrentIndex(select.findData(in_use))
        select.set_invalid(not any(info.name == in_use and not lost for lost, info in models))

    def _under(self, line: QHBoxLayout, word: str, control: QWidget) -> ElidedText:
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(Text(self.theme, word, "caption", "text3", weight=600))
        column.addWidget(control)
        words = ElidedText(self.theme, "", "caption", "text3")
        column.addWidget(words)
        line.addLayout(column, 1)
        return words


class Value(QWidget):
    """A word, what is in use with its grey detail, and a sentence."""

    def __init__(self, theme: Theme, word: str) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(Text(theme, word, "caption", "text3", weight=600))
        held = QWidget()
        held.setFixedHeight(CONTROL_PX)  # as high as the selects beside it
        line = QHBoxLayout(held)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(10)
        self.value = Text(theme, "…", "body", weight=500)
        self.detail = Text(theme, "", "body", "text3")
        line.addWidget(self.value)
        line.addWidget(self.detail)
        line.addStretch(1)
        column.addWidget(held)
        self.why = ElidedText(theme, "", "caption", "text3")
        column.addWidget(self.why)

    def show_value(self, value: str, detail: str) -> None:
        self.value.setText(value)
        self.detail.setText(detail)

    def show_why(self, words: str) -> None:
        self.why.set_text(words)
