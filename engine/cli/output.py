"""What a command says: one JSON document or words on standard output, progress and problems on standard error.

Words are one line each, and all of them pass through `engine.texts.shown`: no name that stands in them can make a line of its
own, change colours, or be taken for markup.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from engine.errors import EarmarkError, UsageError
from engine.tasks import Progress, Ticket
from engine.texts import decoded, shown

__all__ = ["CALLED", "LONGEST_MESSAGE", "Output", "clock", "file_name", "in_brief", "plain", "shown"]

FILE_COLUMNS = 200  # of a table that goes to no terminal
CALLED = "python main.py"  # how every sentence that says what to type calls the program
LONGEST_MESSAGE = 1_000  # characters of the line that says why


class Output:
    """Where the words of one run go."""

    def __init__(self, as_json: bool, program: str = CALLED) -> None:
        """program: how it was called. Where that is not CALLED, sentences that say what to type say it so."""
        self.as_json = as_json
        self.program = program
        self.exit_code = 0
        self._aside = False  # words go to standard error
        self._full = False  # standard output takes nothing more

    def make_way(self, path: Path) -> None:
        """Words go to standard error where what is written, as /dev/stdout, is standard output itself.

        With --json that is refused: the document goes there, and neither could be read then. Raises UsageError.
        """
        with contextlib.suppress(OSError, ValueError):
            self._aside = os.path.samestat(path.stat(), os.fstat(sys.stdout.fileno()))
        if self._aside and self.as_json:
            raise UsageError(f"{path} is standard output, where --json writes, too. Write to a file, or leave --json out.")

    def document(self, value: Any) -> None:
        """With --json: print this one document."""
        if self.as_json:
            escaped = (sys.stdout.encoding or "").lower().replace("-", "") not in ("utf8", "utf8sig")
            self._put(json.dumps(plain(value), ensure_ascii=escaped, allow_nan=False) + "\n")

    def say(self, text: str = "") -> None:
        """Without --json: a line on standard output."""
        if not self.as_json:
            self._put(shown(text).replace(CALLED, self.program) + "\n")

    def note(self, text: str) -> None:
        """A line on standard error."""
        self.help(shown(text).replace(CALLED, self.program))

    def help(self, text: str) -> None:
        """Words of the program's own in several lines, on standard error. One that takes nothing is no reason to fail."""
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text + "\n")
            sys.stderr.flush()

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> None:
        """Without --json: a table; columns in `right` are aligned to the right."""
        if self.as_json:
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False, header_style="bold")
        for number, title in enumerate(head):
            table.add_column(Text(title), justify="right" if number in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(shown(cell)) for cell in row))
        drawn, terminal = io.StringIO(), self._words.isatty()
        Console(file=drawn, force_terminal=terminal, width=None if terminal else FILE_COLUMNS).print(table)
        self._put(drawn.getvalue())

    @property
    def _words(self) -> TextIO:
        return sys.stderr if self._aside else sys.stdout

    def _put(self, text: str) -> None:
        """Write to standard output. Raises BrokenPipeError where its reader has gone, EarmarkError where it takes no more."""
        stream = sys.stdout if self.as_json else self._words
        try:
            stream.write(text)
            stream.flush()
        except OSError as error:
            self._give_up()
            if isinstance(error, BrokenPipeError):
                raise
            raise EarmarkError(f"Standard output takes nothing more: {error.strerror or error}.") from error

    def _give_up(self) -> None:
        """What standard output still holds goes nowhere: Python would try to write it at its end, and say that it cannot."""
        self._full = True
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)

    def failure(self, error: EarmarkError) -> None:
        """The whole command failed: one line why."""
        message = in_brief(str(error).replace(CALLED, self.program))
        self.exit_code = error.exit_code
        if self.as_json and not self._full:
            try:
                self.document({"error": {"kind": error.kind, "message": message}})
                return
            except BrokenPipeError:
                return
            except EarmarkError as unsaid:
                self.note(f"earmark: {unsaid}")
        self.note(f"earmark: {message}")

    def file_failed(self, path: Path, reason: str) -> dict[str, str]:
        """One file of several failed: a line about it, exit code 1; returns its place in the document."""
        self.exit_code = max(self.exit_code, 1)
        self.note(f"earmark: {path.name or path}: {in_brief(reason)}")
        return {"file": file_name(path), "error": reason}

    @contextmanager
    def progress(self, title: str) -> Iterator[Ticket]:
        """A ticket whose progress is drawn on standard error where that is a terminal."""
        if not sys.stderr.isatty():
            yield Ticket()
            return
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        console = Console(file=sys.stderr)
        with Bar(TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[count]}", markup=False),
                 TimeRemainingColumn(), console=console, transient=True) as bar:
            task = bar.add_task(title, total=None, count="")

            def show(at: Progress) -> None:
                count = f"{at.done:,.0f}" + (f" of {at.total:,.0f}" if at.total else "")
                if at.unit == "B":
                    count = f"{at.done / 1e6:.0f} of {(at.total or 0) / 1e6:.0f} MB"
                if at.rate:
                    count += f" · {at.rate:.0f} {at.unit}"
                bar.update(task, completed=at.done, total=at.total, count=count,
                           description=f"{title} {shown(at.note)}"[:60])

            yield Ticket(show)


def in_brief(message: str) -> str:
    """A message that quotes something endless, without its middle."""
    return message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE // 2]} … {message[-LONGEST_MESSAGE // 2:]}"


def file_name(path: Path | str) -> str:
    """An absolute path for JSON, undecodable bytes escaped."""
    return os.fsencode(Path(path).absolute()).decode("utf-8", "backslashreplace")


def plain(value: Any) -> Any:
    """Make a value JSON: paths become strings, numbers of numpy become numbers, NaN and infinity become null."""
    if isinstance(value, Mapping):
        return {decoded(str(k)): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, Path):
        return file_name(value)
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return decoded(value)
    return value


def clock(seconds: float) -> str:
    """m:ss.s, or h:mm:ss from an hour on."""
    if seconds >= 3600:
        return f"{int(seconds // 3600)}:{int(seconds % 3600 // 60):02d}:{int(seconds % 60):02d}"
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"
