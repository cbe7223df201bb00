"""The player at the bottom of the Library: what is chosen, large, with its span, and the keys that move through it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLineEdit, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from gui.actions import key_text, takes
from gui.context import Context
from gui.theme import Theme
from gui.widgets.controls import Check, ElidedText, Icon, IconButton, KeyCap, Select, Slider, Text, plain_tip
from gui.widgets.curve import HEIGHT_PX, Curve
from gui.widgets.result_table import Row, shown_name
from gui.widgets.strip import Strip
from gui.words import clock, count

STRIP_PX = 74  # of the waveform, and of the curve below it
VOLUME_LOW_DB, VOLUME_HIGH_DB = -40, 0
Hint = tuple[tuple[str, ...], str]
"""Ids of actions, and what their keys do."""


class PlayerBar(QWidget):
    """similar: find what is like the sound; look_again: for a loudspeaker. Playing itself is the page's work."""

    toggle = Signal()
    stop = Signal()
    sought = Signal(float)
    similar = Signal()
    look_again = Signal()
    loop_changed = Signal(bool)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context, self.theme = context, context.theme
        self.row: Row | None = None
        self.setProperty("surface", "panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(122)
        line = QHBoxLayout(self)
        line.setContentsMargins(16, 8, 16, 6)
        line.setSpacing(16)
        line.addWidget(self._left())
        line.addWidget(self._middle(), 1)
        self._right_side = self._right()
        line.addWidget(self._right_side)
        self._share(False)
        self.show_row(None, "", 0, 0)

    def show_row(self, row: Row | None, folder: str, number: int, total: int) -> None:
        """The chosen sound, the n-th of so many."""
        self.row = row
        for widget, words in ((self.play, self.tr("Play (Space)")), (self.stop_button, self.tr("Stop (←)")),
                              (self.like, self.tr("Find similar sounds (Ctrl L)"))):
            widget.setEnabled(row is not None)
            widget.set_tip(words if row is not None else self.tr("{} · no sound is chosen").format(words))
        self._allow_loop(row is not None and row.span is not None)
        if row is None:
            self.name.set_text(self.tr("Nothing chosen"))
            self.where.set_text(self.tr("Press a row, or ↓, to hear it."))
            self.strip.clear()
            self._now.setText("")
            self._all.setText("")
            return
        self._name(row, folder, number, total)
        self.strip.set_sound(row.sound.peaks, row.sound.duration_s, row.span)
        self.show_position(row.span.start_s if row.span else 0.0, shown=False)

    def tell_row(self, row: Row, folder: str, number: int, total: int) -> None:
        """The same sound as it is known now, maybe at another place (−1: not among the rows any more); its playhead stays."""
        before, self.row = self.row, row
        self._name(row, folder, number, total)
        if before is not None and (before.sound, before.span) != (row.sound, row.span):
            self._allow_loop(row.span is not None)
            self.strip.set_sound(row.sound.peaks, row.sound.duration_s, row.span, keep_position=True)

    def _name(self, row: Row, folder: str, number: int, total: int) -> None:
        self.name.set_text(shown_name(row.sound))
        place = self.tr("{n} of {all}").format(n=count(number + 1), all=count(total)) if number >= 0 else ""
        self.where.set_text(" · ".join(words for words in (folder, place) if words))

    def _allow_loop(self, on: bool) -> None:
        """There is a matched span where a query found the chosen sound."""
        words = self.tr("Loop the matched span (O)")
        self.loop.setEnabled(on)
        self.loop.set_tip(words if on else self.tr("{} · a query marks one").format(words))

    def show_position(self, position_s: float, shown: bool = True) -> None:
        if self.row is None:
            return
        self.strip.set_position(position_s, shown)
        self.curve.set_position(position_s if shown else None)
        self._now.setText(clock(position_s))
        self._all.setText(self.tr("of {}").format(clock(self.row.sound.duration_s)))

    def show_state(self, state: str) -> None:
        self.play.set_icon("pause-fill" if state == "playing" else "play-fill")
        self.play.set_tip(self.tr("Pause (Space)") if state == "playing" else self.tr("Play (Space)"))

    def show_outputs(self, names: list[str], chosen: str) -> None:
        """Fill the list of loudspeakers; the first entry is the system's choice."""
        self.output.blockSignals(True)
        self.output.clear()
        self.output.add(self.tr("system default"), "")
        for name in names:
            self.output.add(name, name)
        self.output.setCurrentIndex(max(0, self.output.findData(chosen)))
        self.output.blockSignals(False)
        self.output.setToolTip(plain_tip(self.output.currentText()))

    def show_problem(self, sentence: str) -> None:
        """A sentence in place of the keys; empty takes it away."""
        self.problem.set_text(sentence)
        self._below.setCurrentIndex(1 if sentence else 0)

    def set_narrow(self, narrow: bool) -> None:
        self._right_side.setVisible(not narrow)

    def _share(self, curve: bool) -> None:
        """The waveform makes room for the curve below it."""
        self.strip.setFixedHeight(STRIP_PX - (HEIGHT_PX + 4 if curve else 0))

    def _left(self) -> QWidget:
        side = QWidget()
        side.setFixedWidth(236)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 3, 0, 0)
        column.setSpacing(2)
        self.name = ElidedText(self.theme, "", "body", weight=500, mode=Qt.TextElideMode.ElideMiddle)
        self.where = ElidedText(self.theme, "", "caption", "text3", mode=Qt.TextElideMode.ElideMiddle)
        column.addWidget(self.name)
        column.addWidget(self.where)
        column.addSpacing(10)
        row = QHBoxLayout()
        row.setSpacing(6)
        self.play = IconButton(self.theme, "play-fill", self.tr("Play (Space)"), "primary")
        self.stop_button = IconButton(self.theme, "stop-fill", self.tr("Stop (←)"), "plain")
        self.loop = IconButton(self.theme, "repeat", self.tr("Loop the matched span (O)"), "plain", checkable=True)
        self.like = IconButton(self.theme, "equals", self.tr("Find similar sounds (Ctrl L)"), "plain")
        self.loop.setChecked(self.context.app.settings.value.loop_span)
        self.play.clicked.connect(self.toggle)
        self.stop_button.clicked.connect(self.stop)
        self.loop.toggled.connect(self.loop_changed)
        self.like.clicked.connect(self.similar)
        for button in (self.play, self.stop_button, self.loop, self.like):
            row.addWidget(button)
        row.addStretch(1)
        column.addLayout(row)
        column.addStretch(1)
        return side

    def _middle(self) -> QWidget:
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 2, 0, 0)
        column.setSpacing(4)
        self.strip = Strip(self.theme)
        self.strip.sought.connect(self.sought)
        self.curve = Curve(self.theme)
        self.curve.state.connect(self._share)
        column.addWidget(self.strip)
        column.addWidget(self.curve)
        row = QHBoxLayout()
        row.setSpacing(6)
        self._now = Text(self.theme, "", "small", "text1", weight=500)
        self._all = Text(self.theme, "", "small", "text3")
        row.addWidget(self._now)
        row.addSpacing(8)
        row.addWidget(self._all)
        self._below = QStackedWidget()
        self._below.setFixedHeight(24)
        self._below.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._below.addWidget(self._keys())
        self._below.addWidget(self._trouble())
        row.addWidget(self._below, 1)
        column.addLayout(row)
        return side

    def _keys(self) -> QWidget:
        self.hints = KeyHints(self.theme, [
            (("library.next",), self.tr("hear the first")), (("library.clear",), self.tr("clear"))], [
            (("library.previous", "library.next"), self.tr("next")), (("library.stop",), self.tr("stop")),
            (("library.replay",), self.tr("replay")), (("library.pause",), self.tr("pause")),
            (("library.span",), self.tr("span only"))])
        return self.hints

    def _trouble(self) -> QWidget:
        side = QWidget()
        row = QHBoxLayout(side)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(Icon(self.theme, "speaker-slash", "warning"))
        self.problem = ElidedText(self.theme, "", "caption", "warning")
        row.addWidget(self.problem, 1)
        again = IconButton(self.theme, "arrows-clockwise", self.tr("Look for loudspeakers again"), size=24)
        again.clicked.connect(self.look_again)
        row.addWidget(again)
        return side

    def _right(self) -> QWidget:
        side = QWidget()
        side.setFixedWidth(190)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 6, 0, 4)
        column.setSpacing(8)
        settings = self.context.app.settings.value
        self.loop_check = Check(self.theme, self.tr("Loop matched span"))
        self.loop_check.setChecked(settings.loop_span)
        self.loop_check.toggled.connect(self.loop.setChecked)
        self.loop.toggled.connect(self.loop_check.setChecked)
        column.addWidget(self.loop_check)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(Icon(self.theme, "speaker-high", "text2"))
        self.volume = Slider(self.tr("Volume"), VOLUME_LOW_DB, VOLUME_HIGH_DB, round(settings.volume_db))
        self._volume_words = Text(self.theme, "", "small", "text2")
        self._volume_words.setFixedWidth(42)
        self._volume_words.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.volume.valueChanged.connect(self._volume_moved)
        row.addWidget(self.volume, 1)
        row.addWidget(self._volume_words)
        column.addLayout(row)
        self.output = Select(self.theme, self.tr("Sound output"), self.tr("Output:"), flat=True)
        self.output.currentIndexChanged.connect(self._output_chosen)
        column.addWidget(self.output)
        self._volume_moved(self.volume.value())
        return side

    def _volume_moved(self, value: int) -> None:
        self._volume_words.setText(f"{value:d} dB".replace("-", "−"))
        if value != round(self.context.audition.volume_db):
            self.context.audition.set_volume_db(float(value))

    def _output_chosen(self, _: int) -> None:
        if not self.context.keep(output_device=str(self.output.currentData() or "")):
            with QSignalBlocker(self.output):
                self.output.setCurrentIndex(max(0, self.output.findData(self.context.app.settings.value.output_device)))
        self.output.setToolTip(plain_tip(self.output.currentText()))


class KeyHints(QWidget):
    """Keys and what they do, at the right; as many of them as there is room for.

    Only those that the control with the focus leaves to the page: in the query box letters are letters, and `writing` stands
    there once something is written.
    """

    def __init__(self, theme: Theme, writing: list[Hint], hints: list[Hint], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumWidth(0)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._hints: list[QWidget] = []
        self._keys: list[tuple[str, ...]] = [keys for keys, _ in hints]
        self._writing = len(writing)
        for entries, words in (*writing, *hints):
            hint = QWidget(self)
            row = QHBoxLayout(hint)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(6)
            for entry in entries:
                row.addWidget(KeyCap(theme, key_text(entry)))
            row.addWidget(Text(theme, words, "small", "text2"))
            self._hints.append(hint)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self.place)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.place()

    def words(self) -> list[str]:
        """What is shown, for tests."""
        return [words for hint in self._hints if not hint.isHidden() for words in [hint.findChildren(Text)[-1].text()]]

    def place(self, *_: object) -> None:
        """Show those that are true now."""
        focus = QApplication.focusWidget()
        query = isinstance(focus, QLineEdit) and bool(getattr(focus, "left_keys", ()))
        if query:
            told = self._hints[:self._writing] if isinstance(focus, QLineEdit) and focus.text() else []
        else:
            told = [hint for hint, keys in zip(self._hints[self._writing:], self._keys, strict=True)
                    if not any(takes(focus, entry) for entry in keys)]
        for hint in self._hints:
            if hint not in told:
                hint.hide()
        widths = [hint.sizeHint().width() for hint in told]
        room, fits = self.width(), 0
        while fits < len(widths) and sum(widths[:fits + 1]) + 14 * fits <= room:
            fits += 1
        x = room - (sum(widths[:fits]) + 14 * max(0, fits - 1))
        for number, (hint, width) in enumerate(zip(told, widths, strict=True)):
            hint.setVisible(number < fits)
            hint.setGeometry(x, 0, width, self.height())
            x += width + 14


def folder_words(row: Row, folders: dict[int, Path]) -> str:
    """"Foley/Doors": the library's folder and what is below it, of a sound."""
    root = folders.get(row.sound.folder_id)
    parent = row.sound.path.parent
    if root is None:
        return parent.name
    try:
        return "/".join((root.name, *parent.relative_to(root).parts))
    except ValueError:
        return parent.name
