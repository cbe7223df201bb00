"""Before the window: the voices are encrypted, and the key is not at hand. Open them, forget everything, or leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout

from engine.errors import EarmarkError
from engine.records import LockedWhy
from engine.tasks import Ticket
from gui.jobs import Jobs
from gui.theme import Theme
from gui.widgets.controls import Button, Icon, PassphraseForm, Text, ask_before_loss, rule

if TYPE_CHECKING:
    from engine.app import Earmark

WIDTH_PX, FIELD_PX = 520, 310


class UnlockDialog(QDialog):
    """Accepted when the voices can be read."""

    def __init__(self, earmark: Earmark, theme: Theme, jobs: Jobs, why: LockedWhy) -> None:
        super().__init__()
        self.app, self.theme, self.jobs = earmark, theme, jobs
        self.setWindowTitle(self.tr("Earmark is locked"))
        self.setFixedWidth(WIDTH_PX)
        self.column = column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(12)
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(Icon(theme, "lock-simple", "text2", 24), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(Text(theme, self.tr("The voices of “{}” are encrypted").format(earmark.workspace.name), "title",
                             weight=600, wrap=True))
        self.why = Text(theme, "", "body", "text2", wrap=True)
        words.addWidget(self.why)
        head.addLayout(words, 1)
        column.addLayout(head)
        self.form = PassphraseForm(theme, primary=True)
        self.form.field.setFixedWidth(FIELD_PX)
        self.form.given.connect(self._unlock)
        self.form.cancelled.connect(self.reject)
        column.addWidget(self.form)
        column.addWidget(rule())
        foot = QHBoxLayout()
        self.again = Button(theme, self.tr("Ask the keyring again"), "arrows-clockwise")
        self.again.clicked.connect(self._ask_keyring)
        self.forget = Button(theme, self.tr("Forget everything…"), "trash", "danger")
        self.forget.clicked.connect(self.ask_to_forget)
        foot.addWidget(self.again)
        foot.addStretch(1)
        foot.addWidget(self.forget)
        column.addLayout(foot)
        self.form.cancel.setText(self.tr("Quit"))
        self._show(why)

    def event(self, event: QEvent) -> bool:
        """Words that come or go change the height; Qt alone would squeeze those that are wrapped."""
        handled = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self.resize(WIDTH_PX, self.column.totalHeightForWidth(WIDTH_PX))
        return handled

    def ask_to_forget(self) -> QDialog:
        return ask_before_loss(
            self, self.theme, self.tr("Forget all voices, recordings and sounds of “{}”?").format(self.app.workspace.name),
            self.tr("They are wiped and cannot be brought back; nothing has to be opened for that. Your own sound files stay."),
            self.tr("Forget everything"), self._forget)

    def _show(self, why: LockedWhy) -> None:
        code = why != "passphrase"
        self.why.setText({
            "passphrase": self.tr("Type the passphrase to open them."),
            "keyring": self.tr("The keyring that holds their key is missing or locked. Unlock it and ask again, or type the "
                               "recovery code."),
            "key": self.tr("Their key is not in the keyring of this computer any more. Type the recovery code that was shown "
                           "when they were encrypted.")}[why])
        self.again.setVisible(why == "keyring")
        self.form.ask(self.tr("Unlock"), new=False, prompt=self.tr("Recovery code") if code else self.tr("Passphrase"))
        self.form.cancel.setText(self.tr("Quit"))

    def _unlock(self, secret: str) -> None:
        self._busy(True)

        def work(ticket: Ticket) -> None:
            self.app.privacy.unlock(secret)

        self.jobs.run(self, work, lane="store", done=lambda _: self.accept(), failed=self._failed)

    def _ask_keyring(self) -> None:
        self._busy(True)
        self.jobs.run(self, lambda ticket: self.app.locked(), lane="store", done=self._answered, failed=self._failed)

    def _answered(self, why: LockedWhy | None) -> None:
        self._busy(False)
        if why is None:
            self.accept()
        else:
            self._show(why)
            self.form.say(self.tr("The keyring still does not give the key."))

    def _forget(self) -> None:
        self._busy(True)
        self.jobs.run(self, lambda ticket: self.app.forget_everything(), lane="store", done=lambda _: self.accept(),
                      failed=self._failed, must_finish=True)

    def _failed(self, error: EarmarkError) -> None:
        self._busy(False)
        self.form.refuse(str(error))

    def _busy(self, busy: bool) -> None:
        if busy:  # not to the button beside one that goes off: the next Enter would press that
            self.form.field.setFocus(Qt.FocusReason.OtherFocusReason)
        self.form.set_busy(busy)
        for button in (self.again, self.forget):
            button.setEnabled(not busy)
