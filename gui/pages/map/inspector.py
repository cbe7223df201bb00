"""The right side of the Map: who is near or what is shown, the method, how far to trust it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from engine.records import Identification, Sound
from gui import words
from gui.pages.map.grouping import Group
from gui.pages.map.groups import GroupRow, GroupRows
from gui.pages.map.parameters import MethodSection
from gui.pages.map.trust import TrustSection
from gui.theme import Theme
from gui.widgets.controls import Badge, Button, ElidedText, Notice, Text, rule
from gui.widgets.waveform import WaveformStrip


class Inspector(QFrame):
    """group(name or "")  play(Sound)  show_in_library(Sound)"""

    group = Signal(str)
    play = Signal(object)
    show_in_library = Signal(object)

    def __init__(self, theme: Theme, seed: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setProperty("surface", "panel")
        self._groups: tuple[Group, ...] = ()
        self._sound: Sound | None = None
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(rule(vertical=True))
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        outer.addWidget(scroll, 1)
        inner = QWidget()
        inner.setProperty("surface", "panel")
        scroll.setWidget(inner)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self._head())
        column.addWidget(rule())
        self.groups = GroupRows(theme)
        self.groups.chosen.connect(self.group)
        column.addSpacing(6)
        column.addWidget(self.groups)
        column.addSpacing(6)
        self.sound = self._sound_part()
        column.addWidget(self.sound)
        column.addWidget(rule())
        self.method = MethodSection(theme, seed)
        column.addWidget(self.method)
        self.failure = Notice(theme, tone="error")
        self.failure.hide()
        column.addWidget(self.failure)
        column.addWidget(rule())
        self.trust = TrustSection(theme)
        column.addWidget(self.trust)
        column.addStretch(1)

    # --- what is shown ----------------------------------------------------------------------------------------------

    def show_facts(self, method: str, shown: Any, true: bool, running: bool) -> None:
        """What is to be said of the map that is shown (None: there is none).

        true: it is the chosen one, by this method and of what is there now; only then are there figures.
        """
        self.method.show_result(shown if true else None)
        if true:
            self.trust.show_map(shown)
        else:
            self.trust.show_nothing(method, None if shown is None else shown.method, running)

    def show_groups(self, space: str, groups: tuple[Group, ...]) -> None:
        self._groups = groups
        self.show_sound(None)
        if not groups:  # how many there are is not known before something is drawn
            self.title.set_text(self.tr("Nothing is drawn yet"))
            self.line.set_text("")
            self.badge.hide()
            self.groups.set_rows(())
            return
        if space == "voices":
            self.show_found(None, "", 0.0, 0.0)
            return
        total = max(1, sum(group.count for group in groups))
        self.title.set_text(self.tr("{} sounds").format(words.count(sum(group.count for group in groups))))
        self.badge.hide()
        self.line.set_text(self.tr("Point at one to hear it, press it to keep it here."))
        self.groups.set_rows([GroupRow(g.name, words.count(g.count), g.colour, "sound", None, _percent(g.count / total))
                              for g in groups])

    def show_found(self, found: Identification | None, note: str, threshold: float, time_s: float) -> None:
        """The voices, with their similarity to who speaks now; found None: nobody does."""
        near = {c.voice: c for c in found.candidates} if found is not None else {}
        samples = sum(group.count for group in self._groups)
        if found is None or found.status == "too-short":
            self.title.set_text(self.tr("{} voices").format(len(self._groups)) if len(self._groups) != 1
                                else self.tr("1 voice"))
            self.line.set_text(note or self.tr("{} samples · start Live to see who speaks").format(samples))
            self.badge.hide()
        else:
            self._say_found(found)
        rows = []
        for group in self._groups:
            close = near.get(group.name)
            first = found is not None and found.nearest == group.name and found.status in ("match", "tentative")
            rows.append(GroupRow(group.name, str(group.count), group.colour, "centroid",
                                 close.similarity if close else None if not near else 0.0,
                                 words.similarity(close.similarity) if close else "", first))
        self.groups.set_rows(rows, threshold if near else None)

    def _say_found(self, found: Identification) -> None:
        who = found.nearest if found.status != "unknown" else self.tr("somebody unknown")
        self.title.set_text(self.tr("Speaking now: {}").format(who))
        tone, word = {"match": ("ok", self.tr("match")), "tentative": ("warning", self.tr("tentative"))}.get(
            found.status, ("plain", self.tr("unknown")))
        self.badge.set(word, tone, "" if tone != "plain" else "question")  # type: ignore[arg-type]
        self.badge.show()
        bits = []
        if found.similarity is not None:
            bits.append(self.tr("similarity {}").format(words.similarity(found.similarity)))
        if found.margin is not None and len(found.candidates) > 1:
            bits.append(self.tr("margin {margin} over {name}").format(margin=words.margin(found),
                                                                     name=found.candidates[1].voice))
        self.line.set_text(" · ".join(bits))

    def show_sound(self, sound: Sound | None, group: str = "") -> None:
        """The sound that is pointed at or was chosen."""
        self._sound = sound
        self.sound.setVisible(sound is not None)
        if sound is not None:
            self.sound_name.set_text(sound.path.name)
            self.wave.set_peaks(sound.peaks)
            tags = ", ".join(tag.name for tag in sound.tags[:3])
            self.sound_line.set_text(tags or group)
            self.sound_length.setText(words.length(sound.duration_s))

    def show_failure(self, sentence: str, stays: bool = False) -> None:
        """sentence: why no map was made, empty where nothing failed. stays: another one is still shown."""
        self.failure.setVisible(bool(sentence))
        self.failure.title.setText(self.tr("The map was not made. The one before stays.") if stays
                                   else self.tr("The map was not made."))
        self.failure.sentence.setText(sentence)

    # --- set-up -----------------------------------------------------------------------------------------------------

    def _head(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setContentsMargins(12, 12, 12, 10)
        column.setSpacing(6)
        top = QHBoxLayout()
        self.title = ElidedText(self.theme, "", "body", weight=600)
        self.badge = Badge(self.theme)
        self.badge.hide()
        top.addWidget(self.title, 1)
        top.addWidget(self.badge)
        self.line = ElidedText(self.theme, "", "small", "text2")
        column.addLayout(top)
        column.addWidget(self.line)
        return column

    def _sound_part(self) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(12, 4, 12, 12)
        column.setSpacing(6)
        column.addWidget(rule())
        top = QHBoxLayout()
        self.sound_name = ElidedText(self.theme, "", "body", weight=500, mode=Qt.TextElideMode.ElideMiddle)
        self.sound_length = Text(self.theme, "", "small", "text2")
        top.addWidget(self.sound_name, 1)
        top.addWidget(self.sound_length)
        self.wave = WaveformStrip(self.theme)
        self.sound_line = ElidedText(self.theme, "", "small", "text2")
        acts = QHBoxLayout()
        acts.setSpacing(8)
        hear = Button(self.theme, self.tr("Play"), "play", small=True)
        hear.clicked.connect(lambda: self.play.emit(self._sound))
        show = Button(self.theme, self.tr("Show in Library"), "list-bullets", small=True)
        show.clicked.connect(lambda: self.show_in_library.emit(self._sound))
        acts.addWidget(hear)
        acts.addWidget(show)
        acts.addStretch(1)
        column.addLayout(top)
        column.addWidget(self.wave)
        column.addWidget(self.sound_line)
        column.addLayout(acts)
        part.hide()
        return part


def _percent(share: float) -> str:
    return "< 1 %" if 0 < share < 0.005 else f"{share * 100:.0f} %"
