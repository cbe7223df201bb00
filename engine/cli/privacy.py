"""`privacy`, `voices export` and `voices import`."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.output import file_name
from engine.cli.paths import destination, file_to_write, given
from engine.cli.secrets import VARIABLE
from engine.errors import EarmarkError, UnlikeVoice, UsageError
from engine.texts import is_label

PassphraseFile = Annotated[Path | None, typer.Option(
    "--passphrase-file", metavar="FILE", parser=given,
    help="Its first line is the passphrase; - is standard input. Without it you are asked.")]
STATES = {
    "off": "Voices are not encrypted: names, samples and recordings lie open in the workspace.",
    "keyring": "Voices are encrypted; the key is in the keyring of this computer.",
    "passphrase": "Voices are encrypted; a passphrase opens them.",
}
LOCKED = {
    "passphrase": "Locked: the passphrase is needed.",
    "keyring": "Locked: the keyring is missing or locked. Unlock it, or give the recovery code when asked.",
    "key": "Locked: the key is not in the keyring any more. Give the recovery code when asked.",
}


def add_to(root: typer.Typer) -> None:
    privacy = typer.Typer(help="Encrypt what is kept of voices.", no_args_is_help=True)
    for name, command in (("status", status), ("on", turn_on), ("off", turn_off)):
        privacy.command(name)(command)
    root.add_typer(privacy, name="privacy")


def status(context: typer.Context) -> None:
    """Say whether voices are encrypted, and where the key is."""
    _tell(context)


def turn_on(context: typer.Context,
            passphrase: Annotated[bool, typer.Option("--passphrase", help="Keep the key behind a passphrase.")] = False,
            keyring: Annotated[bool, typer.Option("--keyring", help="Keep the key in the keyring of this computer "
                                                                    "(the default where there is one).")] = False,
            passphrase_file: PassphraseFile = None) -> None:
    """Encrypt the voices, or keep their key in another way: again with --passphrase changes the passphrase."""
    run = context.obj
    if keyring and (passphrase or passphrase_file):
        raise UsageError("Choose one: --keyring or --passphrase.")
    app = run.app
    by_passphrase = passphrase or passphrase_file is not None or not (keyring or app.privacy.keyring_usable())
    secret = None
    if by_passphrase:
        if not passphrase and passphrase_file is None:
            run.out.note("There is no keyring on this computer that can be used, so the key is kept behind a passphrase.")
        named = os.environ.get(VARIABLE) if app.store.plain else None  # otherwise it opens what is there
        secret = run.secrets.new(passphrase_file or (Path(named) if named else None), "New passphrase for the workspace: ")
    shown: list[str] = []

    def show(code: str) -> None:
        """Before anything is sealed: whoever is stopped after that has seen it. With --json also on standard error."""
        tell = run.out.note if run.out.as_json else run.out.say
        tell(f"Recovery code: {code}")
        tell("Write it down and keep it apart from this computer. It is shown this once, and opens the workspace where the "
             "keyring is lost.")
        shown.append(code)

    try:
        code = app.privacy.encrypt(secret, show)
    except (EarmarkError, KeyboardInterrupt):
        with contextlib.suppress(EarmarkError):  # nothing is said where nobody knows
            if shown:
                run.out.note("earmark: " + (
                    "The voices are encrypted all the same: the recovery code above opens them."
                    if app.privacy.opened_by(shown[0]) else
                    "The recovery code above opens nothing: the voices are kept as before."))
        raise
    _tell(context, {"recovery_code": code})
    if code is None:
        run.out.say("Nobody can open the voices without this passphrase, not even Earmark.")


def turn_off(context: typer.Context) -> None:
    """Write everything plainly again."""
    context.obj.app.privacy.decrypt()
    _tell(context)


def export(context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", parser=destination)],
           names: Annotated[list[str] | None, typer.Argument(metavar="[NAME…]", help="All voices, where none is named.")] = None,
           passphrase_file: PassphraseFile = None,
           overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False) -> None:
    """Write voices, with their samples and kept recordings, to one file that a passphrase opens."""
    run = context.obj
    run.out.make_way(file_to_write(file))
    for name in names or ():
        run.app.voices.get(name)
    if file.exists() and not overwrite:
        raise UsageError(f"{file.name} is there already. Choose another name, or say --overwrite.")
    secret = run.secrets.new(passphrase_file, "New passphrase for the file: ")
    with run.out.progress("Exporting") as ticket:
        done = run.app.privacy.export(file, secret, names or (), ticket)
    run.out.document({"file": file_name(file), "voices": done.voices, "takes": done.takes, "samples": done.samples,
                      "recordings": done.recordings})
    run.out.say(f"{done.voices} voices, {done.samples} samples and {done.recordings} recordings are in {file.name}.")


def import_(context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", parser=given)],
            passphrase_file: PassphraseFile = None,
            clash: Annotated[str, typer.Option(metavar="rename|merge", help="What becomes of a voice whose name is taken: a "
                             "number behind its name, or its takes added to the one that is here.")] = "rename",
            anyway: Annotated[bool, typer.Option("--anyway", help="With --clash merge: also takes that do not sound like the "
                              "voice that is here.")] = False) -> None:
    """Add the voices of an exported file, all or none. Takes that are here already are not doubled."""
    run = context.obj
    if clash not in ("rename", "merge"):
        raise UsageError("--clash can be rename or merge.")
    if not file.exists():
        raise UsageError(f"There is no file {file.name}.")
    secret = run.secrets.known(passphrase_file, "Passphrase of the file: ")
    with run.out.progress("Importing") as ticket:
        try:
            done = run.app.privacy.import_(file, secret, clash, ticket, anyway)
        except UnlikeVoice as error:
            raise error.besides("Nothing was imported. To keep them apart, leave --clash merge out; to add the takes all the "
                                "same, say --anyway.") from None
    run.out.document({"file": file_name(file), "voices": [
        {"name": one.name, "action": one.action, "takes": one.takes, "samples": one.samples,
         "other_encoder": one.other_encoder} for one in done]})
    for one in done:
        renamed = (f" was called {one.named}, which Earmark itself says where it is not sure who speaks" if is_label(one.named)
                   else " got a number, because the name was taken")
        run.out.say(one.name + {"made": " is new", "merged": " was added to", "renamed": renamed,
                                "nothing": " is here already, with all takes"}[one.action]
                    + ("" if one.action == "nothing" else f": {one.takes} takes, {one.samples} samples"))
        if one.other_encoder:
            run.out.note(f"earmark: {one.other_encoder} samples of {one.name} are of another encoder. They are kept, and "
                         "cannot be compared until that encoder is used; enroll the voice again for the one in use.")


def _tell(context: typer.Context, more: dict[str, Any] | None = None) -> None:
    run = context.obj
    state = run.app.privacy.state()
    run.out.document({"encryption": state.way, "since": None if state.since is None else state.since.isoformat(),
                      "locked": state.locked, "wiped": not state.unclean,
                      "keyring": run.app.privacy.keyring_usable(), **(more or {})})
    run.out.say(STATES[state.way])
    if state.locked is not None:
        run.out.say(LOCKED[state.locked])
    if state.unclean and run.app.store.unfinished() is None:  # what this command left is said at its end, after one more try
        run.out.note("earmark: old pages and files could not be wiped yet: another program was reading, the disk was full, or "
                     "Earmark was killed. That is done by the next command that changes something.")
