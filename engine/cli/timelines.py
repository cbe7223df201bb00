"""`voices timeline`, `timelines`, `name-stranger` and `undo-naming`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.output import clock, file_name
from engine.cli.paths import destination, file_to_write, given, same_file
from engine.errors import EnrollmentError, StoreError, UnlikeVoice, UsageError
from engine.records import Timeline
from engine.store.records import Naming
from engine.texts import name_fault

_STRANGER = re.compile(r"^\s*(?:stranger\s*)?(\d+)\s*=(.*)$", re.IGNORECASE | re.DOTALL)

_PEOPLE = re.compile(r"^\s*([0-9]{1,3})\s*(?:[-–]\s*([0-9]{1,3})\s*)?$")
MOST_PEOPLE = 100
Anyway = Annotated[bool, typer.Option("--anyway", help="Name a stranger so also where it does not sound like that voice.")]


def add_to(voices: typer.Typer) -> None:
    """Add the commands to `voices`."""
    for name, command in (("timeline", timeline), ("timelines", timelines), ("name-stranger", name_stranger),
                          ("undo-naming", undo_naming)):
        voices.command(name)(command)


def timeline(context: typer.Context, file: Annotated[Path, typer.Argument(metavar="FILE", parser=given)],
             export: Annotated[str | None, typer.Option("--export", help="rttm, csv, audacity or srt; needs --out.")] = None,
             to: Annotated[Path | None, typer.Option(
                 "--out", metavar="FILE", parser=destination, help="The file to export to.")] = None,
             name: Annotated[list[str] | None, typer.Option("--name", help="Name a stranger: “Stranger 1=Anna”.")] = None,
             anyway: Anyway = False,
             keep: Annotated[bool, typer.Option(help="Keep it, so that strangers can be named later.")] = True,
             people: Annotated[str | None, typer.Option(
                 metavar="N|A-B", help="How many speak, where you know it: 3, or 2-4.")] = None) -> None:
    """Say who spoke when in a recording of any length."""
    from engine.voices.timeline import exports

    out, app = context.obj.out, context.obj.app
    if (export is None) != (to is None):
        raise UsageError("--export and --out belong together: --export rttm --out FILE.")
    if export is not None and export not in exports.KINDS:
        raise UsageError(f"A timeline is exported as {', '.join(exports.KINDS)}, not as “{export}”.")
    if to is not None and export is not None:
        out.make_way(file_to_write(to, exports.SUFFIXES[export]))
        if same_file(to, file):
            raise UsageError(f"{to.name} is the recording itself. Choose another name to export to.")
    names = [_named(one) for one in name or ()]
    if names and not keep:
        raise UsageError("A stranger can be named only in a timeline that is kept.")
    told = _people(people)
    for _, known_as in names:
        fault = name_fault(known_as)
        if fault is not None and app.voices.find(known_as) is None:  # before anything is heard, which takes its time
            raise UsageError(f"--name: {fault}")
    if names:
        app.claim()
    with out.progress("Listening") as ticket:
        found = app.timelines.make(file, keep, ticket, told)
    there = sorted(track.stranger for track in found.tracks if track.stranger is not None and track.voice is None)
    missing = next((number for number, _ in names if number not in there), None)
    if missing is not None:
        raise EnrollmentError(f"There is no Stranger {missing} in {file.name}: {_numbers(there)}. Nobody was named.")
    if names:
        with app.store.writing():  # all of them or none
            for number, known_as in names:
                _name(app, found.id, number, known_as, anyway)
        found = app.timelines.get(found.id)
    if to is not None and export is not None:
        try:
            exports.write(found, export, to)
        except StoreError as error:  # what was heard, kept and named is told all the same
            out.file_failed(to, str(error))
            to = None
    least, most = told
    if found.turns and not least <= len(found.tracks) <= (most or MOST_PEOPLE):
        out.note(f"earmark: --people says {people}; {len(found.tracks)} could be told apart.")
    if found.not_kept:
        out.note(f"earmark: The timeline was not kept. {found.not_kept}")
    out.document({**_document(found), "export": None if to is None else file_name(to)})
    if not found.turns:
        out.say(f"{file.name}: no speech was found in {clock(found.duration_s)}.")
        return
    for turn in found.turns:
        track = found.tracks[turn.track]
        perhaps = "perhaps " if track.status == "tentative" else ""
        out.say(f"{clock(turn.span.start_s)} – {clock(turn.span.end_s)}  {perhaps}{track.label}")
    out.table(["Who", "Speech", "Turns", "Similarity"], _rows(found), right=(1, 2, 3))


def _people(told: str | None) -> tuple[int, int | None]:
    """“3” or “2-4” as (at least, at most). Raises UsageError."""
    if told is None:
        return 1, None
    found = _PEOPLE.match(told)
    least, most = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if not 1 <= least <= most <= MOST_PEOPLE:
        raise UsageError(f"--people is how many people speak, or the least and the most there may be: 3, or 2-4 (at most "
                         f"{MOST_PEOPLE}). “{told}” is neither.")
    return least, most


def timelines(context: typer.Context,
              remove: Annotated[int | None, typer.Option(help="Remove the timeline with this number.")] = None) -> None:
    """List the timelines that are kept, or remove one."""
    out, app = context.obj.out, context.obj.app
    if remove is not None:
        app.timelines.remove(remove)
        out.say(f"Timeline {remove} was removed, with what its strangers were known by.")
    found = app.timelines.list()
    out.document({"removed": remove, "timelines": [_document(one) for one in found],
                  "namings": [_naming(one) for one in app.timelines.namings()]})
    if found:
        out.table(["Number", "File", "Made", "Length", "Who"],
                  [[str(one.id), one.path.name, f"{one.made_at.astimezone():%Y-%m-%d %H:%M}", clock(one.duration_s),
                    ", ".join(track.label for track in one.tracks)] for one in found], right=(0, 3))
    elif remove is None:
        out.say("No timelines yet. Make one with: python main.py voices timeline FILE")


def name_stranger(context: typer.Context, timeline: Annotated[int, typer.Argument(help="Number of the timeline.")],
                  stranger: Annotated[int, typer.Argument(help="Number of the stranger.")], name: str,
                  anyway: Anyway = False) -> None:
    """Make a stranger a voice; other timelines in which that voice speaks learn its name."""
    out, app = context.obj.out, context.obj.app
    found = _name(app, timeline, stranger, name, anyway)
    out.document(_naming(found))
    more = "" if found.tracks == 1 else f" In {found.tracks - 1} other timelines, too."
    out.say(f"Stranger {stranger} is {found.voice} now.{more} To undo it: python main.py voices undo-naming")


def undo_naming(context: typer.Context,
                number: Annotated[int | None, typer.Argument(help="Of the naming (default: the last one).")] = None) -> None:
    """Undo the naming of a stranger, everywhere."""
    out = context.obj.out
    found = context.obj.app.timelines.undo_naming(number)
    out.document(_naming(found))
    out.say(f"{found.voice} is a stranger again where it was named so.")


def _name(app: Any, timeline: int, stranger: int, name: str, anyway: bool) -> Naming:
    try:
        named: Naming = app.timelines.name_stranger(timeline, stranger, name, anyway)
        return named
    except UnlikeVoice as error:
        raise error.besides("Nobody was named. The timeline is kept; to name it so all the same: python main.py voices "
                            f"name-stranger {timeline} {stranger} NAME --anyway") from None


def _numbers(strangers: list[int]) -> str:
    return "it has " + ", ".join(f"Stranger {number}" for number in strangers) if strangers else "no stranger speaks in it"


def _named(text: str) -> tuple[int, str]:
    match = _STRANGER.match(text)
    if match is None or not match[2].strip():
        raise UsageError(f"--name is written “Stranger 1=Anna”, not “{text}”.")
    return int(match[1]), match[2].strip()


def _rows(found: Timeline) -> list[list[str]]:
    rows = []
    for number, track in enumerate(found.tracks):
        count = sum(turn.track == number for turn in found.turns)
        similarity = "–" if track.similarity is None else f"{track.similarity:.2f}"
        rows.append([track.label, f"{track.speech_s:.1f} s", str(count), similarity])
    return rows


def _document(found: Timeline) -> dict[str, Any]:
    return {"id": found.id, "file": file_name(found.path), "sha256": found.sha256, "duration_s": found.duration_s,
            "speech_s": found.speech_s, "made_at": found.made_at.isoformat(),
            "speakers": [{"speaker": t.label, "voice": t.voice, "stranger": t.stranger, "status": t.status,
                          "similarity": t.similarity, "speech_s": t.speech_s} for t in found.tracks],
            "turns": [{"start_s": t.span.start_s, "end_s": t.span.end_s, "speaker": found.tracks[t.track].label}
                      for t in found.turns]}


def _naming(found: Naming) -> dict[str, Any]:
    return {"naming": found.id, "voice": found.voice, "made_voice": found.made_voice, "strangers": found.tracks,
            "made_at": found.made_at.isoformat()}
