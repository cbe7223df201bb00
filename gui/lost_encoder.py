"""What happened to an encoder that is lost, what is safe, and the ways out. The window and Settings show it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from gui.reindexing import FALLBACK, Reindexing
from gui.theme import Theme
from gui.widgets.controls import Notice
from gui.words import without_commands


class LostEncoder(Notice):
    """Follows a Reindexing; `wanted` says whether there is anything to say."""

    def __init__(self, theme: Theme, reindexing: Reindexing, parent: QWidget | None = None) -> None:
        super().__init__(theme, tone="error", parent=parent)
        self.reindexing = reindexing
        self.wanted = False
        self.fallback = self.add_act(self.tr("Use {}").format(FALLBACK), lambda: reindexing.use(FALLBACK))
        self.stay = self.add_act("", reindexing.give_up)
        self.again = self.add_act(self.tr("Look again"), reindexing.look_again, icon="arrows-clockwise")
        reindexing.changed.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Say what is true now; the owner decides where it is shown."""
        state, load_failure = self.reindexing.state, self.reindexing.load_failure
        safe = self.tr("Your sounds, their tags, your voices and all settings are safe.")
        in_use = state.in_use_lost if state is not None and state.in_use_lost else load_failure
        pending_lost = bool(state is not None and state.pending and state.lost)
        self.wanted = bool(in_use) or pending_lost
        if state is not None and in_use and state.pending and not pending_lost:
            title = self.tr("“{}” cannot be used any more.").format(state.in_use)
            sentence = self.tr("{lost} {safe} The library is being indexed for {pending}; searches open when that is done.")
            self._show(title, sentence.format(lost=in_use, safe=safe, pending=state.pending))
        elif in_use:
            name = state.in_use if state is not None else self.reindexing.app.settings.value.joint
            self._show(self.tr("“{}” cannot be used any more, so sounds cannot be searched.").format(name),
                       self.tr("{lost} {safe} Bring the files back and look again, or use {fallback}, which comes with "
                               "Earmark: the library is then indexed again in the background.").format(
                           lost=in_use, safe=safe, fallback=FALLBACK), fallback=name != FALLBACK)
        elif pending_lost and state is not None:
            self._show(self.tr("The library cannot be changed over to “{}”.").format(state.pending),
                       self.tr("{lost} Searches go on with {in_use}; nothing is lost. Bring the files back and look again, or "
                               "stay with {in_use}.").format(lost=state.lost, in_use=state.in_use), stay=state.in_use)

    def _show(self, title: str, sentence: str, fallback: bool = False, stay: str = "") -> None:
        self.title.setText(title)
        self.sentence.setText(sentence)
        busy = self.tr("It is being loaded.") if self.reindexing.choosing else ""
        self.fallback.setVisible(fallback)
        self.fallback.say(self.tr("Loading {}…").format(FALLBACK) if busy else self.tr("Use {}").format(FALLBACK), busy)
        self.stay.setVisible(bool(stay))
        self.stay.say(self.tr("Stay with {}").format(stay), busy)


class LostVoiceEncoder(Notice):
    """The same of the encoder for voices, as the window says it; `wanted` says whether there is anything to say."""

    def __init__(self, theme: Theme, settings: Callable[[], object], again: Callable[[], object],
                 parent: QWidget | None = None) -> None:
        """settings: opens Settings → Models. again: loads the models again."""
        super().__init__(theme, tone="error", parent=parent)
        self.wanted = False
        self.settings = self.add_act(self.tr("Choose another encoder"), settings)
        self.again = self.add_act(self.tr("Look again"), again, icon="arrows-clockwise")

    def say(self, name: str, failure: str) -> None:
        """failure: why the encoder of this name could not be loaded; empty: it was loaded."""
        self.wanted = bool(failure)
        self.title.setText(self.tr("“{}” cannot be used, so nobody is recognised.").format(name))
        self.sentence.setText(self.tr(
            "{why} Your voices, their recordings and all settings are safe. Bring the file back and look again, or choose "
            "another encoder for voices.").format(why=without_commands(failure)))
