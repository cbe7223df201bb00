"""The panels of what was heard so far: who spoke when, and how much."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from PySide6.QtCore import QCoreApplication, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QSizePolicy, QVBoxLayout, QWidget

from engine.records import IdentificationStatus, Turn
from engine.records import Timeline as Recorded
from gui.actions import key_text
from gui.pages.live.tracks import label, lanes
from gui.theme import Theme
from gui.widgets.controls import Button, ElidedText, Icon, IconButton, Panel, Text, rule
from gui.widgets.timeline import Timeline, clock, lanes_of_turns, paint_turn
from gui.widgets.voice_rows import BarRow, BarRows

SPOKEN_ROW_PX, AROUND_ROWS_PX, TITLE_PX = 26, 64, 20  # of SpokenPanel: title, last line and gaps


class WhoPanel(QFrame):
    """The timeline with its legend, zoom and export. export(kind): one of KINDS was chosen."""

    export = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.theme = theme
        self.setProperty("frame", "panel")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        self.timeline = Timeline(theme)
        self.timeline.window_changed.connect(self._say)
        self.scope = ElidedText(theme, "", "body", "text3")
        self.nearer = IconButton(theme, "magnifying-glass-plus", self.tr("Show less time"), size=24)
        self.farther = IconButton(theme, "magnifying-glass-minus", self.tr("Show more time"), size=24)
        self.whole = IconButton(theme, "arrows-out-line-horizontal", self.tr("Fit everything into view ({})").format(
            key_text("live.fit")), size=24)
        self.nearer.clicked.connect(lambda: self.timeline.zoom(1))
        self.farther.clicked.connect(lambda: self.timeline.zoom(-1))
        self.whole.clicked.connect(self.timeline.fit)
        self.export_button = Button(theme, self.tr("Export…"), "export", small=True)
        self.export_button.clicked.connect(self.ask_export)
        self.head = QHBoxLayout()
        self.head.setContentsMargins(12, 0, 12, 0)
        self.head.setSpacing(8)
        title = Text(theme, self.tr("Who spoke when"), "body", weight=600)
        self.head.addWidget(title)
        self.head.addWidget(self.scope, 1)
        self._keys = [_Key(theme, "match", self.tr("match")), _Key(theme, "tentative", self.tr("tentative")),
                      _Key(theme, "unknown", self.tr("unknown"))]
        self._legend = QWidget()
        self._legend.setMinimumWidth(1)  # said outright: the panel may be too narrow for it
        legend = QHBoxLayout(self._legend)
        legend.setContentsMargins(0, 0, 0, 0)
        legend.setSpacing(8)
        for key in self._keys:
            legend.addWidget(key)
        for widget in (self._legend, self.farther, self.nearer, self.whole, self.export_button):
            self.head.addWidget(widget)
        self._beside: list[QWidget] = [title, self._legend, self.farther, self.nearer, self.whole, self.export_button]
        frame = QWidget()
        frame.setLayout(self.head)
        frame.setFixedHeight(36)
        self.hint = Text(theme, self.tr("Turns appear here as soon as somebody speaks."), "small", "text3")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        cover = QVBoxLayout(self.timeline)
        cover.addWidget(self.hint)
        column.addWidget(frame)
        column.addWidget(rule())
        column.addWidget(self.timeline, 1)
        self.help = Text(theme, self.tr("Press to play from there · wheel to zoom · drag to move · ← → from turn to turn · "
                                        "Space pauses"), "caption", "text3", wrap=True)
        self.help.setContentsMargins(12, 4, 12, 8)
        self.help.hide()
        column.addWidget(self.help)
        self._say()

    def set_turns(self, turns: list[Turn], now_s: float, colours: dict[str, int]) -> None:
        self.timeline.set_turns(turns, now_s, colours)
        self._shown(bool(turns))

    def set_recording(self, timeline: Recorded, fit: bool) -> None:
        self.timeline.set_recording(*lanes(timeline), timeline.duration_s, fit)
        self.hint.setText(self.tr("Nobody speaks in this recording."))
        self.help.setVisible(bool(timeline.turns))
        self._shown(bool(timeline.turns))

    def add_act(self, button: Button) -> None:
        """At the right end of the head; before it is shown."""
        self.head.addWidget(button)
        self._beside.append(button)

    def ask_export(self) -> QMenu | None:
        """The menu of the formats; export is emitted with the one that was chosen."""
        if not self.export_button.isEnabled():
            return None
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for kind, (text, _) in kinds().items():
            menu.addAction(text, partial(self.export.emit, kind))
        menu.popup(self.export_button.mapToGlobal(QPoint(0, self.export_button.height() + 2)))
        return menu

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        others = [one for one in self._beside if one is not self._legend and not one.isHidden()]
        margins, gap = self.head.contentsMargins(), 8
        room = self.width() - 2 - margins.left() - margins.right() - self.scope.minimumSizeHint().width()
        roomy = room >= sum(one.sizeHint().width() + gap for one in (self._legend, *others))
        self._legend.setVisible(roomy)
        self.head.setSpacing(gap if roomy else 5)
        self._say()

    def _shown(self, anything: bool) -> None:
        self.hint.setVisible(not anything)
        self.export_button.setEnabled(anything)
        self.export_button.setToolTip("" if anything else self.tr("There is nothing to export yet."))
        self._say()

    def _say(self) -> None:
        line = self.timeline
        voices, seconds = sum(lane.known for lane in line.lanes()), line.window_s
        if line.view.fitted and not line.live:
            span = self.tr("all of it shown")
        elif seconds >= 60 and seconds % 60 == 0:
            minutes = int(seconds // 60)
            span = self.tr("1 minute shown") if minutes == 1 else self.tr("{} minutes shown").format(minutes)
        elif seconds < 60:
            span = self.tr("{} s shown").format(f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.1f}")
        else:
            span = self.tr("{} shown").format(clock(seconds))
        bits = [span]
        if voices:
            bits.insert(0, self.tr("1 voice") if voices == 1 else self.tr("{} voices").format(voices))
        text = next((text for text in (" · ".join(bits), bits[0]) if self._fits(text)), "")
        if text != self.scope.text():
            self.scope.set_text(text)
        self.nearer.setEnabled(line.can_zoom(1))
        self.farther.setEnabled(line.can_zoom(-1))

    def _fits(self, text: str) -> bool:
        """Beside the other things of the head."""
        taken = sum(one.sizeHint().width() + self.head.spacing() for one in self._beside if not one.isHidden())
        margins = self.head.contentsMargins()
        room = self.width() - 2 - margins.left() - margins.right() - taken
        return self.scope.fontMetrics().horizontalAdvance(text) + 2 <= room


def kinds() -> dict[str, tuple[str, str]]:
    """Formats of the engine's exports: kind → (words, suffix)."""
    def tr(text: str) -> str:
        return QCoreApplication.translate("WhoPanel", text)

    return {"rttm": (tr("RTTM – for diarization tools"), ".rttm"), "csv": (tr("CSV – a table"), ".csv"),
            "audacity": (tr("Audacity labels"), ".txt"), "srt": (tr("SRT subtitles"), ".srt")}


class _Key(QWidget):
    """One entry of the legend: how a turn of that status looks, and its word."""

    def __init__(self, theme: Theme, status: IdentificationStatus, word: str) -> None:
        super().__init__()
        self._theme, self._status, self._word = theme, status, word
        self.setFont(theme.font("small", 500))
        self.setAccessibleName(word)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(18 + 6 + self.fontMetrics().horizontalAdvance(self._word) + 2, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_turn(painter, QRectF(0, 4, 18, 10), self._theme, self._status, self._theme.colour("text2"))
        painter.setFont(self.font())
        painter.setPen(self._theme.colour("text2"))
        painter.drawText(QRectF(24, 0, self.width() - 24, 18), Qt.AlignmentFlag.AlignVCenter, self._word)
        painter.end()


class SpokenPanel(Panel):
    """Seconds and share of each voice, and whether the sound is kept."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "​", "", parent)
        self.body.setContentsMargins(12, 10, 12, 10)
        self._spoken: list[tuple[str, float, int | None]] = []
        self._words = ("", "")  # beside the title: where there is room, and where there is little
        self.scope = ElidedText(theme, "", "body", "text3")
        self.detail.hide()
        self.header.takeAt(self.header.count() - 1)  # the room behind the words is theirs
        self.header.addWidget(self.scope, 1)
        self.rows = BarRows(theme, SPOKEN_ROW_PX, label_share=0.40, value_width=50, extra_width=44)
        self.rows.setAccessibleName(self.tr("Seconds spoken"))
        self.body.addWidget(self.rows)
        self.body.addStretch(1)
        foot = QHBoxLayout()
        foot.setSpacing(7)
        self.lock = Icon(theme, "lock-simple", "text3", 14)
        self.kept = ElidedText(theme, "", "small", "text2")
        foot.addWidget(self.lock)
        foot.addWidget(self.kept, 1)
        self.body.addLayout(foot)

    def set_turns(self, turns: list[Turn], elapsed_s: float, colours: dict[str, int], live: bool,
                  began: datetime | None, ended: datetime | None) -> None:
        found, _ = lanes_of_turns(turns, colours)
        total = sum(lane.spoken_s for lane in found)
        self._show([(lane.name, lane.spoken_s, lane.colour) for lane in found])
        self.title.setText(self.tr("This session"))
        if live or began is None or ended is None:
            words = self.tr("speech {spoken} of {all}").format(spoken=clock(total), all=clock(elapsed_s))
        else:
            words = self.tr("{begin} – {end} · {spoken} of speech").format(
                begin=f"{began:%H:%M}", end=f"{ended:%H:%M}", spoken=clock(total))
        self._words = (words, clock(total))
        self._fill()

    def set_recording(self, timeline: Recorded) -> None:
        """Of a recording that is looked at."""
        self._show([(label(track), track.speech_s, None if track.voice is None else track.colour) for track in timeline.tracks])
        self.title.setText(self.tr("This recording"))
        spoken = clock(timeline.speech_s)
        self._words = (self.tr("speech {spoken} of {all}").format(spoken=spoken, all=clock(timeline.duration_s)), spoken)
        self._fill()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fill()

    def _show(self, spoken: list[tuple[str, float, int | None]]) -> None:
        """(name, seconds, colour; None for a stranger) of everybody: voices first, who spoke most above."""
        self._spoken = sorted(spoken, key=lambda one: (one[2] is None, -one[1]))
        self._fill()

    def _fill(self) -> None:
        """As many rows as there is room for; who has none is counted together in the last one. Beside the title what fits."""
        fits = self.scope.fontMetrics().horizontalAdvance(self._words[0]) + 2 <= self._scope_px()
        if self.scope.text() != self._words[not fits]:
            self.scope.set_text(self._words[not fits])
        beside = max(0, self.header.sizeHint().height() - TITLE_PX)  # a button there is higher than the title
        room = max(2, (self.height() - AROUND_ROWS_PX - beside) // SPOKEN_ROW_PX)
        shown, rest = self._spoken, self._spoken[room - 1:]
        if len(shown) > room:
            shown = [*shown[:room - 1], (self.tr("{} others").format(len(rest)), sum(seconds for _, seconds, _ in rest), None)]
        total = sum(seconds for _, seconds, _ in shown)
        self.rows.set_rows([BarRow(name, seconds / total, clock(seconds), _percent(seconds / total), colour,
                                   unknown=colour is None) for name, seconds, colour in shown if total])

    def _scope_px(self) -> int:
        """Room beside the title and what else stands in the header."""
        items = [self.header.itemAt(at) for at in range(self.header.count())]
        others = [one for one in items if one is not None and one.widget() not in (self.scope, self.detail)]
        taken = sum(one.sizeHint().width() + self.header.spacing() for one in others)
        return self.width() - 26 - taken

    def set_kept(self, text: str, saved: bool) -> None:
        self.kept.set_text(text)
        self.lock.set("floppy-disk" if saved else "lock-simple", "text3")


def _percent(share: float) -> str:
    return "< 1 %" if 0 < share < 0.005 else f"{share * 100:.0f} %"
