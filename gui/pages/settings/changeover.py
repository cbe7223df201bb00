"""Where a change of the library's encoder stands: done of all, rate, time left; stop, go on, give up."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui.reindexing import Reindexing
from gui.theme import Theme
from gui.widgets.controls import Button, Panel, ProgressLine, Text
from gui.words import count


class Changeover(Panel):
    """Shown while the library is being indexed for an encoder; hides itself otherwise."""

    def __init__(self, theme: Theme, reindexing: Reindexing, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent=parent)
        self.reindexing = reindexing
        self.body.setContentsMargins(16, 12, 16, 12)
        self.body.setSpacing(6)
        top = QHBoxLayout()
        top.setSpacing(8)
        self.title = Text(theme, "", "body", weight=500)
        self.go_on = Button(theme, self.tr("Go on"), "play", small=True)
        self.give_up = Button(theme, "", small=True)
        top.addWidget(self.title)
        top.addStretch(1)
        top.addWidget(self.go_on)
        top.addWidget(self.give_up)
        self.progress = ProgressLine(theme, bar_px=320)
        self.words = Text(theme, "", "small", "text2", wrap=True)
        self.body.addLayout(top)
        self.body.addWidget(self.progress)
        self.body.addWidget(self.words)
        self.go_on.clicked.connect(reindexing.go_on)
        self.give_up.clicked.connect(reindexing.give_up)
        self.progress.cancelled.connect(reindexing.stop)
        reindexing.changed.connect(self.follow)
        reindexing.moved.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        one, state = self.reindexing, self.reindexing.state
        unfinished = state is not None and not state.lost and bool(state.pending or state.indexed < state.sounds)
        self.setVisible(bool(one.choosing) or one.running or unfinished)
        if one.choosing:
            self._say(self.tr("Loading {}…").format(one.choosing),
                      self.tr("It is loaded and tried before anything is changed."))
            return
        if state is None:
            return
        name = state.pending or state.in_use
        done = self.tr("{done} of {all} sounds are indexed for it.").format(done=count(state.indexed), all=count(state.sounds))
        meanwhile = (self.tr("Searches stay in {} until all of them are.").format(state.in_use) if state.pending else
                     self.tr("The others are found once they are."))
        if one.running:
            self._say(self.tr("Indexing the library for {}").format(name), meanwhile + " " + self.tr(
                "It may be stopped at any time: nothing is done twice."))
            self.progress.set(self.tr("Files"), one.progress)
        else:
            self._say(self.tr("The library is not indexed for {} yet").format(name), " ".join(
                bit for bit in (one.failure, done, meanwhile) if bit))
        self.progress.setVisible(one.running)
        self.go_on.setVisible(not one.running)
        self.give_up.setVisible(bool(state.pending) and not state.in_use_lost)
        self.give_up.setText(self.tr("Stay with {}").format(state.in_use))

    def _say(self, title: str, words: str) -> None:
        self.title.setText(title)
        self.words.setText(words)
        for part in (self.progress, self.go_on, self.give_up):
            part.hide()
