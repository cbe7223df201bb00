"""All about one model: what is wrong with it, its checksum, source, licence and whom to cite."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from engine.records import ModelInfo
from gui.pages.settings.model_rows import state_words
from gui.theme import Theme
from gui.widgets.controls import Badge, Button, Notice, Panel, Text, rule
from gui.words import data_size


class ModelDetail(Panel):
    """fetch(name): its button was pressed."""

    fetch = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent=parent)
        self._model: ModelInfo | None = None
        self.body.setContentsMargins(0, 0, 0, 0)
        sides = QHBoxLayout()
        sides.setSpacing(0)
        left = QVBoxLayout()
        left.setContentsMargins(16, 14, 16, 14)
        left.setSpacing(8)
        head = QHBoxLayout()
        head.setSpacing(10)
        self.name = Text(theme, "", "title", weight=600)
        self.badge = Badge(theme)
        head.addWidget(self.name)
        head.addWidget(self.badge)
        head.addStretch(1)
        left.addLayout(head)
        self.words = Text(theme, "", "body", "text2", wrap=True)
        left.addWidget(self.words)
        self.notice = Notice(theme, tone="error")
        left.addWidget(self.notice)
        self.button = Button(theme, "", small=True)
        self.button.clicked.connect(lambda: self.fetch.emit(self._model.name) if self._model else None)
        left.addWidget(self.button)
        left.addStretch(1)
        right = QGridLayout()
        right.setContentsMargins(16, 14, 16, 14)
        right.setHorizontalSpacing(16)
        right.setVerticalSpacing(8)
        right.setColumnStretch(1, 1)
        self.facts: dict[str, Text] = {}
        for number, (key, word) in enumerate((
                ("sha256", self.tr("Expected sha256")), ("found", self.tr("Found sha256")),
                ("source", self.tr("Source")), ("licence", self.tr("Licence")),
                ("use", self.tr("Used for")), ("cite", self.tr("Citation")),
                ("path", self.tr("Kept in")))):
            label = Text(theme, word, "small", "text3")
            value = Text(theme, "", "small", "text1", wrap=True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            if key in ("sha256", "found"):
                value.setFont(theme.mono())
            right.addWidget(label, number, 0, Qt.AlignmentFlag.AlignTop)
            right.addWidget(value, number, 1)
            self.facts[key] = value
            value.setProperty("word", label)
        right.setRowStretch(7, 1)
        self.facts["found"].set_role("error")
        sides.addLayout(left, 1)
        sides.addWidget(rule(vertical=True))
        sides.addLayout(right, 1)
        self.body.addLayout(sides)

    def show_model(self, model: ModelInfo, loaded: bool) -> None:
        self._model = model
        self.name.setText(model.title)
        words, tone, icon = state_words(self, model, loaded)
        self.badge.set(words, tone, icon)  # type: ignore[arg-type]
        uses = {"voice": self.tr("Turning speech into vectors: enrolling, recognising, the map of voices."),
                "sound": self.tr("Turning sounds into vectors and tags: the library and what is heard on Live."),
                "text": self.tr("Turning descriptions into vectors: text search."),
                "joint": self.tr("One space for sounds and text."),
                "speech": self.tr("Finding speech before anything else.")}
        self.words.setText(uses[model.kind])
        self.notice.setVisible(model.state == "damaged")
        self.notice.title.setText(self.tr("The file does not match its checksum, so it was not loaded."))
        self.notice.sentence.setText(self.tr(
            "It may have been cut short or changed. Fetch it again; nothing that is stored is lost."))
        self.button.setVisible(model.state in ("damaged", "missing"))
        size = data_size(model.size_bytes)
        self.button.setText(self.tr("Fetch again · {}").format(size) if model.state == "damaged" else
                            self.tr("Fetch {}").format(size))
        self._fact("sha256", _short(model.sha256))
        self._fact("found", "")
        self._fact("source", model.source)
        self._fact("licence", model.licence)
        self._fact("use", "")
        self._fact("cite", model.citation)
        self._fact("path", str(model.path) if model.path else self.tr("inside its Python package")
                   if model.state == "package" else "")

    def show_error(self, sentence: str, found_sha256: str = "") -> None:
        """Fetching failed."""
        self.notice.title.setText(self.tr("It could not be fetched."))
        self.notice.sentence.setText(sentence)
        self.notice.show()
        self._fact("found", _short(found_sha256))

    def _fact(self, key: str, text: str) -> None:
        value = self.facts[key]
        value.setText(text)
        value.setVisible(bool(text))
        value.property("word").setVisible(bool(text))


def _short(sha256: str) -> str:
    return f"{sha256[:18]}…{sha256[-10:]}" if len(sha256) > 32 else sha256
