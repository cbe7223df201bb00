"""The list of models that were added cannot be used: what is wrong there, and the ways out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from engine.errors import ListBroken
from engine.records import EncoderChoice, ModelInfo
from engine.settings import free_name
from gui.theme import Theme
from gui.widgets.controls import Notice
from gui.words import breakable

if TYPE_CHECKING:
    from engine.app import Earmark


@dataclass(frozen=True)
class Listed:
    """The weights, and the encoders that can be chosen. broken: why those that were added are not among them; kept_as: the name
    that their list would be kept under."""

    models: list[ModelInfo]
    choices: list[EncoderChoice]
    broken: ListBroken | None = None
    kept_as: str = ""


def listed(app: Earmark) -> Listed:
    """In a lane. Raises StoreError."""
    models = app.weights.list()
    try:
        return Listed(models, app.encoders())
    except ListBroken as error:
        return Listed(models, app.own_encoders(), error.with_traceback(None), free_name(error.path).name)


class BrokenList(Notice):
    """Hidden until there is something to say."""

    def __init__(self, theme: Theme, again: Callable[[], object], anew: Callable[[], object],
                 parent: QWidget | None = None) -> None:
        """again: reads the list once more. anew: puts it aside."""
        super().__init__(theme, self.tr("The models that you added cannot be listed."), tone="error", parent=parent)
        self.again = self.add_act(self.tr("Look again"), again, icon="arrows-clockwise")
        self.anew = self.add_act(self.tr("Begin with an empty list"), anew)
        self.hide()

    def say(self, found: Listed) -> None:
        self.setVisible(found.broken is not None)
        if found.broken is None:
            return
        broken = found.broken
        place = self.tr("{}, line {}").format(broken.path.name, broken.line) if broken.line else broken.path.name
        self.sentence.setText(breakable("\n".join((f"{place}: {broken.what}", str(broken.path), self.tr(
            "Nothing was changed. Correct the file with a text editor and look again. Or begin with an empty list: the file is "
            "kept beside it as {}, your models stay where they are, and can be added again.").format(found.kept_as)))))
