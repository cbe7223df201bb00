"""`voices` and `live`."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import privacy, timelines
from engine.cli.output import clock, file_name, shown
from engine.cli.paths import given
from engine.errors import AudioError, EncoderError, EnrollmentError, ListBroken, ShapeError, UnlikeVoice
from engine.records import ChangeKind, ClosePair, Failure, Identification, SampleCheck
from engine.texts import is_label, name_fault
from engine.voices.calibration import Rates

CURVE_POINTS = 200

Files = Annotated[list[Path], typer.Argument(metavar="FILE…", parser=given)]
TAKES_SUGGESTED = 3
TELEPHONE = "the sound has a telephone’s band, nothing above 4 kHz"
CHANGES: dict[ChangeKind, str] = {
    "begin": "{} was begun", "finish": "{} was finished", "rename": "another name for {}", "remove": "{} was removed",
    "enroll": "recordings of {} were enrolled", "add-take": "a recording of {} was enrolled",
    "remove-take": "a recording of {} was removed", "remove-sample": "a sample of {} was removed",
    "move-sample": "a sample of {} was moved"}
Keep = Annotated[bool, typer.Option("--keep-recordings", help="The person agrees that the recordings are kept.")]


def add_to(root: typer.Typer) -> None:
    voices = typer.Typer(help="Enroll voices and identify them.", no_args_is_help=True)
    for name, command in (("enroll", enroll), ("list", list_voices), ("identify", identify), ("remove", remove),
                          ("rename", rename), ("samples", samples), ("remove-sample", remove_sample), ("move", move),
                          ("undo", undo), ("calibrate", calibrate), ("export", privacy.export), ("import", privacy.import_),
                          ("forget-everything", forget_everything)):
        voices.command(name)(command)
    timelines.add_to(voices)
    root.add_typer(voices, name="voices")
    root.command("live")(live)


def enroll(context: typer.Context, name: str, files: Files, keep: Keep = False,
           anyway: Annotated[bool, typer.Option("--anyway", help="Take noisy and clipped recordings too, and those unlike the "
                                                            "other takes of the voice.")] = False) -> None:
    """Enroll a voice, or add takes to it. What is enrolled already is skipped, so the command can be repeated.

    Takes that are too short, noisy or clipped, that hold two voices or no speech, or that do not sound like the voice's other
    takes are refused with the reason.
    """

    out, app = context.obj.out, context.obj.app
    with out.progress("Enrolling") as ticket:
        results = app.voices.enroll_files(name, files, keep, ticket, anyway)
    failed = [out.file_failed(r.path, r.reason + (" To enroll it all the same, say --anyway." if r.anyway else ""))
              for r in results if isinstance(r, Failure)]
    takes = [r for r in results if not isinstance(r, Failure)]
    voice = app.voices.find(name)
    close = [pair for pair in _close(app.voices) if voice is not None and voice.name in (pair.first, pair.second)]
    also_in = app.voices.also_in(voice.id) if voice is not None else []
    more = max(0, TAKES_SUGGESTED - voice.takes) if voice is not None else TAKES_SUGGESTED
    out.document({"voice": voice.name if voice else None, "takes": [
        {"source": t.source, "samples": t.samples, "speech_s": t.speech_s, "level_dbfs": t.level_dbfs,
         "snr_db": t.snr_db, "clipped": t.clipped} for t in takes],
        "skipped": len(files) - len(results), "failed": failed,
        "samples": voice.samples if voice else 0, "speech_s": voice.speech_s if voice else 0.0,
        "more_takes": more, "also_in": also_in, "close": [_pair(one) for one in close]})
    for take in takes:
        out.say(f"{take.source}: {take.speech_s:.1f} s of speech, {take.samples} samples, {take.level_dbfs:.0f} dBFS")
        if take.band == "narrow":
            out.say(f"{take.source}: {TELEPHONE}. Enroll a recording of the whole band too, if there is one.")
    if voice is None:
        out.note(f"earmark: {name} was not enrolled: no file could be used.")
    else:
        out.say(f"{voice.name}: {voice.samples} samples, {voice.speech_s:.1f} s of speech in all")
        if more:
            out.say(f"{more} more {'take is' if more == 1 else 'takes are'} better: another day, another room, another mood.")
        _warn(out, close)
        if also_in:
            out.note(f"earmark: the same recording is enrolled as {', '.join(also_in)} too.")


def list_voices(context: typer.Context) -> None:
    """Show the enrolled voices."""
    out, voices = context.obj.out, context.obj.app.voices
    found = voices.list()
    close = _close(voices)
    out.document([{"name": v.name, "state": v.state, "takes": v.takes, "samples": v.samples, "speech_s": v.speech_s,
                   "created_at": v.created_at.isoformat(), "needs_enrollment": v.needs_enrollment,
                   "close": [{"voice": p.second if p.first == v.name else p.first, "similarity": p.similarity}
                             for p in close if v.name in (p.first, p.second)]} for v in found])
    if found:
        out.table(["Voice", "State", "Takes", "Samples", "Speech"],
                  [[v.name, "needs re-enrollment" if v.needs_enrollment else v.state, str(v.takes), str(v.samples),
                    f"{v.speech_s:.1f} s"] for v in found], right=(2, 3, 4))
        _warn(out, close)
        for name, count in _outlying(voices).items():
            out.note(f"earmark: {count} {'sample' if count == 1 else 'samples'} of {name} may not be of this voice. "
                     f"Look with: python main.py voices samples \"{name}\"")
        for one in found:
            if is_label(one.name):
                out.note(f"earmark: {name_fault(one.name)} Rename it: python main.py voices rename \"{one.name}\" NAME")
        if any(v.needs_enrollment for v in found):
            out.say("Voices that need re-enrollment have no sample of the voice encoder in use, so nobody is recognised as them. "
                    "Enroll them again, or go back to their encoder with: python main.py models use NAME")
    else:
        out.say("No voices yet. Enroll one with: python main.py voices enroll NAME FILE…")


def samples(context: typer.Context, name: str) -> None:
    """Show the samples of a voice, with what is odd about them: far from the others, nearer to another voice, short, noisy."""
    out, voices = context.obj.out, context.obj.app.voices
    found = voices.checked_samples(voices.get(name).id)
    out.document([{"id": one.sample.id, "take": one.take.id, "source": one.take.source, "speech_s": one.sample.speech_s,
                   "start_s": one.sample.span.start_s if one.sample.span else None,
                   "end_s": one.sample.span.end_s if one.sample.span else None, "similarity": one.sample.similarity,
                   "likeness": one.likeness, "nearer_to": one.nearer_to, "flags": list(one.flags),
                   "recorded": one.take.recording is not None} for one in found])
    out.table(["Sample", "Source", "At", "Speech", "Similarity", "Odd"],
              [[str(one.sample.id), one.take.source, clock(one.sample.span.start_s) if one.sample.span else "–",
                f"{one.sample.speech_s:.1f} s", f"{one.sample.similarity:.2f}", ", ".join(_oddity(one))] for one in found],
              right=(0, 2, 3, 4))


def remove_sample(context: typer.Context, sample: int) -> None:
    """Remove one sample (its number stands in `voices samples`). The last one of a take takes it along, for good."""
    last = context.obj.app.voices.remove_sample(sample)
    context.obj.out.document({"removed": sample})
    context.obj.out.say(f"Sample {sample} was removed" + (
        ", and its take with it, as it was the last one. It cannot be taken back." if last else
        ". Take it back with: python main.py voices undo"))


def move(context: typer.Context, sample: int, voice: str,
         anyway: Annotated[bool, typer.Option("--anyway", help="Also where it does not sound like that voice.")] = False) -> None:
    """Give a sample to another voice (its number stands in `voices samples`)."""
    try:
        target = context.obj.app.voices.move_sample(sample, voice, anyway)
    except UnlikeVoice as error:
        raise error.besides("It was not moved. To move it all the same, say --anyway.") from None
    context.obj.out.document({"moved": sample, "voice": target.name})
    context.obj.out.say(f"Sample {sample} belongs to {target.name} now. Take it back with: python main.py voices undo")


def undo(context: typer.Context) -> None:
    """Take the newest change back: an enrollment, a rename, a sample that was moved or removed. A removed voice stays removed."""
    change = context.obj.app.voices.undo()
    context.obj.out.document({"undone": change.kind, "voice": change.voice, "at": change.at.isoformat()})
    context.obj.out.say(f"Taken back: {CHANGES[change.kind].format(change.voice)} ({change.at.astimezone():%Y-%m-%d %H:%M}).")


def identify(context: typer.Context, files: Files) -> None:
    """Say who speaks in each file. Where several people seem to, `voices timeline` says who when."""
    out, app = context.obj.out, context.obj.app
    documents: list[dict[str, Any]] = []
    for path in files:
        try:
            found = app.voices.identify_file(path)
        except (AudioError, ShapeError) as error:  # missing or damaged weights are no file's fault
            documents.append(out.file_failed(path, getattr(error, "reason", str(error))))
            continue
        documents.append({"file": file_name(path), **identification(found), "voices_heard": found.voices_heard,
                          "band": found.band})
        out.say(f"{path.name}: {words(found)}" + (f" · {TELEPHONE}" if found.band == "narrow" and found.voice is None else ""))
        if found.voices_heard is not None and found.voices_heard > 1:
            out.say(f"{path.name}: {found.voices_heard} voices seem to speak in it. Who when: "
                    "python main.py voices timeline FILE")
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


def calibrate(context: typer.Context,
              set_it: Annotated[bool, typer.Option("--set", help="Use the suggested threshold from now on.")] = False) -> None:
    """Measure the threshold on your own voices: each take is left out in turn, and asks."""
    out, app = context.obj.out, context.obj.app
    found = app.voices.calibration()
    if set_it and found.suggested is None:
        raise EnrollmentError(found.why)
    if set_it:
        app.claim()
        app.settings.change(threshold=round(found.suggested, 4))
    now, then = found.at(app.settings.value.threshold), found.at(found.suggested) if found.suggested is not None else None
    step = max(1, -(-len(found.thresholds) // CURVE_POINTS))
    out.document({"backend": app.settings.value.backend, "voices": found.voices, "takes": found.takes,
                  "impostors": found.impostors, "eer": found.eer, "current": _rates(now), "suggested": _rates(then),
                  "set": set_it, "why": found.why or None,
                  "curve": [{"threshold": float(t), "false_accept": float(a), "false_reject": float(r)} for t, a, r in zip(
                      found.thresholds[::step], found.far[::step], found.frr[::step], strict=True)]})
    for name, rates in (("now", now), ("suggested", then)):
        if rates is not None:
            out.say(f"{name}: threshold {rates.threshold:.3f}, strangers let in {rates.false_accept * 100:.1f} % "
                    f"({_span(rates.false_accept_ci95)}), own speech refused {rates.false_reject * 100:.1f} % "
                    f"({_span(rates.false_reject_ci95)})")
    if found.why:
        out.say(found.why)
    if set_it:
        out.say("The suggested threshold is set.")


def _rates(rates: Rates | None) -> dict[str, Any] | None:
    return None if rates is None else {
        "threshold": rates.threshold, "false_accept": rates.false_accept, "false_accept_ci95": list(rates.false_accept_ci95),
        "false_reject": rates.false_reject, "false_reject_ci95": list(rates.false_reject_ci95)}


def _span(interval: tuple[float, float]) -> str:
    return "–".join(f"{x * 100:.1f}" for x in interval) + " %"


def forget_everything(context: typer.Context,
                      yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Remove every voice, sound, recording and vector of the workspace. Your sound files stay where they are."""
    run = context.obj
    if not yes:
        typer.confirm(f"Forget everything in {shown(str(run.app.workspace))}? This cannot be undone.", abort=True, err=True)
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
                    "compute_ms": update.compute_ms, "stranger": update.stranger,
                    **(identification(update.identification) if update.identification else dict.fromkeys((
                        "voice", "status", "nearest", "similarity", "margin", "margin_unit", "probability", "speech_s"))
                       | {"candidates": []})})
                text = words(update.identification, update.stranger) if update.identification else "–"
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


def _close(voices: Any) -> list[ClosePair]:
    """Pairs that are too much alike; none where their encoder is lost: the list is shown all the same."""
    try:
        found: list[ClosePair] = voices.close_pairs()
        return found
    except (EncoderError, ListBroken):
        return []


def _outlying(voices: Any) -> dict[str, int]:
    """How many samples of each voice are far from its others or nearer to another voice, where some are."""
    try:
        odd = Counter(one.sample.voice_id for one in voices.checked_samples() if {"far", "nearer"} & set(one.flags))
    except (EncoderError, ListBroken):
        return {}
    return {voice.name: odd[voice.id] for voice in voices.list() if odd[voice.id]}


def _pair(pair: ClosePair) -> dict[str, Any]:
    return {"voices": [pair.first, pair.second], "similarity": pair.similarity}


def _warn(out: Any, pairs: list[ClosePair]) -> None:
    for one in pairs:
        out.note(f"earmark: {one.first} and {one.second} are so alike ({one.similarity:.2f}) that one may be taken for the "
                 "other.")


def _oddity(one: SampleCheck) -> list[str]:
    words = {"far": "far from the others", "nearer": f"nearer to {one.nearer_to}", "short": "short", "noisy": "noisy"}
    return [words[flag] for flag in one.flags]


def identification(found: Identification) -> dict[str, Any]:
    """The JSON of an identification."""
    return {"voice": found.voice, "status": found.status, "nearest": found.nearest, "similarity": found.similarity,
            "margin": found.margin, "margin_unit": None if found.margin is None else found.margin_unit,
            "probability": found.probability, "speech_s": found.speech_s,
            "candidates": [{"voice": c.voice, "similarity": c.similarity} for c in found.candidates]}


def words(found: Identification, stranger: int | None = None) -> str:
    """An identification as a line. stranger: its number in a live session."""
    if found.status == "too-short":
        return f"too short · {found.speech_s:.1f} s of speech, 1 s is needed"
    who = "unknown" if stranger is None else f"Stranger {stranger}"
    if found.similarity is None:
        return f"{who} · nobody is enrolled · {found.speech_s:.1f} s of speech"
    unit = " nats" if found.margin_unit == "nats" else ""
    margin = "" if found.margin is None else f" · margin {found.margin:+.{1 if unit else 2}f}{unit}"
    name = {"match": found.voice, "tentative": f"perhaps {found.nearest}"}.get(found.status, f"{who}, nearest {found.nearest}")
    return f"{name} · similarity {found.similarity:.2f}{margin} · {found.speech_s:.1f} s of speech"
