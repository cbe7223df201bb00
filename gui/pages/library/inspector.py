"""The right side of the Library: what Earmark can say of the chosen sound in words."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from gui.theme import Theme
from gui.widgets.controls import Badge, ElidedText, Select, Text, paint_bar, plain_tip, rule
from gui.widgets.result_table import Row, shown_name
from gui.words import clock, length, similarity

WIDTH_PX = 300
TYPING_MS = 400  # after the last key the labels are compared by themselves
OWN_LABELS = "speech, music, machine, animal, water, wind, impact, electronic"
Line = tuple[str, float, str]
"""Words, a similarity, and what its tooltip adds."""


class SoundInspector(QFrame):
    """changed: other labels, or another template. labels: as written, or the name of a list in `source`."""

    changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setProperty("surface", "panel")
        self.setFixedWidth(WIDTH_PX)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(rule(vertical=True))
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outer.addWidget(scroll, 1)
        inner = QWidget()
        inner.setProperty("surface", "panel")
        scroll.setWidget(inner)
        self._column = QVBoxLayout(inner)
        self._column.setContentsMargins(14, 12, 14, 14)
        self._column.setSpacing(6)
        self.name = ElidedText(theme, "", "body", weight=600, mode=Qt.TextElideMode.ElideMiddle)
        self.facts = ElidedText(theme, "", "small", "text2")
        self._column.addWidget(self.name)
        self._column.addWidget(self.facts)
        self.listed = self._head(self.tr("Tags from lists"), self.tr("similarity"))
        self.tags = _Lines(theme)
        self._column.addWidget(self.tags)
        self._head(self.tr("Tags heard"), self.tr("probability"))
        self.heard = _Lines(theme)
        self._column.addWidget(self.heard)
        self._head(self.tr("Described as"), self.tr("similarity"))
        self.captions = _Lines(theme)
        self._column.addWidget(self.captions)
        self._head(self.tr("Which of these is it?"), self.tr("similarity"))
        self._column.addWidget(self._asked())
        self.ranking = _Lines(theme)
        self._column.addWidget(self.ranking)
        self.none_fits = Badge(theme, self.tr("None of them fits"), "warning")
        self._column.addWidget(self.none_fits, 0, Qt.AlignmentFlag.AlignLeft)
        self.failure = Text(theme, "", "small", "error", wrap=True)
        self._column.addWidget(self.failure)
        self._column.addStretch(1)
        self._timer = QTimer(self, interval=TYPING_MS, singleShot=True)
        self._timer.timeout.connect(self.changed)
        self.show_row(None)

    @property
    def template(self) -> str:
        return self.wording.text().strip() or "{label}"

    def own_labels(self) -> list[str]:
        return [one for one in (line.strip() for line in self.labels.toPlainText().replace(",", "\n").splitlines()) if one]

    def show_row(self, row: Row | None) -> None:
        """What is known of it without asking a model; words about it follow."""
        self.name.set_text(shown_name(row.sound) if row is not None else self.tr("No sound is chosen"))
        self.facts.set_text("" if row is None else
                            f"{length(row.sound.duration_s)} · {row.sound.rate_hz / 1000:g} kHz · "
                            f"{self._channels(row.sound.channels)} · {row.sound.format}")
        self.show_tags(row)
        coming = "–" if row is None else "…"  # – is for what was asked and has no answer
        self.captions.show_lines((), coming)
        self.ranking.show_lines((), coming)
        self.none_fits.hide()
        self.fail("")

    def show_tags(self, row: Row | None) -> None:
        """The same that the row shows, each with its figure."""
        labels = row.labels if row is not None else ()
        self.tags.show_lines([(f"{one.name} · {one.list_name}", one.similarity, self.tr(
            "probability {p} among the labels of the list").format(p=similarity(one.probability))) for one in labels], "–")
        for part in (self.listed, self.tags):  # without a list of labels, what is heard are the tags that the rows show
            part.setVisible(bool(labels))
        self.heard.show_lines([] if row is None else [(tag.name, tag.probability, "") for tag in row.sound.tags], "–")

    def show_captions(self, lines: Sequence[Line]) -> None:
        self.captions.show_lines(lines, "–")

    def show_ranking(self, lines: Sequence[Line], fits: bool) -> None:
        self.ranking.show_lines(lines, "–")
        self.none_fits.setVisible(bool(lines) and not fits)

    def fail(self, sentence: str) -> None:
        self.failure.setText(sentence)
        self.failure.setVisible(bool(sentence))

    def _asked(self) -> QWidget:
        asked = QWidget()
        column = QVBoxLayout(asked)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        self.source = Select(self.theme, self.tr("List of labels"))
        for words, key in ((self.tr("Your own words"), "own"), (self.tr("AudioSet, 521 classes"), "audioset"),
                           (self.tr("UCS, 737 sub-categories"), "ucs")):
            self.source.add(words, key)
        self.labels = QPlainTextEdit(OWN_LABELS)
        self.labels.setProperty("lines", "3")
        self.labels.setFont(self.theme.font("body"))
        self.labels.setAccessibleName(self.tr("Labels, one a line or with commas"))
        self.labels.setTabChangesFocus(True)
        self.labels.setMaximumHeight(66)
        self.labels.setMinimumHeight(66)
        self.wording = QLineEdit("{label}")
        self.wording.setFont(self.theme.font("body"))
        self.wording.setAccessibleName(self.tr("How a label is worded"))
        self.wording.setToolTip(self.tr(
            "What the text encoder is given; {label} stands in it once, as in “the sound of {label}”."))
        self.source.currentIndexChanged.connect(self._source_chosen)
        self.labels.textChanged.connect(self._typed)
        self.wording.textEdited.connect(lambda _: self._typed())
        wording = QHBoxLayout()
        wording.setSpacing(8)
        wording.addWidget(Text(self.theme, self.tr("Worded as"), "small", "text2"))
        wording.addWidget(self.wording, 1)
        column.addWidget(self.source)
        column.addWidget(self.labels)
        column.addLayout(wording)
        return asked

    def _source_chosen(self) -> None:
        self.labels.setVisible(self.source.currentData() == "own")
        self.changed.emit()

    def _typed(self) -> None:
        self._timer.start()

    def _channels(self, number: int) -> str:
        return {1: self.tr("mono"), 2: self.tr("stereo")}.get(number, self.tr("{} channels").format(number))

    def _head(self, words: str, unit: str) -> QWidget:
        """unit: what the figures below are."""
        head = QWidget()
        column = QVBoxLayout(head)
        column.setContentsMargins(0, 6, 0, 0)
        column.setSpacing(10)
        column.addWidget(rule())
        row = QHBoxLayout()
        row.addWidget(Text(self.theme, words, "caption", "text3", weight=600))
        row.addStretch(1)
        row.addWidget(Text(self.theme, unit, "caption", "text3"))
        column.addLayout(row)
        self._column.addWidget(head)
        return head


class _Lines(QWidget):
    """Words with a similarity each, nearest first."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self.lines: tuple[Line, ...] = ()
        self.none = ""

    def show_lines(self, lines: Sequence[Line], none: str) -> None:
        """none: what stands in their place where there are no lines."""
        while (item := self._column.takeAt(0)) is not None:
            if (gone := item.widget()) is not None:
                gone.hide()
                gone.deleteLater()
        self.lines, self.none = tuple(lines), none
        for words, near, more in lines:
            self._column.addWidget(_Line(self.theme, words, near, more))
        if not lines:
            self._column.addWidget(Text(self.theme, none, "small", "text3"))


class _Line(QWidget):
    """The words, wrapped; a bar and the figure at the right."""

    def __init__(self, theme: Theme, words: str, near: float, more: str) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(Text(theme, words, "small", wrap=True), 1)
        row.addWidget(_Share(theme, near), 0, Qt.AlignmentFlag.AlignTop)
        figure = Text(theme, similarity(near), "small", weight=500)
        figure.setFixedWidth(34)
        figure.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop)
        row.addWidget(figure, 0, Qt.AlignmentFlag.AlignTop)
        self.setToolTip(plain_tip(more))
        self.setAccessibleName(f"{words} {similarity(near)} {more}".strip())


class _Share(QWidget):
    def __init__(self, theme: Theme, near: float) -> None:
        super().__init__()
        self.theme, self.near = theme, near
        self.setFixedSize(40, 17)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_bar(QPainter(self), QRectF(self.rect()), self.theme, self.near)


def place(start_s: float, end_s: float) -> str:
    """Where in the sound something is nearest."""
    return f"{clock(start_s)} – {clock(end_s)}"
