"""All about one model: what is wrong with it, what can be done with it, its checksum, source, licence and whom to cite."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from gui.pages.settings.model_rows import Row, state_words
from gui.theme import Theme
from gui.widgets.controls import Badge, Button, Notice, Panel, Text, rule
from gui.words import data_size


class ModelDetail(Panel):
    """fetch, use, remove: with the name of the model whose button was pressed."""

    fetch = Signal(str)
    use = Signal(str)
    remove = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent=parent)
        self._row: Row | None = None
        self._failure = ""  # the name of a model that could not be fetched
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
        self.use_button = Button(theme, self.tr("Use for this library"), "check", small=True)
        self.remove_button = Button(theme, self.tr("Remove…"), "trash", "ghost", small=True)
        acts = QHBoxLayout()
        acts.setSpacing(8)
        for button, signal in ((self.button, self.fetch), (self.use_button, self.use), (self.remove_button, self.remove)):
            button.clicked.connect(lambda _=False, signal=signal: signal.emit(self._row.info.name) if self._row else None)
            acts.addWidget(button)
        acts.addStretch(1)
        left.addLayout(acts)
        left.addStretch(1)
        right = QGridLayout()
        right.setContentsMargins(16, 14, 16, 14)
        right.setHorizontalSpacing(16)
        right.setVerticalSpacing(8)
        right.setColumnStretch(1, 1)
        self.facts: dict[str, Text] = {}
        for number, (key, word) in enumerate((
                ("vector", self.tr("Vector")), ("size", self.tr("Size")),
                ("sha256", self.tr("Expected sha256")), ("found", self.tr("Found sha256")),
                ("source", self.tr("Source")), ("licence", self.tr("Licence")),
                ("cite", self.tr("Citation")), ("path", self.tr("Kept in")), ("added", self.tr("Added")))):
            label = Text(theme, word, "small", "text3")
            value = Text(theme, "", "small", "text1", wrap=True)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            if key in ("sha256", "found"):
                value.setFont(theme.mono())
            right.addWidget(label, number, 0, Qt.AlignmentFlag.AlignTop)
            right.addWidget(value, number, 1)
            self.facts[key] = value
            value.setProperty("word", label)
        right.setRowStretch(9, 1)
        self.facts["found"].set_role("error")
        sides.addLayout(left, 1)
        sides.addWidget(rule(vertical=True))
        sides.addLayout(right, 1)
        self.body.addLayout(sides)

    def show_row(self, row: Row) -> None:
        model, choice = row.info, row.choice
        self._row = row
        self.name.setText(model.title if choice is None or not choice.added else model.name)
        words, tone, icon = state_words(self, row)
        self.badge.set(words, tone, icon)  # type: ignore[arg-type]
        self.words.setText(self._about(row))
        if self._failure != model.name or not row.fetchable:
            self._failure = ""
            self._fact("found", "")
            self._show_notice(row)
        self.button.setVisible(row.fetchable)
        size = data_size(model.size_bytes)
        self.button.setText(self.tr("Fetch again · {}").format(size) if model.state == "damaged" else
                            self.tr("Fetch {}").format(size))
        self.use_button.setVisible(row.usable)
        self.use_button.setText(self.tr("Use for voices") if model.kind == "voice" else self.tr("Use for this library"))
        self.remove_button.setVisible(choice is not None and choice.added)
        self.remove_button.say(self.tr("Remove…"), self.tr("It is in use. Choose another encoder first.") if row.used else
                               self.tr("The library is being indexed for it. Stay with the other one first.") if row.pending
                               else "")
        rate = f" · {model.rate_hz / 1000:g} kHz" if model.rate_hz else ""
        self._fact("vector", self.tr("{} dimensions").format(model.dim) + rate if model.dim else "")
        self._fact("size", size if model.size_bytes else "")
        self._fact("sha256", _short(model.sha256))
        self._fact("source", model.source)
        self._fact("licence", model.licence or self.tr("not stated in its files"))
        self._fact("cite", model.citation)
        self._fact("path", self.tr("inside its Python package") if model.state == "package" else
                   str(model.path) if model.path and str(model.path) != model.source else "")
        self._fact("added", choice.added_at[:10] if choice is not None else "")

    def _show_notice(self, row: Row) -> None:
        self.notice.setVisible(row.lost or row.info.state == "damaged")
        if row.lost and row.choice is not None:
            self.notice.title.setText(self.tr("Its files are gone."))
            words = (self.tr("{} Put them back, or choose another encoder above.") if row.used else
                     self.tr("{} Put them back, or remove it from the list."))
            self.notice.sentence.setText(words.format(row.choice.lost))
        else:
            self.notice.title.setText(self.tr("The file does not match its checksum, so it was not loaded."))
            self.notice.sentence.setText(self.tr(
                "It may have been cut short or changed. Fetch it again; nothing that is stored is lost."))

    def _about(self, row: Row) -> str:
        if row.choice is not None and row.info.kind == "joint":
            if row.lost or row.failed:
                return self.tr("One space for sounds and text.")
            if row.used:
                return self.tr("The library is searched with it.")
            if row.pending:
                return self.tr("The library is being indexed for it, and searched with the old one until that is done.")
            return self.tr("One space for sounds and text. Using it indexes all sounds again in the background; the old index "
                           "answers until the new one is whole.")
        return {"voice": self.tr("Turning speech into vectors: enrolling, recognising, the map of voices."),
                "sound": self.tr("Turning sounds into vectors and tags: the library and what is heard on Live."),
                "text": self.tr("Turning descriptions into vectors: text search."),
                "joint": self.tr("One space for sounds and text."),
                "speech": self.tr("Finding speech before anything else."),
                "turns": self.tr("Who spoke when in recordings: changes of speaker, and two at once.")}[row.info.kind]

    def show_error(self, sentence: str, found_sha256: str = "") -> None:
        """Fetching failed."""
        self._failure = self._row.info.name if self._row is not None else ""
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
