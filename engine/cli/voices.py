"""`voices` and `live`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.output import clock, file_name
from engine.errors import AudioError, ShapeError
from engine.records import Failure, Identification

Files = Annotated[list[Path], typer.Argument(metavar="FILE…")]
Keep = Annotated[bool, typer.Option("--keep-recordings", help="The person agrees that the recordings are kept.")]


def add_to(root: typer.Typer) -> None:
    voices = typer.Typer(help="Enroll voices and identify them.", no_args_is_help=True)
    for name, command in (("enroll", enroll), ("list", list_voices), ("identify", identify), ("remove", remove),
                          ("rename", rename), ("forget-everything", forget_everything)):
        voices.command(name)(command)
    root.add_typer(voices, name="voices")
    root.command("live")(live)


def enroll(context: typer.Context, name: str, files: Files,
           keep: Keep = False) -> None:
    """Enroll a voice, or add takes to it. What is enrolled already is skipped, so the command can be repeated."""

    out, app = context.obj.out, context.obj.app
    with out.progress("Enrolling") as ticket:
        results = app.voices.enroll_files(name, files, keep, ticket)
    failed = [out.file_failed(r.path, r.reason) for r in results if isinstance(r, Failure)]
    takes = [r for r in results if not isinstance(r, Failure)]
    voice = app.store.voices.find(name)
    out.document({"voice": voice.name if voice else None, "takes": [
        {"source": t.source, "samples": t.samples, "speech_s": t.speech_s, "level_dbfs": t.level_dbfs,
         "snr_db": t.snr_db, "clipped": t.clipped} for t in takes],
        "skipped": len(files) - len(results), "failed": failed,
        "samples": voice.samples if voice else 0, "speech_s": voice.speech_s if voice else 0.0})
    for take in takes:
        out.say(f"{take.source}: {take.speech_s:.1f} s of speech, {take.samples} samples, {take.level_dbfs:.0f} dBFS")
    if voice is None:
        out.note(f"earmark: {name} was not enrolled: no file could be used.")
    else:
        out.say(f"{voice.name}: {voice.samples} samples, {voice.speech_s:.1f} s of speech in all")


def list_voices(context: typer.Context) -> None:
    """Show the enrolled voices."""
    out = context.obj.out
    found = context.obj.app.voices.list()
    out.document([{"name": v.name, "state": v.state, "takes": v.takes, "samples": v.samples, "speech_s": v.speech_s,
                   "created_at": v.created_at.isoformat()} for v in found])
    if found:
        out.table(["Voice", "State", "Takes", "Samples", "Speech"],
                  [[v.name, v.state, str(v.takes), str(v.samples), f"{v.speech_s:.1f} s"] for v in found], right=(2, 3, 4))
    else:
        out.say("No voices yet. Enroll one with: python main.py voices enroll NAME FILE…")


def identify(context: typer.Context, files: Files) -> None:
    """Say who speaks in each file."""
    out, app = context.obj.out, context.obj.app
    documents: list[dict[str, Any]] = []
    for path in files:
        try:
            found = app.voices.identify_file(path)
        except (AudioError, ShapeError) as error:  # missing or damaged weights are no file's fault
            documents.append(out.file_failed(path, getattr(error, "reason", str(error))))
            continue
        documents.append({"file": file_name(path), **identification(found)})
        out.say(f"{path.name}: {words(found)}")
    out.document(documents[0] if len(files) == 1 else documents)


def remove(context: typer.Context, name: str) -> None:
    """Remove a voice with its samples and recordings."""
    context.obj.app.voices.remove(name)
    context.obj.out.document({"removed": name})
    context.obj.out.say(f"{name} was removed, with all samples and recordings.")


def rename(context: typer.Context, old: str, new: str) -> None:
    """Give a voice another name."""
    voice = context.obj.app.voices.rename(old, new)
    context.obj.out.document({"old": old, "new": voice.name})
    context.obj.out.say(f"{old} is now {voice.name}.")


def forget_everything(context: typer.Context,
                      yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Remove every voice, sound, recording and vector of the workspace. Your sound files stay where they are."""
    run = context.obj
    if not yes:
        typer.confirm(f"Forget everything in {run.app.workspace}? This cannot be undone.", abort=True, err=True)
    run.app.forget_everything()
    run.out.document({"forgotten": True})
    run.out.say("Everything is forgotten. Settings and models were kept.")


def live(context: typer.Context,
         seconds: Annotated[float | None, typer.Option(help="Stop after this long.")] = None) -> None:
    """Identify from the microphone until Ctrl+C. Keeps no audio."""
    from engine.audio.microphone import Microphone

    out, app = context.obj.out, context.obj.app
    listener = app.voices.listener(Microphone(app.settings.value.input_device))
    listener.start()
    out.note("Listening. Ctrl+C stops.")
    following, shown = 0, ""
    began = time.monotonic()
    try:
        while listener.state == "listening" and (seconds is None or time.monotonic() - began < seconds):
            following, updates = listener.updates(following)
            for update in updates:
                out.document({"time_s": update.time_s, "speaking": update.speaking, "heard": [
                    {"tag": t.name, "probability": t.probability} for t in update.heard],
                    "compute_ms": update.compute_ms,
                    **(identification(update.identification) if update.identification else dict.fromkeys(
                        ("voice", "status", "nearest", "similarity", "margin", "speech_s")) | {"candidates": []})})
                text = words(update.identification) if update.identification else "–"
                if text.split(" ·")[0] != shown:
                    shown = text.split(" ·")[0]
                    out.say(f"{clock(update.time_s)}  {text}")
            time.sleep(0.05)
    except KeyboardInterrupt:
        if seconds is not None:
            raise
    finally:
        listener.stop()
    if listener.error is not None:
        raise listener.error


def identification(found: Identification) -> dict[str, Any]:
    """The JSON of an identification."""
    return {"voice": found.voice, "status": found.status, "nearest": found.nearest, "similarity": found.similarity,
            "margin": found.margin, "speech_s": found.speech_s,
            "candidates": [{"voice": c.voice, "similarity": c.similarity} for c in found.candidates]}


def words(found: Identification) -> str:
    """An identification as a line."""
    if found.status == "too-short":
        return f"too short · {found.speech_s:.1f} s of speech, 1 s is needed"
    if found.similarity is None:
        return f"unknown · nobody is enrolled · {found.speech_s:.1f} s of speech"
    margin = "" if found.margin is None else f" · margin {found.margin:+.2f}"
    name = {"match": found.voice, "tentative": f"perhaps {found.nearest}"}.get(found.status, f"unknown, nearest {found.nearest}")
    return f"{name} · similarity {found.similarity:.2f}{margin} · {found.speech_s:.1f} s of speech"
