"""Voices in a file behind a passphrase: out of this workspace, and into it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout

from engine.errors import EarmarkError, UnlikeVoice
from engine.records import Voice
from engine.tasks import Ticket
from gui.pages.settings.section import Section
from gui.widgets.controls import Button, Panel, PassphraseForm, Segmented, Select, ask_before_loss, ask_where
from gui.words import count

ENDING = ".earmark"


class CarryingRows(QObject):
    """Rows in a panel of the privacy section. said(sentence). changed: there are other voices now."""

    said = Signal(str)
    changed = Signal()

    def __init__(self, section: Section, panel: Panel) -> None:
        super().__init__(section)
        self.section = section
        self.app, self.theme, self.jobs = section.app, section.theme, section.jobs
        self.path: Path | None = None
        self._reading = False
        self._wanted = False  # a file is to be asked for once it is known which voices there are
        out = QHBoxLayout()
        out.setSpacing(8)
        self.which = Select(self.theme, self.tr("Voices to export"))
        self.export = Button(self.theme, self.tr("Export…"), "export")
        self.export.clicked.connect(self.choose_target)
        out.addWidget(self.which)
        out.addWidget(self.export)
        section.row(panel, self.tr("Export"), out, self.tr(
            "One file with names, samples and kept recordings, sealed by a passphrase of its own."))
        into = QHBoxLayout()
        into.setSpacing(8)
        self.clash = Segmented(self.theme, [("rename", self.tr("Number it")), ("merge", self.tr("Add the takes"))], "rename",
                               name=self.tr("Where a name is taken"))
        self.import_ = Button(self.theme, self.tr("Import…"), "download-simple")
        self.import_.clicked.connect(self.choose_source)
        into.addWidget(self.clash)
        into.addWidget(self.import_)
        section.row(panel, self.tr("Import"), into, self.tr(
            "Where a name is taken, the voice gets a number, or its takes go to the one that is here. No take is doubled."))
        self.form = PassphraseForm(self.theme)
        self.form.given.connect(self._go)
        self.form.cancelled.connect(self.form.hide)
        section.below(panel, self.form)
        self.export.say(self.tr("Export…"), self.tr("Looking for voices…"))

    def show_voices(self, voices: list[Voice]) -> None:
        """What can be exported now."""
        chosen = self.which.currentData()
        self.which.clear()
        self.which.add(self.tr("All voices"), None, count(len(voices)))
        for voice in voices:
            self.which.add(voice.name, voice.name)
        self.which.setCurrentIndex(max(0, self.which.findData(chosen)))
        self.which.setFixedWidth(220)
        self._rest(bool(voices))
        if self._wanted:
            self._wanted = False
            QTimer.singleShot(0, self, self.choose_target)  # a dialog of its own, when this is over

    def show_unknown(self) -> None:
        """It could not be read which voices there are. What is known from before stays."""
        self._wanted = False
        if not self.which.count():
            self.export.say(self.tr("Export…"), self.tr("It is not known which voices there are."))

    def ask_for_export(self, path: Path) -> None:
        self.path, self._reading = path, False
        self.form.ask(self.tr("Export"), self.tr("A passphrase for {}. Who is to import it needs the same.").format(path.name))
        self.section.bring_into_view(self.form)

    def ask_for_import(self, path: Path) -> None:
        self.path, self._reading = path, True
        self.form.ask(self.tr("Import"), self.tr("The passphrase of {}.").format(path.name), new=False)
        self.section.bring_into_view(self.form)

    def choose_target(self) -> None:
        """Ask for the file to export to, where there is a voice; while that is not known yet, as soon as it is."""
        if not self.which.count():
            self._wanted = True
            self.section.refresh()
            return
        if self.which.count() < 2:
            self.said.emit(self.export.toolTip() or self.tr("There are no voices yet."))
            return
        name = (self.which.currentData() or self.tr("voices")) + ENDING
        path = ask_where(self.section, self.tr("Export voices"), name, self.tr("Earmark voices"))
        if path is not None:
            self.ask_for_export(path)

    def choose_source(self) -> None:
        """Ask for the file to import."""
        path, _ = QFileDialog.getOpenFileName(self.section, self.tr("Import voices"), str(Path.home()),
                                              self.tr("Earmark voices (*{});;All files (*)").format(ENDING))
        if path:
            self.ask_for_import(Path(path))

    def _go(self, passphrase: str, anyway: bool = False) -> None:
        """anyway: takes are added to a voice of their name also where they are unlike it, which is asked about else."""
        path, reading, clash, name = self.path, self._reading, self.clash.value, self.which.currentData()
        assert path is not None
        busy = self.tr("Importing voices") if reading else self.tr("Exporting voices")
        self.export.say(self.tr("Export…"), busy)
        self.import_.say(self.tr("Import…"), busy)

        def work(ticket: Ticket) -> Any:
            if reading:
                return self.app.privacy.import_(path, passphrase, clash, ticket, anyway)  # type: ignore[arg-type]
            return self.app.privacy.export(path, passphrase, () if name is None else (name,), ticket)

        def failed(error: EarmarkError) -> None:
            if isinstance(error, UnlikeVoice):
                self._rest()
                ask_before_loss(self.section, self.theme, self.tr("Is it the same {}?").format(error.name), str(error),
                                self.tr("Add the takes anyway"), lambda: self._go(passphrase, True))
            else:
                self._failed(error)

        self.jobs.run(self, work, lane="store", done=self._done, failed=failed, cancelled=self._rest, title=busy)

    def _done(self, result: Any) -> None:
        self._rest()
        self.form.hide()
        if not self._reading:
            self.said.emit(self.tr("{voices} voices with {samples} samples are in {file}.").format(
                voices=count(result.voices), samples=count(result.samples), file=self.path.name if self.path else ""))
            return
        new = [one for one in result if one.action != "nothing"]
        words = (self.tr("All of it is here already.") if not new else
                 self.tr("Imported: {}.").format(", ".join(one.name for one in new[:3]) + (" …" if len(new) > 3 else "")))
        if others := [one.name for one in new if one.other_encoder]:
            words += " " + self.tr("Of another encoder, to be enrolled again for the one in use: {}.").format(", ".join(others))
        self.said.emit(words)
        self.changed.emit()

    def _failed(self, error: EarmarkError) -> None:
        """Said where it was typed: the next try is a keystroke away."""
        self._rest()
        self.form.say(str(error))
        self.section.bring_into_view(self.form)

    def _rest(self, any_voices: bool | None = None) -> None:
        some = self.which.count() > 1 if any_voices is None else any_voices
        self.export.say(self.tr("Export…"), "" if some else self.tr("There are no voices yet."))
        self.import_.say(self.tr("Import…"))
