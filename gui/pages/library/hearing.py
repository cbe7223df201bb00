"""Hearing sounds: the keys and buttons that play rows of the table, and the playhead in table and player.

What the player holds is the one truth of what is heard: while a sound plays, the player keeps it, whatever is chosen in the
table meanwhile; the mark and the playhead of the table follow the player. When nothing plays, the player holds what is chosen.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.errors import EarmarkError
from engine.records import FoundSpan
from engine.tasks import Ticket
from gui.context import Context
from gui.pages.library.player import PlayerBar, folder_words
from gui.widgets.result_table import ResultModel, ResultTable, Row


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
        self._step_wanted = False  # ↓ was pressed while the answer was on its way
        self._outputs_known = False
        table.picked.connect(self.pick)
        table.reached.connect(self._reached)
        player.toggle.connect(self.pause)
        player.stop.connect(self.stop)
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
        """A row was selected without being played: show it, unless another one is heard or it is no answer to what is asked."""
        if not self.table.stale and not (self._is_mine() and self.audition.state == "playing"):
            self.show_row(number)

    def show_row(self, number: int) -> None:
        row = self._model.row(number)
        if row is not None:
            self.player.show_row(row, folder_words(row, self.roots), number, self._model.total)
            self.table.show_held(row.sound.id, None)
            self._span_done = False
            self.chosen.emit(row)

    def show_nothing(self) -> None:
        self.audition.stop()
        self.player.show_row(None, "", 0, 0)
        self.table.show_held(None, None)
        self.chosen.emit(None)

    def look_again(self) -> None:
        """The rows are those of the same answer as it is now: what plays goes on, its place and its tags are told anew."""
        held = self.player.row
        if held is None:
            return
        number = self._model.number(held.sound.id)
        if number < 0 and not (self._is_mine() and self.audition.state != "stopped"):
            self.show_nothing()
            return
        row = self._model.row(number) or held
        self.player.tell_row(row, folder_words(row, self.roots), number, self._model.total)
        self.chosen.emit(row)

    def step(self, by: int) -> None:
        """Play the next or previous row; while the answer is on its way, its first row once it is there."""
        if self.table.stale:
            self._step_wanted = True
        else:
            self.table.step(by)

    def answered(self) -> None:
        """The rows answer what is asked now."""
        if self._step_wanted:
            self._step_wanted = False
            self.table.step(1)

    def forget_step(self) -> None:
        """Nothing is to be played when the answer comes."""
        self._step_wanted = False

    def stop(self) -> None:
        self._step_wanted = False
        self.audition.stop()

    def replay(self) -> None:
        """From the matched span (or the start) to the end; looped or span only where asked."""
        row = self.player.row
        if row is None:
            self.step(1)
            return
        looped = row.span is not None and self.player.loop.isChecked()
        only = row.span is not None and (looped or self._span_only)
        start = row.span.start_s if row.span is not None else 0.0
        end = row.span.end_s if row.span is not None and only else None
        self._play(row, start, end, looped)

    def play_from(self, position_s: float) -> None:
        if self.player.row is not None:
            self._play(self.player.row, position_s)

    def pause(self) -> None:
        if self.audition.state == "stopped" or not self._is_mine():
            self.replay()
        else:
            self.audition.pause_or_resume()

    def play_found(self, span: FoundSpan) -> None:
        """Only this stretch of the chosen sound; over and over where that is asked."""
        if self.player.row is not None:
            self._play(self.player.row, span.start_s, span.end_s, self.player.loop.isChecked())

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

    def _play(self, row: Row, start_s: float, end_s: float | None = None, loop: bool = False) -> None:
        self.audition.play(row.sound.path, start_s, end_s, loop, token=row.sound.id)

    def _is_mine(self) -> bool:
        return self.player.row is not None and self.audition.token == self.player.row.sound.id

    def _loop(self, on: bool) -> None:
        if on != self.context.app.settings.value.loop_span:
            self.context.keep(loop_span=on)
        if self.audition.state == "playing" and self._is_mine():
            self.replay()

    def _follow(self) -> None:
        state = self.audition.state if self._is_mine() else "stopped"
        self.player.show_state(state)
        if state == "stopped":
            self._rest()
        else:
            self._moved(self.audition.position_s)
        if self.audition.error is not None:
            self.player.show_problem(str(self.audition.error))
        elif state == "playing":
            self.player.show_problem("")

    def _rest(self) -> None:
        """Nothing plays: the player holds what is chosen."""
        held, number = self.player.row, self.table.current_row()
        self.table.show_held(held.sound.id if held is not None else None, None)
        row = self._model.row(number) if not self.table.stale else None
        if row is not None and (held is None or row.sound.id != held.sound.id):
            self.show_row(number)

    def _moved(self, position_s: float) -> None:
        if self.player.row is not None and self._is_mine() and self.player.isVisible():
            self.player.show_position(position_s)
            self.table.show_held(self.player.row.sound.id, position_s)

    def _show_outputs(self, names: list[str]) -> None:
        self._outputs_known = True
        self.player.show_outputs(names, self.context.app.settings.value.output_device)
        self.player.show_problem("" if names else self.tr(
            "No loudspeaker was found. Searching works; sounds cannot be heard."))

    def _no_outputs(self, error: EarmarkError) -> None:
        self._outputs_known = True
        self.player.show_problem(str(error))
