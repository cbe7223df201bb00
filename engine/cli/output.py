"""What a command says: one JSON document or words on standard output, progress and problems on standard error."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.errors import EarmarkError
from engine.tasks import Progress, Ticket

LONGEST_MESSAGE = 1_000  # characters of the line that says why


class Output:
    """Where the words of one run go."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.exit_code = 0

    def document(self, value: Any) -> None:
        """With --json: print this one document."""
        if self.as_json:
            escaped = (sys.stdout.encoding or "").lower().replace("-", "") not in ("utf8", "utf8sig")
            sys.stdout.write(json.dumps(plain(value), ensure_ascii=escaped, allow_nan=False) + "\n")
            sys.stdout.flush()

    def say(self, text: str = "") -> None:
        """Without --json: a line on standard output."""
        if not self.as_json:
            sys.stdout.write(shown(text) + "\n")
            sys.stdout.flush()

    def note(self, text: str) -> None:
        """A line on standard error."""
        sys.stderr.write(shown(text) + "\n")
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
            table.add_column(title, justify="right" if number in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(shown(cell)) for cell in row))
        console = Console(file=sys.stdout, soft_wrap=False)
        if not console.is_terminal:
            console = Console(file=sys.stdout, width=200)
        console.print(table)

    def failure(self, error: EarmarkError) -> None:
        """The whole command failed: one line why."""
        message = in_brief(str(error))
        if self.as_json:
            self.document({"error": {"kind": error.kind, "message": message}})
        else:
            self.note(f"earmark: {message}")
        self.exit_code = error.exit_code

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
        with Bar(TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[count]}"), TimeRemainingColumn(),
                 console=console, transient=True) as bar:
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


def shown(text: str) -> str:
    """Text for a terminal: bytes of a file name that are no UTF-8 are escaped, control characters too."""
    text = _escaped(text)
    return "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)


def in_brief(message: str) -> str:
    """A message that quotes something endless, without its middle."""
    return message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE // 2]} … {message[-LONGEST_MESSAGE // 2:]}"


def file_name(path: Path | str) -> str:
    """An absolute path for JSON, undecodable bytes escaped."""
    return os.fsencode(Path(path).absolute()).decode("utf-8", "backslashreplace")


def plain(value: Any) -> Any:
    """Make a value JSON: paths become strings, numbers of numpy become numbers, NaN and infinity become null."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, Path):
        return file_name(value)
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return _escaped(value)
    return value


def _escaped(text: str) -> str:
    """Bytes that are no UTF-8, and halves of characters, as their numbers."""
    if not any("\ud800" <= c <= "\udfff" for c in text):
        return text
    try:
        return os.fsencode(text).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # a half that stands for no byte
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def clock(seconds: float) -> str:
    """m:ss.s, or h:mm:ss from an hour on."""
    if seconds >= 3600:
        return f"{int(seconds // 3600)}:{int(seconds % 3600 // 60):02d}:{int(seconds % 60):02d}"
    tenths = round(seconds * 10)
    return f"{tenths // 600}:{tenths % 600 / 10:04.1f}"
