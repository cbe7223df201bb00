"""Models: which encoders there are, whether their files are here and whole, and what they run on."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.errors import EarmarkError, WeightsCorrupt
from engine.records import ModelInfo
from engine.tasks import Progress, Ticket
from gui.context import Context
from gui.pages.settings.model_detail import ModelDetail
from gui.pages.settings.model_rows import ModelTable
from gui.pages.settings.section import Section
from gui.theme import Theme
from gui.widgets.controls import Button, ElidedText, Panel, Select, Text
from gui.words import count


class ModelsSection(Section):
    """changed: files of a model came, so that models may be loaded."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._models: list[ModelInfo] = []
        self._chosen = ""
        self._fetching: dict[str, Ticket] = {}
        self._check: Button | None = None
        self.column.addWidget(self._in_use())
        self.table = ModelTable(self.theme)
        self.table.chosen.connect(self.choose)
        self.table.fetch.connect(self.fetch)
        self.table.cancel.connect(self.cancel)
        self.column.addWidget(self.table)
        self.detail = ModelDetail(self.theme)
        self.detail.fetch.connect(self.fetch)
        self.column.addWidget(self.detail)
        self.column.addStretch(1)

    def toolbar(self) -> QWidget:
        self._check = Button(self.theme, self.tr("Check all files"), "shield-check")
        self._check.clicked.connect(self.check)
        return self._check

    def refresh(self) -> None:
        self.jobs.run(self, lambda ticket: self.app.weights.list(), lane="files", done=self._show)
        self.jobs.run(self, lambda ticket: (len(self.app.voices.list()), len(self.app.voices.samples()),
                                            self.app.library.stats().sounds), lane="store", done=self._counted)

    def check(self) -> None:
        """Hash every file."""
        if self._check is not None:
            self._check.say(self.tr("Checking…"), self.tr("Every file is being read."))
        self.jobs.run(self, lambda ticket: self.app.weights.list(check=True), lane="files", done=self._checked,
                      failed=self._not_checked)

    def choose(self, name: str) -> None:
        """Show the details of a model."""
        self._chosen = name
        self.table.set_current(name)
        for model in self._models:
            if model.name == name:
                self.detail.show_model(model, self._loaded(model))

    def fetch(self, name: str) -> None:
        """Fetch one model; its row shows how far."""
        if name in self._fetching:
            return
        title = next((m.title for m in self._models if m.name == name), name)
        self._fetching[name] = self.jobs.run(
            self, lambda ticket: self.app.weights.fetch([name], ticket), lane="files",
            title=self.tr("Fetching {}").format(title), progress=partial(self._progress, name),
            done=lambda _: self._fetched(name), failed=partial(self._not_fetched, name),
            cancelled=lambda: self._over(name))
        self.table.show_progress(name, Progress(0, None, "", 0.0, "B"))

    def cancel(self, name: str) -> None:
        if name in self._fetching:
            self._fetching[name].cancel()

    # --- inside ---

    def _show(self, models: list[ModelInfo]) -> None:
        self._models = models
        self._tell_use()
        self.table.show_models(models, {m.name for m in models if self._loaded(m)})
        for model in models:
            if model.name not in self._fetching:
                self.table.show_progress(model.name, None)
        wrong = next((m.name for m in models if m.state in ("damaged", "missing")), models[0].name if models else "")
        self.choose(self._chosen if self._chosen in self.table.rows else wrong)
        speech = next((m for m in models if m.kind == "speech"), None)
        if speech is not None:
            self._values["speech"].show_value(speech.title, self.tr("16 kHz"))

    def _checked(self, models: list[ModelInfo]) -> None:
        self._show(models)
        wrong = [m.title for m in models if m.state == "damaged"]
        self.said.emit(self.tr("Damaged: {}.").format(", ".join(wrong)) if wrong else
                       self.tr("All files match their checksums."))
        if self._check is not None:
            self._check.say(self.tr("Check all files"))

    def _not_checked(self, error: EarmarkError) -> None:
        self.said.emit(str(error))
        if self._check is not None:
            self._check.say(self.tr("Check all files"))

    def _progress(self, name: str, progress: Progress) -> None:
        self.table.show_progress(name, progress)

    def _fetched(self, name: str) -> None:
        self._over(name)
        self.changed.emit()

    def _not_fetched(self, name: str, error: EarmarkError) -> None:
        self._over(name)
        self.said.emit(str(error))
        self.choose(name)
        self.detail.show_error(str(error), error.found if isinstance(error, WeightsCorrupt) else "")

    def _over(self, name: str) -> None:
        self._fetching.pop(name, None)
        self.refresh()

    def _loaded(self, model: ModelInfo) -> bool:
        ready = self.app.models.ready
        return model.kind in ready or (model.kind in ("sound", "text") and "joint" in ready)

    def _in_use(self) -> Panel:
        panel = Panel(self.theme)
        panel.body.setContentsMargins(16, 14, 16, 12)
        line = QHBoxLayout()
        line.setSpacing(16)
        self._values: dict[str, _Value] = {}
        for key, word in (("voice", self.tr("Voices")), ("joint", self.tr("Sounds and text")),
                          ("speech", self.tr("Speech detection"))):
            self._values[key] = _Value(self.theme, word)
            line.addWidget(self._values[key], 1)
        runs = QVBoxLayout()
        runs.setSpacing(4)
        runs.addWidget(Text(self.theme, self.tr("Runs on"), "caption", "text3", weight=600))
        self.device = Select(self.theme, self.tr("Runs on"))
        for key, words in (("auto", self.tr("Automatic")), ("cpu", "CPU"), ("cuda", "CUDA"), ("mps", "MPS")):
            self.device.add(words, key)
        self.device.setCurrentIndex(max(0, self.device.findData(self.app.settings.value.device)))
        self.device.currentIndexChanged.connect(self._device_chosen)
        runs.addWidget(self.device)
        self._device_words = ElidedText(self.theme, "", "caption", "text3")
        runs.addWidget(self._device_words)
        line.addLayout(runs, 1)
        panel.body.addLayout(line)
        return panel

    def _device_chosen(self, _: int) -> None:
        chosen = str(self.device.currentData())

        def work(ticket: Ticket) -> str:
            self.app.use_device(chosen)
            return str(self.app.models.device_label)

        self._device_words.set_text(self.tr("changing…"))
        self.jobs.run(self, work, lane="models", done=self._device_changed, failed=self._device_refused)

    def _device_changed(self, label: str) -> None:
        self._device_words.set_text(label)
        self.changed.emit()

    def _device_refused(self, error: EarmarkError) -> None:
        self.said.emit(str(error))
        self._device_words.set_text(str(error))

    def _counted(self, counted: tuple[int, int, int]) -> None:
        voices, samples, sounds = counted
        self._values["voice"].show_why(self.tr("{v} voices, {s} samples in this space").format(v=count(voices),
                                                                                             s=count(samples)))
        ready = (self.tr("text search is open") if "joint" in self.app.models.ready else
                 self.tr("text search is not open yet"))
        self._values["joint"].show_why(self.tr("{} sounds").format(count(sounds)) + " · " + ready)
        self._values["speech"].show_why(self.tr("Finds speech before anything else"))

    def _tell_use(self) -> None:
        def work(ticket: Ticket) -> list[tuple[str, str, str]]:
            found = []
            for kind in ("voice", "joint"):
                spec = self.app.models.spec("voice" if kind == "voice" else "joint")
                rate = f" · {spec.rate_hz // 1000} kHz" if spec.rate_hz else ""
                title = next((m.title for m in self._models if m.name == spec.name), spec.name)
                found.append((kind, title, f"{spec.dim}-d{rate}"))
            return found

        def show(found: list[tuple[str, str, str]]) -> None:
            for kind, name, detail in found:
                self._values[kind].show_value(name, detail)

        self.jobs.run(self, work, lane="files", done=show)
        if "voice" in self.app.models.ready:
            self.jobs.run(self, lambda ticket: str(self.app.models.device_label), lane="models",
                          done=self._device_words.set_text)


class _Value(QWidget):
    """A word, what is in use with its grey detail, and a sentence."""

    def __init__(self, theme: Theme, word: str) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(Text(theme, word, "caption", "text3", weight=600))
        line = QHBoxLayout()
        line.setContentsMargins(0, 6, 0, 6)
        line.setSpacing(10)
        self.value = Text(theme, "…", "body", weight=500)
        self.detail = Text(theme, "", "body", "text3")
        line.addWidget(self.value)
        line.addWidget(self.detail)
        line.addStretch(1)
        column.addLayout(line)
        self.why = ElidedText(theme, "", "caption", "text3")
        column.addWidget(self.why)

    def show_value(self, value: str, detail: str) -> None:
        self.value.setText(value)
        self.detail.setText(detail)

    def show_why(self, words: str) -> None:
        self.why.set_text(words)
