"""Models: which encoders there are, whether their files are here and whole, which one is used, and adding others."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QMessageBox, QWidget

from engine.encoders.added import AddedModel
from engine.errors import EarmarkError, WeightsCorrupt
from engine.records import EncoderChoice, ModelInfo, VoiceEncoderState
from engine.tasks import Progress, Ticket
from gui.context import Context
from gui.lost_encoder import LostEncoder
from gui.pages.settings.add_model import AddModel
from gui.pages.settings.broken_list import BrokenList, Listed, listed
from gui.pages.settings.changeover import Changeover
from gui.pages.settings.in_use import InUse
from gui.pages.settings.model_detail import ModelDetail
from gui.pages.settings.model_rows import ModelTable, Row
from gui.pages.settings.section import Section
from gui.reindexing import Reindexing
from gui.widgets.controls import Button, Notice, ask_before_loss
from gui.words import count, data_size

NAMED = 5  # voices that a question names


class ModelsSection(Section):
    """changed: files of a model came, so that models may be loaded."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._models: list[ModelInfo] = []
        self._choices: list[EncoderChoice] = []
        self._chosen = ""
        self._fetching: dict[str, Ticket] = {}
        self._embedding: Ticket | None = None  # recordings, for another voice encoder
        self._check: Button | None = None
        self.reindexing = Reindexing.of(context)
        self.in_use = InUse(self.theme, self.app.settings.value.device)
        self.device = self.in_use.device
        self.lost = LostEncoder(self.theme, self.reindexing)
        self.refusal = Notice(self.theme, tone="error")
        self.broken = BrokenList(self.theme, self.look_again, self.begin_anew)
        self.changeover = Changeover(self.theme, self.reindexing)
        self.form = AddModel(context)
        self.table = ModelTable(self.theme)
        self.detail = ModelDetail(self.theme)
        for widget in (self.in_use, self.lost, self.broken, self.refusal, self.changeover, self.form, self.table, self.detail):
            self.column.addWidget(widget)
        self.column.addStretch(1)
        for widget in (self.refusal, self.form, self.detail):
            widget.hide()
        self._bind()
        self._follow()

    def toolbar(self) -> QWidget:
        ground = QWidget()
        line = QHBoxLayout(ground)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        self._check = Button(self.theme, self.tr("Check all files"), "shield-check")
        self._check.clicked.connect(self.check)
        self.add = Button(self.theme, self.tr("Add a model…"), "plus", "primary")
        self.add.clicked.connect(self.show_form)
        line.addWidget(self._check)
        line.addWidget(self.add)
        return ground

    def refresh(self) -> None:
        self.jobs.run(self, lambda ticket: listed(self.app), lane="files", done=self._listed, failed=lambda error: self._refused(
            self.tr("The models cannot be listed."), str(error)))
        self.jobs.run(self, lambda ticket: (len(self.app.voices.list()), len(self.app.voices.samples())), lane="store",
                      done=lambda found: self._counted(*found), failed=lambda error: self.in_use.voice_words.set_text(str(error)))
        self.reindexing.look()

    def look_again(self) -> None:
        """The user may have corrected the list."""
        self.refresh()
        self.reindexing.look_again()

    def begin_anew(self) -> None:
        """Put a list that cannot be used aside, as the user wishes."""
        self.jobs.run(self, lambda ticket: self.app.begin_models_anew(), lane="store", done=self._begun_anew,
                      failed=lambda error: self._refused(self.tr("The list was not put aside. Nothing was changed."), str(error)))

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
        if name in self.table.rows:
            self.detail.show_row(self.table.rows[name].row)
            self.detail.show()

    def show_form(self) -> None:
        self.form.show()
        self.form.ask()
        self.verticalScrollBar().setValue(0)

    def use(self, name: str) -> None:
        """Use another encoder: for voices or for the library, whatever it is for."""
        if any(one.name == name and one.kind == "voice" for one in [*self._models, *(choice.info for choice in self._choices)]):
            self._use_voice(name)
        elif name and name != (self.reindexing.pending or self.app.settings.value.joint):
            self.refusal.hide()
            self.reindexing.use(name)

    def ask_to_remove(self, name: str) -> QMessageBox:
        """Ask, then take a model off the list."""
        return ask_before_loss(
            self, self.theme, self.tr("Take “{}” off the list?").format(name),
            self.tr("Its files stay where they are, and it can be added again. Nothing of the library is lost."),
            self.tr("Remove model"), partial(self._remove, name))

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

    # --- showing ---

    def _bind(self) -> None:
        self.table.chosen.connect(self.choose)
        self.table.fetch.connect(self.fetch)
        self.table.cancel.connect(self.cancel)
        self.detail.fetch.connect(self.fetch)
        self.detail.use.connect(self.use)
        self.detail.remove.connect(self.ask_to_remove)
        self.in_use.joint_chosen.connect(self._encoder_chosen)
        self.in_use.voice_chosen.connect(self._encoder_chosen)
        self.in_use.device_chosen.connect(self._device_chosen)
        self.form.added.connect(self._added)
        self.form.closed.connect(self.form.hide)
        self.reindexing.changed.connect(self._follow)
        self.reindexing.moved.connect(self._follow)
        self.reindexing.in_use_changed.connect(self.refresh)
        self.reindexing.refused.connect(self._refused)

    def _listed(self, found: Listed) -> None:
        self.broken.say(found)
        self._show(found.models, found.choices)

    def _show(self, models: list[ModelInfo], choices: list[EncoderChoice]) -> None:
        self._models, self._choices = models, choices
        self.table.show_rows(self._rows())
        for model in models:
            if model.name not in self._fetching:
                self.table.show_progress(model.name, None)
        self._show_in_use()
        in_use = (self.app.settings.value.joint, self.app.settings.value.voice)
        wrong = next((name for name in (*(m.name for m in models if m.state in ("damaged", "missing")),
                                        *(one.info.name for one in choices if one.lost and one.info.name in in_use))),
                     models[0].name if models else "")
        self.choose(self._chosen if self._chosen in self.table.rows else wrong)
        self._tell_use()

    def _show_in_use(self) -> None:
        chosen = self.app.settings.value
        self.in_use.show_joints(self._choices, chosen.joint)
        self.in_use.show_voices([one for one in self._models if one.kind == "voice"], self._choices, chosen.voice)

    def _rows(self) -> list[Row]:
        """The weights of the program, then the encoders that can be chosen, each as it stands now."""
        ready, state = self.app.models.ready, self.reindexing.state
        in_use, pending = self.app.settings.value.joint, self.app.settings.value.joint_next
        voice = self.app.settings.value.voice
        parts = next((choice.parts for choice in self._choices if choice.info.name == in_use), ())
        share = state.indexed / state.sounds if state is not None and state.pending and state.sounds else None
        progress = self.reindexing.progress
        if self.reindexing.running and progress is not None and progress.fraction is not None:
            share = progress.fraction
        rows = []
        for model in self._models:
            used = model.name == voice if model.kind == "voice" else model.kind in ready  # a choice holds while it is loaded, too
            rows.append(Row(model, used or ("joint" in ready and model.name in parts),
                            selectable=model.kind == "voice" and model.name != voice))
        for choice in self._choices:
            name = choice.info.name
            if choice.info.kind == "voice":
                rows.append(Row(choice.info, name == voice, choice, selectable=True))
            else:
                rows.append(Row(choice.info, name == in_use, choice, name == pending, share if name == pending else None,
                                name == in_use and bool(self.reindexing.load_failure), selectable=True))
        return rows

    def _follow(self) -> None:
        """Something about the change from one encoder to another moved."""
        self.lost.setVisible(self.lost.wanted)
        if self._models:
            self.table.show_rows(self._rows())
            if self._chosen in self.table.rows:
                self.detail.show_row(self.table.rows[self._chosen].row)
            self._show_in_use()
        state = self.reindexing.state
        if state is not None:
            sounds = self.tr("{} sounds").format(count(state.sounds))
            if state.in_use_lost or self.reindexing.load_failure:
                words = self.tr("cannot be searched")
            elif state.pending:
                words = self.tr("changing over to {}").format(state.pending)
            else:
                words = (self.tr("text search is open") if "joint" in self.app.models.ready else
                         self.tr("text search is not open yet"))
            self.in_use.joint_words.set_text(f"{sounds} · {words}")

    def _counted(self, voices: int, samples: int) -> None:
        if self._embedding is None:
            self.in_use.voice_words.set_text(self.tr("{v} voices, {s} samples in this space").format(
                v=count(voices), s=count(samples)))
        self.in_use.speech.show_why(self.tr("Finds speech before anything else"))

    def _tell_use(self) -> None:
        speech = next((m for m in self._models if m.kind == "speech"), None)
        if speech is not None:
            self.in_use.speech.show_value(speech.title, self.tr("16 kHz"))
        if "voice" in self.app.models.ready:
            self.jobs.run(self, lambda ticket: str(self.app.models.device_label), lane="models",
                          done=self.in_use.device_words.set_text)

    # --- what was asked came to its end ---

    def _encoder_chosen(self, name: str) -> None:
        self._show_in_use()  # until it is so
        self.use(name)

    def _use_voice(self, name: str) -> None:
        """Recognise voices with another encoder, once the recordings that were kept are embedded with it."""
        if self._embedding is not None or name == self.app.settings.value.voice:
            return
        self.refusal.hide()
        self.jobs.run(self, lambda ticket: self.app.voices_unknown_to(name), lane="store",
                      done=lambda unknown: self._embed_after(name, unknown), failed=lambda error: self._voice_refused(
                          self.tr("“{}” was not chosen. Nothing was changed.").format(name), str(error)))

    def _embed_after(self, name: str, unknown: tuple[str, ...]) -> None:
        """Say which voices have to be enrolled again, and go on when that is agreed to."""
        if not unknown:
            self._embed(name)
            return
        self._show_in_use()  # the list shows again what is in use, until the question is answered
        shown = ", ".join(unknown[:NAMED]) + (self.tr(" and {} more").format(count(len(unknown) - NAMED))
                                              if len(unknown) > NAMED else "")
        ask_before_loss(
            self, self.theme, self.tr("Recognise voices with “{}”?").format(name),
            self.tr("No recording was kept of these voices, so they have to be enrolled again: {}. Their samples stay: with the "
                    "encoder of before they are known again.").format(shown),
            self.tr("Use it"), partial(self._embed, name))

    def _embed(self, name: str) -> None:
        if self._embedding is not None:
            return
        title = self.tr("Embedding recordings for {}").format(name)
        self.in_use.voice_words.set_text(title)
        self._embedding = self.jobs.run(
            self, lambda ticket: self.app.use_voice(name, ticket), lane="files", title=title, done=self._voice_used,
            failed=lambda error: self._voice_refused(
                self.tr("“{}” was not chosen. Nothing was changed.").format(name), str(error)),
            cancelled=lambda: self._voice_refused(self.tr("Stopped. Voices are recognised as before."), self.tr(
                "What was embedded is kept. Choose {} again to go on.").format(name)))

    def _voice_used(self, state: VoiceEncoderState) -> None:
        self._embedding = None
        words = [self.tr("Voices are recognised with {} from now on.").format(state.in_use)]
        if state.to_enroll:
            words.append(self.tr("Without a recording, to be enrolled again: {}.").format(count(len(state.to_enroll))))
        if not state.calibrated:
            words.append(self.tr("Its threshold is a guess until you set it."))
        self.said.emit(" ".join(words))
        self.changed.emit()
        self.refresh()

    def _voice_refused(self, title: str, sentence: str) -> None:
        self._embedding = None
        self._refused(title, sentence)
        self.refresh()

    def _added(self, model: AddedModel) -> None:
        self.said.emit(self.tr("Added {name}: {dim}-d, {rate:g} kHz, {size}, licence {licence}.").format(
            name=model.name, dim=model.dim, rate=model.rate_hz / 1000, size=data_size(model.size_bytes),
            licence=model.licence or self.tr("not stated")))
        self._chosen = model.name
        self.form.hide()
        self.refresh()

    def _remove(self, name: str) -> None:
        self.jobs.run(self, lambda ticket: self.app.remove_model(name), lane="store", done=lambda _: self._removed(name),
                      failed=lambda error: self._refused(self.tr("“{}” was not removed.").format(name), str(error)))

    def _begun_anew(self, kept: Path | None) -> None:
        if kept is not None:
            self.said.emit(self.tr("The old list is kept as {}.").format(kept.name))
        self.look_again()

    def _removed(self, name: str) -> None:
        self.said.emit(self.tr("{} is no longer on the list. Its files were not touched.").format(name))
        self._chosen = ""
        self.refresh()

    def _refused(self, title: str, sentence: str) -> None:
        self.refusal.title.setText(title)
        self.refusal.sentence.setText(sentence)
        self.refusal.show()

    def _checked(self, models: list[ModelInfo]) -> None:
        self._show(models, self._choices)
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

    def _device_chosen(self, chosen: str) -> None:
        def work(ticket: Ticket) -> str:
            self.app.use_device(chosen)
            return str(self.app.models.device_label)

        self.in_use.device_words.set_text(self.tr("changing…"))
        self.jobs.run(self, work, lane="models", done=self._device_changed, failed=self._device_refused)

    def _device_changed(self, label: str) -> None:
        self.in_use.device_words.set_text(label)
        self.changed.emit()

    def _device_refused(self, error: EarmarkError) -> None:
        self.said.emit(str(error))
        self.in_use.device_words.set_text(str(error))
