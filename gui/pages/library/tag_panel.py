"""The panel that tags the library: which list of labels, how far it is, and the lists that are there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from engine.records import TagListInfo
from engine.tasks import Progress
from gui.theme import Theme
from gui.widgets.controls import Button, ElidedText, IconButton, ProgressLine, Segmented, Text
from gui.words import count


class TagPanel(QFrame):
    """wanted(source, name): tag with it. source is "audioset", "ucs", a Path, or a list of labels. removed(name): a list."""

    wanted = Signal(object, str)
    removed = Signal(str)
    cancelled = Signal()
    closed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.path: Path | None = None
        self._sounds, self._running = 0, False
        self.setProperty("frame", "panel")
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 10, 12)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.addWidget(Text(theme, self.tr("Tag the library"), "body", weight=600))
        head.addSpacing(8)
        head.addWidget(ElidedText(theme, self.tr("Each sound gets up to three labels of a list, where they fit."), "small",
                                  "text2"), 1)
        close = IconButton(theme, "x", self.tr("Close"), size=24)
        close.clicked.connect(self.closed)
        head.addWidget(close)
        column.addLayout(head)
        row = QHBoxLayout()
        row.setSpacing(8)
        self.source = Segmented(theme, [("audioset", self.tr("AudioSet")), ("ucs", self.tr("UCS")),
                                        ("typed", self.tr("Your own words")), ("file", self.tr("A file"))],
                                name=self.tr("List of labels"))
        self.source.chosen.connect(lambda _: self._show())
        row.addWidget(self.source)
        self.about = ElidedText(theme, "", "small", "text2")
        self.choose = Button(theme, self.tr("Choose…"), "file-plus")
        self.choose.clicked.connect(self._choose_file)
        row.addWidget(self.choose)
        row.addWidget(self.about, 1)
        self.go = Button(theme, "", "tag")
        self.go.clicked.connect(self._go)
        row.addWidget(self.go)
        column.addLayout(row)
        self.typed = QWidget()
        self.typed.setMinimumHeight(68)
        words = QHBoxLayout(self.typed)
        words.setContentsMargins(0, 0, 0, 0)
        words.setSpacing(8)
        self.labels = QPlainTextEdit()
        self.labels.setFont(theme.font("body"))
        self.labels.setPlaceholderText(self.tr("One label a line, or with commas: rain, wind, thunder"))
        self.labels.setAccessibleName(self.tr("Labels"))
        self.labels.setTabChangesFocus(True)
        self.labels.setProperty("lines", "3")
        self.labels.setMaximumHeight(66)
        self.name = QLineEdit()
        self.name.setFont(theme.font("body"))
        self.name.setPlaceholderText(self.tr("Name of the list"))
        self.name.setAccessibleName(self.tr("Name of the list"))
        self.name.setFixedWidth(190)
        self.labels.textChanged.connect(self._show)
        self.name.textChanged.connect(lambda _: self._show())
        words.addWidget(self.labels, 1)
        words.addWidget(self.name, 0, Qt.AlignmentFlag.AlignTop)
        column.addWidget(self.typed)
        self.failure = Text(theme, "", "small", "error", wrap=True)
        self.failure.hide()
        column.addWidget(self.failure)
        self.progress = ProgressLine(theme, bar_px=160)
        self.progress.cancelled.connect(self.cancelled)
        self.progress.hide()
        column.addWidget(self.progress)
        self._lists = QVBoxLayout()
        self._lists.setSpacing(0)
        column.addLayout(self._lists)
        self._show()

    def set_sounds(self, sounds: int) -> None:
        self._sounds = sounds
        self._show()

    def show_lists(self, lists: Sequence[TagListInfo]) -> None:
        """What the library is tagged with already."""
        while (item := self._lists.takeAt(0)) is not None:
            if (gone := item.widget()) is not None:
                gone.hide()
                gone.deleteLater()
        for info in lists:
            self._lists.addWidget(self._line(info))

    def show_progress(self, title: str, progress: Progress | None) -> None:
        """An empty title: nothing is under way."""
        self._running = bool(title)
        self.progress.setVisible(self._running)
        if title:
            self.failure.hide()
            self.progress.set(title, progress)
        self._show()

    def fail(self, sentence: str) -> None:
        self.failure.setText(sentence)
        self.failure.setVisible(bool(sentence))

    def typed_labels(self) -> list[str]:
        return [label for label in (one.strip() for one in self.labels.toPlainText().replace(",", "\n").splitlines()) if label]

    def take_file(self, path: Path) -> None:
        self.path = path
        self._show()

    def _choose_file(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, self.tr("A list of labels"), str(Path.home()),
                                              self.tr("Labels (*.txt *.csv *.tsv *.json)"))
        if name:
            self.take_file(Path(name))

    def _go(self) -> None:
        source = self.source.value
        if source == "typed":
            self.wanted.emit(self.typed_labels(), " ".join(self.name.text().split()))
        elif source == "file":
            self.wanted.emit(self.path, "")
        else:
            self.wanted.emit(source, "")

    def _show(self) -> None:
        source = self.source.value
        self.typed.setVisible(source == "typed")
        self.choose.setVisible(source == "file")
        labels = len(self.typed_labels())
        self.about.set_text({
            "audioset": self.tr("521 classes of sounds, from AudioSet"),
            "ucs": self.tr("737 sub-categories of the Universal Category System, as film sound uses them"),
            "typed": self.tr("{} labels").format(count(labels)) if labels > 1 else self.tr("one label") if labels else self.tr(
                "Any words that sounds can be told apart by"),
            "file": self.path.name if self.path else self.tr("A .txt with one label a line, a .csv or a .json")}[source])
        why = ""
        if self._running:
            why = self.tr("It is being done.")
        elif source == "typed" and not labels:
            why = self.tr("Write a label first.")
        elif source == "typed" and not self.name.text().strip():
            why = self.tr("Give the list a name.")
        elif source == "file" and self.path is None:
            why = self.tr("Choose a file first.")
        self.go.say(self.tr("Tag {} sounds").format(count(self._sounds)), why)

    def _line(self, info: TagListInfo) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(Text(self.theme, info.name, "small", weight=500))
        row.addWidget(ElidedText(self.theme, self.tr("{labels} labels · {found} of them found · {sounds} sounds tagged").format(
            labels=count(info.labels), found=count(len(info.counts)), sounds=count(info.sounds)), "small", "text2"), 1)
        remove = IconButton(self.theme, "trash", self.tr("Remove the list {}").format(info.name), size=24)
        remove.clicked.connect(lambda: self.removed.emit(info.name))
        row.addWidget(remove)
        return line
