"""Hearing sounds: the keys and buttons that play rows of the table, and the playhead in table and player."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.errors import EarmarkError
from engine.records import FoundSpan
from engine.tasks import Ticket
from gui.context import Context
from gui.pages.library.player import PlayerBar, folder_words
from gui.widgets.result_table import ResultModel, ResultTable


class Hearing(QObject):
    """Joins the table, the player bar and the one player of the window. said(sentence): a toast. chosen(Row or None).

    found: stretches of the chosen sound where the query is heard, where that was looked for.
    """

    said = Signal(str)
    chosen = Signal(object)

    def __init__(self, context: Context, table: ResultTable, player: PlayerBar, parent: QObject) -> None:
        super().__init__(parent)
        self.context, self.audition = context, context.audition
        self.table, self.player = table, player
        self.roots: dict[int, Path] = {}  # folder id → path, for the words below a name
        self._model: ResultModel = table.rows
        self.found: tuple[FoundSpan, ...] = ()
        self._span_only = False
        self._span_done = False  # a stretch of the chosen sound was played: the next key goes on from there
        self._outputs_known = False
        table.picked.connect(self.pick)
        table.reached.connect(self._reached)
        player.toggle.connect(self.pause)
        player.stop.connect(self.audition.stop)
        player.sought.connect(self.play_from)
        player.look_again.connect(self.look_for_outputs)
        player.loop_changed.connect(self._loop)
        self.audition.changed.connect(self._follow)
        self.audition.moved.connect(self._moved)

    def pick(self, number: int) -> None:
        """A row was chosen: show and play it, its span first."""
        self.show_row(number)
        self.replay()

    def _reached(self, number: int) -> None:
        """A row was selected without being played: show it, unless another one is heard."""
        if not (self._is_mine() and self.audition.state == "playing"):
            self.show_row(number)

    def show_row(self, number: int) -> None:
        row = self._model.row(number)
        if row is not None:
            self.player.show_row(row, folder_words(row, self.roots), number, self._model.total)
            self._span_done = False
            self.chosen.emit(row)

    def show_nothing(self) -> None:
        self.audition.stop()
        self.player.show_row(None, "", 0, 0)
        self.chosen.emit(None)

    def step(self, by: int) -> None:
        self.table.step(by)

    def replay(self) -> None:
        """From the matched span (or the start) to the end; looped or span only where asked."""
        row = self.player.row
        if row is None:
            self.table.step(1)
            return
        looped = row.span is not None and self.player.loop.isChecked()
        only = row.span is not None and (looped or self._span_only)
        start = row.span.start_s if row.span is not None else 0.0
        end = row.span.end_s if row.span is not None and only else None
        self.audition.play(row.sound.path, start, end, looped, token=row.sound.id)

    def play_from(self, position_s: float) -> None:
        if self.player.row is not None:
            self.audition.play(self.player.row.sound.path, position_s, None, False, token=self.player.row.sound.id)

    def pause(self) -> None:
        if self.audition.state == "stopped" or not self._is_mine():
            self.replay()
        else:
            self.audition.pause_or_resume()

    def play_found(self, span: FoundSpan) -> None:
        """Only this stretch of the chosen sound; over and over where that is asked."""
        if self.player.row is not None:
            sound = self.player.row.sound
            self.audition.play(sound.path, span.start_s, span.end_s, self.player.loop.isChecked(), token=sound.id)

    def play_span(self) -> None:
        """The next stretch where the query is heard; where none is known, only the matched span, until it is asked again."""
        if self.found:
            playing = self._is_mine() and self.audition.state != "stopped"
            here_s = self.player.strip.position_s if playing or self._span_done else -1.0
            self.play_found(next((one for one in self.found if one.start_s > here_s + 0.05), self.found[0]))
            self._span_done = True
            return
        if self.player.row is not None and self.player.row.span is None:
            self.said.emit(self.tr("There is no matched span: a query marks one."))
            return
        self._span_only = not self._span_only
        self.said.emit(self.tr("Only the matched span is played.") if self._span_only
                       else self.tr("Sounds are played to their end."))
        self.replay()

    def look_for_outputs(self) -> None:
        """List the loudspeakers; say so where there is none."""
        rescan = self._outputs_known

        def work(ticket: Ticket) -> list[str]:
            from engine.audio import devices

            return [device.name for device in devices.outputs(rescan=rescan)]

        self.context.jobs.run(self, work, lane="sound", done=self._show_outputs, failed=self._no_outputs)

    def look_once(self) -> None:
        if not self._outputs_known:
            self.look_for_outputs()

    def _is_mine(self) -> bool:
        return self.player.row is not None and self.audition.token == self.player.row.sound.id

    def _loop(self, on: bool) -> None:
        if on != self.context.app.settings.value.loop_span:
            self.context.app.settings.change(loop_span=on)
        if self.audition.state == "playing" and self._is_mine():
            self.replay()

    def _follow(self) -> None:
        state = self.audition.state if self._is_mine() else "stopped"
        self.player.show_state(state)
        if state == "stopped":
            self.table.show_playing(-1, None)
        else:
            self._moved(self.audition.position_s)
        if self.audition.error is not None:
            self.player.show_problem(str(self.audition.error))
        elif state == "playing":
            self.player.show_problem("")

    def _moved(self, position_s: float) -> None:
        if self._is_mine() and self.player.isVisible():
            self.player.show_position(position_s)
            self.table.show_playing(self.table.current_row(), position_s)

    def _show_outputs(self, names: list[str]) -> None:
        self._outputs_known = True
        self.player.show_outputs(names, self.context.app.settings.value.output_device)
        self.player.show_problem("" if names else self.tr(
            "No loudspeaker was found. Searching works; sounds cannot be heard."))

    def _no_outputs(self, error: EarmarkError) -> None:
        self._outputs_known = True
        self.player.show_problem(str(error))
