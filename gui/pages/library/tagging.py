"""Tagging the library with lists of labels, and choosing tags to filter by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Signal
from PySide6.QtWidgets import QWidget

from engine.errors import EarmarkError
from engine.records import TagListInfo
from engine.tasks import Progress, Ticket
from gui.context import Context
from gui.pages.library.ground import Ground
from gui.pages.library.searching import Searching
from gui.widgets.controls import Button, Text, ask_before_loss
from gui.widgets.picker import Choice, Picker
from gui.words import count

PICKER_PX = 420


class Tagging(QObject):
    """said(sentence): a toast."""

    said = Signal(str)

    def __init__(self, context: Context, ground: Ground, searching: Searching, parent: QWidget) -> None:
        super().__init__(parent)
        self.app, self.jobs, self.theme = context.app, context.jobs, context.theme
        self.ground, self.searching, self.panel, self._page = ground, searching, ground.tag_panel, parent
        self.lists: list[TagListInfo] = []
        self._ticket: Ticket | None = None
        self.panel.wanted.connect(self.tag)
        self.panel.cancelled.connect(self.cancel)
        self.panel.removed.connect(self.remove)
        self.panel.closed.connect(self.panel.hide)
        ground.filters.wants_tag.connect(self.pick)

    def refresh(self) -> None:
        """Which lists are there."""
        self.jobs.run(self, lambda ticket: self.app.library.tagging.lists(), lane="store", done=self._listed)

    def show_panel(self) -> None:
        self.panel.set_sounds(self.searching.sounds)
        self.panel.show()
        self.refresh()

    def pick(self) -> Picker:
        """Open the list of tags that sounds have."""
        choices = [Choice(f"{one.name}:{found.label}", found.label, one.name, count(found.sounds))
                   for one in self.lists for found in one.counts if f"{one.name}:{found.label}" not in self.ground.filters.tags]
        picker = Picker(self.theme, self.tr("Show only sounds with a tag"), self.tr("Find a tag"), choices,
                        self.ground.filters.add, PICKER_PX, self._page)
        if not choices:
            picker.list.hide()
            picker.field.setVisible(bool(self.lists))
            picker.column.addWidget(Text(self.theme, self.tr("No sound has another tag.") if self.lists else self.tr(
                "No list of labels is in use yet, so there is nothing to filter by. Choose one, and each sound gets the labels "
                "that fit it."),
                "small", "text2", wrap=True))
        more = Button(self.theme, self.tr("Tag the library…"), "tag", "ghost", small=True)
        more.clicked.connect(picker.accept)
        more.clicked.connect(self.show_panel)
        picker.column.addWidget(more)
        picker.adjustSize()
        chip = self.ground.filters.more
        picker.move(chip.mapToGlobal(QPoint(0, chip.height() + 4)))
        picker.show()
        return picker

    def tag(self, source: str | Path | Sequence[str], name: str = "") -> None:
        """Tag every sound with a list; one of the same name is replaced."""
        if self._ticket is not None:
            return

        def work(ticket: Ticket) -> TagListInfo:
            from engine.describing.lists import TagList

            labels = (self.app.describing.labels(source) if isinstance(source, str | Path) else TagList.of(source, name))
            return self.app.library.tagging.tag(labels, ticket=ticket)

        title = self.tr("Tagging")
        self.panel.show_progress(title, None)
        self._ticket = self.jobs.run(
            self, work, lane="files", title=title, done=self._tagged, failed=self._failed, cancelled=self._over,
            progress=lambda progress: self._progress(title, progress))

    def cancel(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()

    def remove(self, name: str) -> None:
        """Ask, then forget a list with its tags."""
        def gone(_: object) -> None:
            kept = [tag for tag in self.ground.filters.tags if not tag.startswith(f"{name}:")]
            if len(kept) < len(self.ground.filters.tags):
                self.ground.filters.set(kept, self.ground.filters.under)
            else:
                self.searching.search()
            self.refresh()

        ask_before_loss(
            self._page, self.theme, self.tr("Remove the list “{}”?").format(name),
            self.tr("The tags it gave to sounds are forgotten. They can be made again at any time."), self.tr("Remove list"),
            lambda: self.jobs.run(self, lambda ticket: self.app.library.tagging.remove(name), lane="store", done=gone,
                                  failed=self._failed))

    def _listed(self, lists: list[TagListInfo]) -> None:
        self.lists = lists
        self.panel.show_lists(lists)

    def _progress(self, title: str, progress: Progress) -> None:
        if self._ticket is not None:
            self.panel.show_progress(title, progress)

    def _tagged(self, info: TagListInfo) -> None:
        self._over()
        self.said.emit(self.tr("{sounds} of {all} sounds are tagged with “{name}”.").format(
            sounds=count(info.sounds), all=count(self.searching.sounds), name=info.name))
        self.refresh()
        self.searching.search()

    def _failed(self, error: EarmarkError) -> None:
        self._over()
        self.panel.show()
        self.panel.fail(str(error))

    def _over(self) -> None:
        self._ticket = None
        self.panel.show_progress("", None)
