"""Reads the command line, opens the workspace, runs the command, turns errors into an exit code.

0 done · 1 the work failed, or is done and something after it is left to the next command · 2 wrong usage or a missing part ·
130 cancelled.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from engine.cli import demo, describing, evaluate, library, models, privacy, projection, stopping, train, voices
from engine.cli.output import CALLED, Output
from engine.cli.secrets import Secrets
from engine.errors import Cancelled, EarmarkError, Unfinished, UsageError
from engine.settings import CHOICES

if TYPE_CHECKING:
    from engine.app import Earmark

log = logging.getLogger(__name__)


@dataclass
class Run:
    """One run of the program: the common options, where words go, and the workspace, opened on first use. stop_listening: for
    Ctrl+C as `stopping` does."""

    out: Output
    workspace: Path | None = None
    device: str | None = None
    pictures: Callable[..., Any] | None = None
    picture_of_map: Callable[..., Any] | None = None
    opened: list[Earmark] = field(default_factory=list)
    stop_listening: Callable[[], object] = lambda: None

    @cached_property
    def secrets(self) -> Secrets:
        return Secrets(self.out)

    @cached_property
    def app(self) -> Earmark:
        from engine.app import Earmark

        app = Earmark(self.workspace, self.device, self.secrets.workspace)
        self.opened.append(app)
        return app


def main(arguments: Sequence[str], window: Callable[[Path | None, str | None], int] | None = None,
         pictures: Callable[..., Any] | None = None, picture_of_map: Callable[..., Any] | None = None) -> int:
    """Run one command line; returns the exit code. window, pictures, picture_of_map: what needs Qt, given by main.py."""
    _open_streams()
    for name in ("engine", "gui"):  # until a workspace has a log: Python itself would write to standard error
        logging.getLogger(name).addHandler(logging.NullHandler())
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a letter shows its number
    options = arguments[:arguments.index("--")] if "--" in arguments else arguments
    program = "earmark" if Path(sys.argv[0]).stem == "earmark" else CALLED  # an installed program has no main.py to start
    out = Output("--json" in options, program)
    run = Run(out, pictures=pictures, picture_of_map=picture_of_map)
    signal.signal(signal.SIGTERM, _terminated)
    code = 1
    try:
        code = _run(arguments, run, window)
    finally:
        for app in run.opened:
            left = _leave(app)
            if isinstance(left, Unfinished):
                out.note(f"earmark: {left.pending if code == 0 else left}")
            elif left is not None and code == 0:
                out.note("earmark: What was asked for is done. Cancelled while putting right what a killed program left; the "
                         "next command that changes something goes on with that.")
            if left is not None:
                code = code or left.exit_code
        run.stop_listening()
    return code


def _run(arguments: Sequence[str], run: Run, window: Callable[[Path | None, str | None], int] | None) -> int:
    """Run one command line in a workspace that the caller closes; returns the exit code."""
    out = run.out
    try:
        rest = _common(arguments, run)
        if not rest and window is not None:
            return window(run.workspace, run.device)
        run.stop_listening = stopping.listen(lambda: out.failure(Cancelled("Cancelled while a file or a disk did not answer.")))
        code = typer.main.get_command(_commands()).main(args=rest, prog_name=out.program, standalone_mode=False, obj=run)
        if code == Cancelled.exit_code:  # what typer makes of Ctrl+C, without a word
            raise KeyboardInterrupt
        return int(code) if isinstance(code, int) and code else out.exit_code
    except EarmarkError as error:
        out.failure(error)
    except (KeyboardInterrupt, typer.Abort):
        out.failure(Cancelled())
    except typer.exceptions.TyperException as error:
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        if message.startswith("Usage: "):  # the help itself, where a command is missing
            out.help(message + "\n")
            message = "Say which of the commands above."
        out.failure(UsageError(message or "Wrong usage. Try --help."))
    except typer.Exit as leaving:
        return leaving.exit_code
    except BrokenPipeError:  # whoever read the answer has gone, and knows it
        return 1
    except Exception:
        log.exception("unexpected")
        where = f" The log in {run.opened[-1].store.logs} tells more." if run.opened else ""
        out.failure(EarmarkError(f"Something unexpected went wrong: {sys.exc_info()[1]}.{where}"))
    return out.exit_code


def _open_streams() -> None:
    """A stream that was closed before the start leads nowhere, so that no file that is opened gets its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115


def _leave(app: Earmark) -> Unfinished | Cancelled | None:
    """Close the workspace. A command that wrote to it also puts right what an earlier one, killed, left behind.

    Returns what this command itself could not finish, else Cancelled where Ctrl+C ended the putting right: its work is done, and
    said by now.
    """
    stopped: Cancelled | None = None
    try:
        if app.store.claimed:
            app.tidy()
    except EarmarkError as error:
        log.info("what a killed program left stays for now: %s", error.kind)
    except KeyboardInterrupt:
        stopped = Cancelled()
    finally:
        left = app.store.unfinished()
        app.close()
    return left or stopped


def _common(arguments: Sequence[str], run: Run) -> list[str]:
    """Take --workspace, --device and --json out, wherever they stand before a lone `--`; returns the rest."""
    rest: list[str] = []
    waiting = iter(arguments)
    for word in waiting:
        name, equals, value = word.partition("=")
        if word == "--":
            return [*rest, word, *waiting]
        if word == "--json":
            continue
        if name not in ("--workspace", "--device"):
            rest.append(word)
            continue
        if not equals:
            value = next(waiting, "")
        if not value:
            raise UsageError(f"{name} needs a value.")
        if name == "--workspace":
            run.workspace = Path(value)
        elif value not in CHOICES["device"]:
            raise UsageError(f"There is no device “{value}”; it can be {', '.join(CHOICES['device'])}.")
        else:
            run.device = value
    return rest


def _commands() -> typer.Typer:
    root = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
                       help="Knows who is speaking and finds any sound by describing it. Without a command it opens "
                            "the window.\n\nEvery command takes --workspace DIR, --device auto|cpu|cuda|mps and --json.")
    for part in (models, voices, privacy, library, describing, projection, evaluate, train, demo):
        part.add_to(root)
    return root


def _terminated(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
