"""The form that adds a model: where it is, what kind it is, what to call it; then loading and trying it, with cancel."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QGridLayout, QHBoxLayout, QLineEdit, QWidget

from engine.encoders.added import FETCHING, AddedModel
from engine.errors import EarmarkError
from engine.tasks import Progress, Ticket
from gui.context import Context
from gui.theme import CONTROL_PX
from gui.widgets.controls import Button, Notice, Panel, ProgressLine, Select, Text

FIELD_PX = 560


class AddModel(Panel):
    """added(AddedModel): it is on the list.    closed: the form was left."""

    added = Signal(object)
    closed = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context.theme, self.tr("Add a model"), parent=parent)
        self.context, self.app, self.jobs = context, context.app, context.jobs
        self._ticket: Ticket | None = None
        self.body.setContentsMargins(16, 12, 16, 14)
        self.body.setSpacing(10)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        self.source = self._field(self.tr("File, folder or hub name of the model"))
        self.source.setPlaceholderText(self.tr("A file, a folder, or a hub name such as laion/clap-htsat-unfused"))
        self.file = Button(self.theme, self.tr("File…"), "file")
        self.folder = Button(self.theme, self.tr("Folder…"), "folder-open")
        self.kind = Select(self.theme, self.tr("Kind of the model"))
        words = {"joint": self.tr("Sounds + text"), "voice": self.tr("Voices")}
        for kind in self.app.kinds_to_add():
            self.kind.add(words.get(kind, kind), kind)
        self.name = self._field(self.tr("Name of the new model"))
        self.name.setPlaceholderText(self.tr("made from the source"))
        self.name.setMaximumWidth(320)
        self.hint = Text(self.theme, "", "small", "text3", wrap=True)
        self.hint.setMaximumWidth(720)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.source, 1)
        line.addWidget(self.file)
        line.addWidget(self.folder)
        line.addStretch()
        kind_line = QHBoxLayout()
        kind_line.addWidget(self.kind)
        kind_line.addStretch(1)
        name_line = QHBoxLayout()
        name_line.addWidget(self.name, 1)
        name_line.addStretch()
        for row, (word, cell) in enumerate(((self.tr("Source"), line), (self.tr("Kind"), kind_line),
                                            (self.tr("Name"), name_line))):
            label = Text(self.theme, word, "body")
            label.setFixedWidth(80)
            grid.addWidget(label, row, 0)
            grid.addLayout(cell, row, 1)
        grid.addWidget(self.hint, 3, 1)
        self.body.addLayout(grid)
        self.notice = Notice(self.theme, tone="error")
        self.notice.hide()
        self.body.addWidget(self.notice)
        self.add_button = Button(self.theme, self.tr("Add"), "plus")
        self.close_button = Button(self.theme, self.tr("Close"), kind="ghost")
        self.progress = ProgressLine(self.theme)
        self.progress.hide()
        acts = QHBoxLayout()
        acts.setSpacing(8)
        acts.addWidget(self.add_button)
        acts.addWidget(self.close_button)
        acts.addWidget(self.progress, 1)
        acts.addStretch()
        self.body.addLayout(acts)
        self.file.clicked.connect(self._choose_file)
        self.folder.clicked.connect(self._choose_folder)
        self.kind.currentIndexChanged.connect(self._changed)
        self.source.textChanged.connect(self._changed)
        self.source.returnPressed.connect(self.add)
        self.name.returnPressed.connect(self.add)
        self.add_button.clicked.connect(self.add)
        self.close_button.clicked.connect(self.closed)
        self.progress.cancelled.connect(self.cancel)
        self._explain()
        self._ready()

    @property
    def adding(self) -> bool:
        return self._ticket is not None

    def ask(self) -> None:
        """Start anew, unless something is being added."""
        if not self.adding:
            for field in (self.source, self.name):
                field.clear()
            self.notice.hide()
        self.source.setFocus(Qt.FocusReason.OtherFocusReason)

    def add(self) -> None:
        """Load and try what is named in the form, and put it on the list."""
        source, name, kind = self.source.text().strip(), self.name.text().strip(), str(self.kind.currentData())
        if not source or self.adding:
            return
        self.notice.hide()
        title = self.tr("Adding {}").format(name or Path(source).name or source)
        self.progress.set(title, None)
        self._ticket = self.jobs.run(
            self, lambda ticket: self.app.add_model(source, kind, name, ticket), lane="files", title=title,
            progress=self._moved, done=self._done, failed=self._failed, cancelled=self._cancelled)
        self._ready()

    def cancel(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
            self.progress.words.set_text(self.tr("Stopping…"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not self.adding:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    # --- inside ---

    def _moved(self, progress: Progress) -> None:
        if self._ticket is not None and not self._ticket.cancelled:
            self.progress.set(self.tr("Fetching it from the hub") if progress.note == FETCHING else
                              self.tr("Loading it and trying it with a sound and a text"), progress)

    def _done(self, model: AddedModel) -> None:
        self._over()
        self.source.clear()
        self.name.clear()
        self.added.emit(model)

    def _failed(self, error: EarmarkError) -> None:
        self._over()
        self._tell(self.tr("It was not added. Nothing was changed."), str(error))

    def _cancelled(self) -> None:
        self._over()
        self._tell(self.tr("Adding was stopped. Nothing was changed."), "")

    def _tell(self, title: str, sentence: str) -> None:
        self.notice.title.setText(title)
        self.notice.sentence.setText(sentence)
        self.notice.sentence.setVisible(bool(sentence))
        self.notice.show()

    def _over(self) -> None:
        self._ticket = None
        cancel_had_it = self.progress.stop.hasFocus()
        self._ready()
        if cancel_had_it:  # it is gone now
            self.source.setFocus(Qt.FocusReason.OtherFocusReason)

    def _ready(self) -> None:
        """What can be pressed now."""
        focus = QApplication.focusWidget()
        self.progress.setVisible(self.adding)
        if self.adding and focus is not None and self.isAncestorOf(focus):  # the table would get it
            self.progress.stop.setFocus(Qt.FocusReason.OtherFocusReason)
        for control in (self.source, self.name, self.kind, self.file, self.folder):
            control.setEnabled(not self.adding)
        why = (self.tr("It is being loaded and tried.") if self.adding else
               "" if self.source.text().strip() else self.tr("Say where the model is first."))
        self.add_button.say(self.tr("Adding…") if self.adding else self.tr("Add"), why)
        self.close_button.setVisible(not self.adding)

    def _changed(self) -> None:
        """What was said of another source or another kind is not true of this one."""
        self.notice.hide()
        self._explain()
        self._ready()

    def _explain(self) -> None:
        self.hint.setText({
            "joint": self.tr(
                "A folder with a CLAP model, or one with audio.onnx, text.onnx and tokenizer.json. It is loaded and tried with a "
                "sound and a text before it is put on the list. Files stay where they are; only a hub name is fetched, once."),
            "voice": self.tr(
                "An ONNX file that turns speech into one vector. It is loaded and tried before it is put on the list, and stays "
                "where it is."),
        }.get(str(self.kind.currentData()), ""))

    def _choose_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, self.tr("The file of a model"), str(Path.home()))
        if path:
            self.source.setText(path)

    def _choose_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, self.tr("The folder of a model"), str(Path.home()))
        if path:
            self.source.setText(path)

    def _field(self, name: str) -> QLineEdit:
        field = QLineEdit()
        field.setFont(self.theme.font("body"))
        field.setAccessibleName(name)
        field.setFixedHeight(CONTROL_PX)
        field.setMaximumWidth(FIELD_PX)
        return field
