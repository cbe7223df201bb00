"""Who speaks now, whom it is near, what is heard."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from engine.records import Identification, LiveUpdate, Voice
from gui import words
from gui.theme import Theme
from gui.widgets.controls import Badge, Button, ElidedText, Text, plain_tip, rule
from gui.widgets.voice_rows import Avatar, BarRow, BarRows

SHOWN = 3  # rows of voices and of sounds
LEAST_PX, HEARD_PX, LIKE_PX, ROOMY_PX = 440, 586, 700, 750  # at least; with what is heard; with the similarity; with all


class NowPanel(QFrame):
    """Three columns of one panel. enroll: the button of the empty state was pressed."""

    enroll = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setProperty("frame", "panel")
        self.setMinimumWidth(LEAST_PX)  # said outright: what gives way in `resizeEvent` must not keep the panel from it
        self._columns: list[QVBoxLayout] = []
        self._low = False
        self._colours: dict[str, int] = {}
        self._threshold = 0.0
        self._spoke: tuple[str, float] | None = None
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(self._speaking(), 30)
        row.addWidget(rule(vertical=True))
        row.addLayout(self._nearest(), 39)
        self._heard_side = QWidget()
        heard = QHBoxLayout(self._heard_side)
        heard.setContentsMargins(0, 0, 0, 0)
        heard.setSpacing(0)
        heard.addWidget(rule(vertical=True))
        heard.addLayout(self._heard(), 1)
        row.addWidget(self._heard_side, 26)
        self.set_low(False)
        self.show_idle(False)

    # --- what is shown ----------------------------------------------------------------------------------------------

    def set_low(self, low: bool) -> None:
        """In a low window there is no more room than for the rows."""
        self._low = low
        self.setFixedHeight(108 if low else 136)
        self._follow_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._follow_room()

    def _follow_room(self) -> None:
        """Where it is narrow, what the toolbar and the first row tell, too, gives way first; then what is heard."""
        roomy, hears = self.width() >= ROOMY_PX, self.width() >= HEARD_PX
        beside, above, below = 16 if roomy else 12, 8 if self._low else 12, 6 if self._low else 10
        for column in self._columns:
            column.setContentsMargins(beside, above, beside, below)
        self._row.setStretch(0, 30 if roomy else 46 if hears else 50)  # a name is to be read whole
        self._heard_side.setVisible(hears)
        for widget in (self.similarity_name, self.similarity):
            widget.setVisible(self.width() >= LIKE_PX)
        self.mark.setVisible(roomy and self.empty.isHidden())

    def set_voices(self, voices: list[Voice], threshold: float) -> None:
        if self._spoke is not None and self._spoke[0] in self._colours.keys() - {voice.name for voice in voices}:
            self._spoke = self.tr("Somebody unknown"), self._spoke[1]
        self._colours = {voice.name: voice.colour for voice in voices}
        self._threshold = threshold
        self.empty.setVisible(not voices)
        self._follow_room()
        there = [row for row in self.nearest.rows if row.label in self._colours]
        if len(there) < len(self.nearest.rows):  # nobody is like a voice that is gone
            self.nearest.set_rows(there, threshold)
        self._follow_nearest()
        self.mark.setText(self.tr("▏threshold {}").format(words.similarity(threshold)))

    def show_idle(self, starting: bool, none: bool = False) -> None:
        """Nobody listens (yet). none: there is no microphone."""
        self._spoke = None
        self._say(None, self.tr("Opening…") if starting else self.tr("Not listening"),
                  self.tr("The first time, the models load.") if starting
                  else self.tr("No microphone is plugged in.") if none else self.tr("Press Listen and speak."))
        self.badge.hide()
        self.numbers.hide()
        self.nearest.set_rows([], None)
        self.heard.set_rows([])
        self.heard.hide()
        self.heard_note.show()
        self._follow_nearest()

    def show_update(self, update: LiveUpdate, named: str = "") -> None:
        """named: what the stranger who speaks was named in this session."""
        found = update.identification
        self._show_heard(update)
        if not update.speaking or found is None:
            self._show_silence(update)
        elif found.status == "too-short":
            self._say(None, self.tr("Listening…"),
                      self.tr("{} of 1.0 s of speech").format(f"{update.used_s:.1f}"))
            self._status(self.tr("listening…"), "plain", found)
        else:
            self._show_found(update, found, named)

    def _show_silence(self, update: LiveUpdate) -> None:
        if self._spoke is None:
            self._say(None, self.tr("Listening…"), self.tr("Nobody speaks."))
        else:
            name, until = self._spoke
            self._say(None, self.tr("Silence"), self.tr("{name} spoke {ago} s ago").format(
                name=name, ago=f"{max(0.0, update.time_s - until):.0f}"))
        self.badge.hide()
        self.numbers.hide()
        self.nearest.set_rows([BarRow(r.label, 0.0, "–", colour=r.colour) for r in self.nearest.rows], self._threshold)

    def _show_found(self, update: LiveUpdate, found: Identification, named: str) -> None:
        times = self.tr("speaking for {run} s · last {used} s used").format(
            run=f"{update.run_s:.1f}", used=f"{update.used_s:.1f}")
        if found.band == "narrow":  # as short as that: there is no room for all
            times = self.tr("a telephone’s band · for {} s").format(f"{update.run_s:.1f}")
        if found.status == "unknown" and not named:
            number = update.stranger
            name = self.tr("Unknown") if number is None else self.tr("Stranger {}").format(number)
            self._say(None, name, times)
            self._status(self.tr("unknown"), "plain", found)
            self._spoke = (self.tr("Somebody unknown") if number is None else name, update.time_s)
        else:
            name = found.nearest or "" if found.status != "unknown" else named
            self._say(name, name, times)
            if found.status != "match":
                self._status(self.tr("tentative"), "warning", found)
            else:
                self._status(self.tr("match"), "ok", found)
            self._spoke = (name, update.time_s)
        rows = [BarRow(c.voice, c.similarity, words.similarity(c.similarity), colour=c.colour, strong=i == 0)
                for i, c in enumerate(found.candidates[:SHOWN])]
        self.nearest.set_rows(rows, self._threshold)
        self._follow_nearest()

    def _follow_nearest(self) -> None:
        """Rows, or a word where there are none yet."""
        some = bool(self.nearest.rows)
        self.nearest.setVisible(some)
        self.nearest_note.setVisible(not some and self.empty.isHidden())

    def _show_heard(self, update: LiveUpdate) -> None:
        rows = [BarRow(tag.name, tag.probability, f"{tag.probability:.2f}", strong=i == 0)
                for i, tag in enumerate(update.heard[:SHOWN])]
        self.heard.set_rows(rows)
        self.heard.setVisible(bool(rows))
        self.heard_note.setVisible(not rows)

    def _say(self, voice: str | None, name: str, sentence: str) -> None:
        self.avatar.set_voice(voice, self._colours.get(voice or "", 0))
        if self.name.text() != name:
            self.name.set_text(name)
        self.sentence.set_text(sentence)

    def _status(self, text: str, tone: str, found: Identification) -> None:
        icon = {"ok": "", "warning": "warning-fill", "plain": "question"}[tone]
        self.badge.set(text, tone, icon)  # type: ignore[arg-type]
        self.badge.setToolTip(plain_tip(words.times_as_likely(found)))
        self.badge.show()
        self.numbers.setVisible(found.similarity is not None)
        if found.similarity is not None:
            self.similarity.setText(words.similarity(found.similarity))
            self.margin_name.setVisible(found.margin is not None)
            self.margin.setText(words.margin(found))
            self.margin.setToolTip(plain_tip(words.times_as_likely(found)))

    # --- set-up -----------------------------------------------------------------------------------------------------

    def _column(self, title: str) -> tuple[QVBoxLayout, QHBoxLayout]:
        column = QVBoxLayout()
        column.setSpacing(0)
        self._columns.append(column)
        head = QHBoxLayout()
        head.addWidget(Text(self.theme, title, "small", "text3", 600))
        head.addStretch(1)
        column.addLayout(head)
        column.addSpacing(6)
        return column, head

    def _speaking(self) -> QVBoxLayout:
        column, _ = self._column(self.tr("Speaking now"))
        top = QHBoxLayout()
        top.setSpacing(12)
        self.avatar = Avatar(self.theme, 44)
        title = QVBoxLayout()
        title.setSpacing(0)
        self.name = ElidedText(self.theme, "", "name", weight=600)
        self.sentence = ElidedText(self.theme, "", "small", "text2")
        title.addWidget(self.name)
        title.addWidget(self.sentence)
        top.addWidget(self.avatar, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(title, 1)
        column.addLayout(top)
        column.addSpacing(10)
        status = QHBoxLayout()
        status.setSpacing(8)
        self.badge = Badge(self.theme, "")
        self.numbers = QWidget()
        numbers = QHBoxLayout(self.numbers)
        numbers.setContentsMargins(0, 0, 0, 0)
        numbers.setSpacing(4)
        self.similarity = Text(self.theme, "", "body", weight=600)
        self.margin_name = Text(self.theme, self.tr("margin"), "small", "text2")
        self.margin = Text(self.theme, "", "body", weight=600)
        self.similarity_name = Text(self.theme, self.tr("similarity"), "small", "text2")
        numbers.addWidget(self.similarity_name)
        numbers.addWidget(self.similarity)
        numbers.addSpacing(6)
        numbers.addWidget(self.margin_name)
        numbers.addWidget(self.margin)
        status.addWidget(self.badge)
        status.addWidget(self.numbers)
        status.addStretch(1)
        column.addLayout(status)
        column.addStretch(1)
        return column

    def _nearest(self) -> QVBoxLayout:
        column, head = self._column(self.tr("Nearest voices"))
        self.mark = Text(self.theme, "", "small", "text3")
        head.addWidget(self.mark)
        self.nearest = BarRows(self.theme, 24, label_share=0.40, value_width=44)
        self.nearest.setAccessibleName(self.tr("Nearest voices"))
        self.empty = QWidget()
        inner = QVBoxLayout(self.empty)
        inner.setContentsMargins(0, 4, 0, 0)
        inner.setSpacing(8)
        inner.addWidget(Text(self.theme, self.tr("Enroll a voice first: until then everybody is unknown."), "body",
                             "text2", wrap=True))
        button = Button(self.theme, self.tr("Enroll a voice"), "user-plus", small=True)
        button.clicked.connect(self.enroll)
        inner.addWidget(button)
        self.empty.hide()
        self.nearest_note = Text(self.theme, self.tr("Whom a voice is like is shown while somebody speaks."), "small", "text3",
                                 wrap=True)
        column.addWidget(self.nearest_note)
        column.addWidget(self.nearest)
        column.addWidget(self.empty)
        column.addStretch(1)
        return column

    def _heard(self) -> QVBoxLayout:
        column, _ = self._column(self.tr("Heard now"))
        self.heard = BarRows(self.theme, 24, swatch=False, label_share=0.52, value_width=38)
        self.heard.setAccessibleName(self.tr("Heard now"))
        self.heard_note = Text(self.theme, self.tr("Nothing yet."), "small", "text3")
        column.addWidget(self.heard)
        column.addWidget(self.heard_note)
        column.addStretch(1)
        return column
