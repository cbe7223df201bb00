"""Encryption of the voices on the disk: whether it is on, where the key is, and the recovery code."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QMessageBox

from engine.errors import EarmarkError
from engine.records import Encryption
from engine.tasks import Ticket
from gui.pages.settings.section import Section
from gui.widgets.controls import Badge, Button, Notice, Panel, PassphraseForm, ask_before_loss


class EncryptionRows(QObject):
    """Rows in a panel of the privacy section. said(sentence). changed: the voices are kept in another way from now on."""

    said = Signal(str)
    changed = Signal()
    _coded = Signal(str)  # from the lane, before anything is sealed: whatever happens then, the code has been seen

    def __init__(self, section: Section, panel: Panel) -> None:
        super().__init__(section)
        self.section, self.app, self.theme, self.jobs = section, section.app, section.theme, section.jobs
        self.state: Encryption | None = None  # not known yet
        self.keyring_usable = True
        self.badge = Badge(self.theme, "…", "plain", "-")
        state = QHBoxLayout()
        state.setContentsMargins(0, 5, 0, 5)
        state.addWidget(self.badge)
        self.about = section.row(panel, self.tr("Voices on the disk"), state, " ")
        acts = QHBoxLayout()
        acts.setSpacing(8)
        self.by_keyring = Button(self.theme, self.tr("Encrypt with the keyring"), "lock-simple")
        self.by_passphrase = Button(self.theme, "")
        self.off = Button(self.theme, self.tr("Turn off…"), kind="ghost")
        for button, slot in ((self.by_keyring, self.encrypt), (self.by_passphrase, self._ask), (self.off, self.ask_to_turn_off)):
            button.clicked.connect(slot)
            acts.addWidget(button)
        self.key = section.row(panel, self.tr("Key"), acts, " ")
        self.form = PassphraseForm(self.theme)
        self.form.given.connect(self.encrypt)
        self.form.cancelled.connect(self.form.hide)
        section.below(panel, self.form)
        self.code = Notice(self.theme)
        self.code.title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse
                                                | Qt.TextInteractionFlag.TextSelectableByKeyboard)
        self.code.sentence.setText(self.tr(
            "This recovery code opens the voices where the keyring is lost, on another computer too. Write it down and keep it "
            "apart from this computer; it is shown this once."))
        self.code.add_act(self.tr("I have written it down"), self._code_seen)
        self.code.add_act(self.tr("Copy"), lambda: QGuiApplication.clipboard().setText(self.code.title.text()), "ghost", "copy")
        section.below(panel, self.code)
        self._coded.connect(self._show_code)
        self._show()

    def show_state(self, state: Encryption, keyring_usable: bool) -> None:
        self.state, self.keyring_usable = state, keyring_usable
        self._show()

    def show_unknown(self) -> None:
        """It could not be read. What is known from before stays."""
        if self.state is None:
            self.badge.set(self.tr("not known"), "plain", "-")
        else:
            self._show()

    def encrypt(self, passphrase: object = None) -> None:
        """Seal, or keep the key in another way. passphrase: a str; anything else is the keyring."""
        secret = passphrase if isinstance(passphrase, str) else None
        self._busy(self.tr("Changing the key…") if self._on else self.tr("Encrypting…"))
        self.jobs.run(self, lambda ticket: self.app.privacy.encrypt(secret, self._coded.emit), lane="store", done=self._encrypted,
                      failed=self._failed, must_finish=True)

    def ask_to_turn_off(self) -> QMessageBox:
        """Ask, then write everything open."""
        return ask_before_loss(
            self.section, self.theme, self.tr("Turn off the encryption of the voices?"), self.tr(
                "Names, samples and recordings of takes are written open, and whoever gets the disk, a backup or a copy of the "
                "workspace can read them. The key goes too: its recovery code or passphrase opens nothing any more. "
                "No voice is lost."),
            self.tr("Turn off encryption"), self._turn_off)

    @property
    def _on(self) -> bool:
        return self.state is not None and self.state.way != "off"

    def _turn_off(self) -> None:
        self._busy(self.tr("Decrypting…"))

        def work(ticket: Ticket) -> None:
            self.app.privacy.decrypt()

        self.jobs.run(self, work, lane="store", done=lambda _: self._decrypted(), failed=self._failed, must_finish=True)

    def _ask(self) -> None:
        self.form.ask(self.tr("Set passphrase") if self._on else self.tr("Encrypt"), self.tr(
            "It is asked for at every start. Nobody can open the voices without it, so write it down somewhere safe."))
        self.section.bring_into_view(self.form)

    def _show_code(self, code: str) -> None:
        self.code.title.setText(code)
        self.code.show()
        self.section.bring_into_view(self.code)

    def _encrypted(self, _: str | None) -> None:
        self.said.emit(self.tr("The key is kept in the new way.") if self._on else self.tr("The voices are encrypted."))
        self.changed.emit()

    def _decrypted(self) -> None:
        self._code_seen()
        self.said.emit(self.tr("The voices are not encrypted any more."))
        self.changed.emit()

    def _failed(self, error: EarmarkError) -> None:
        self._code_seen()  # a code that was shown opens nothing
        self._show()
        self.said.emit(str(error))

    def _code_seen(self) -> None:
        self.code.title.setText("")
        self.code.hide()

    def _busy(self, words: str) -> None:
        self._code_seen()
        self.form.hide()
        self.badge.set(words, "plain", "-")
        for button in (self.by_keyring, self.by_passphrase, self.off):
            button.setEnabled(False)
            button.setToolTip(words)

    def _show(self) -> None:
        if self.state is None:  # nothing may be said of it, nor done with it, before it is known
            self._busy(self.tr("Looking…"))
            for button in (self.by_keyring, self.by_passphrase, self.off):
                button.hide()
            return
        self.by_keyring.show()
        self.by_passphrase.show()
        way, on = self.state.way, self._on
        self.badge.set(self.tr("encrypted") if on else self.tr("not encrypted"), "ok" if on else "plain",
                       "lock-simple-fill" if on else "lock-simple-open")
        if not on:
            about = self.tr("Names, samples and recordings of takes lie open in the workspace. Encrypted, they are of no use to "
                            "whoever gets the disk, a backup or a copy of it.")
        else:
            about = self.tr("Names, samples and recordings of takes are sealed (AES-256-GCM). Sounds, searches and "
                            "recordings of Live are not.")
        if self.state.unclean:
            about += " " + self.tr("What was there before could not be wiped yet: another program was reading, or the disk is "
                                   "full. The next start does it.")
        self.about.setText(about)
        self.by_keyring.say({
            "off": self.tr("Encrypt with the keyring"), "keyring": self.tr("New recovery code"),
            "passphrase": self.tr("Use the keyring")}[way],
            "" if self.keyring_usable else self.tr("There is no keyring on this computer that can keep a key."))
        self.by_passphrase.say(self.tr("Change passphrase…") if way == "passphrase" else self.tr("Use a passphrase…"))
        self.off.say(self.tr("Turn off…"))
        self.off.setVisible(on)
        since = "" if self.state.since is None else self.state.since.astimezone().strftime("%Y-%m-%d")
        if way == "keyring":
            key = self.tr("In the keyring of this computer, since {}. The recovery code opens the voices without it.")
        elif way == "passphrase":
            key = self.tr("Behind a passphrase that is asked for at every start, since {}.")
        elif self.keyring_usable:
            key = self.tr("The keyring of this computer keeps the key and gives it while you are logged in; or you type a "
                          "passphrase at every start.")
        else:
            key = self.tr("There is no keyring on this computer, so a passphrase is asked for at every start.")
        self.key.setText(key.format(since))
