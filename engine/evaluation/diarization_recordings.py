"""Who spoke when, measured on real recordings with a reference: nobody is enrolled, everybody is found."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from engine.audio.speech import SpeechDetector
from engine.encoders.protocols import VoiceEncoder
from engine.errors import AudioError, EncoderError, UsageError
from engine.evaluation import data, rttm
from engine.evaluation.diarization import Identify, found_turns
from engine.evaluation.diarization_scores import COLLAR_S, PARTS, pyannote, rates, scored
from engine.records import Failure
from engine.tasks import Ticket
from engine.voices.limits import limits_of
from engine.voices.timeline.local import Segmenter
from engine.voices.timeline.recording import listen


def has_references(folder: Path) -> bool:
    """Whether a folder holds RTTM files, and so recordings to measure, not speakers to mix."""
    data.must_be_folder(folder)
    return bool(_references(folder))


def evaluate(folder: Path, encoder: VoiceEncoder, detector: SpeechDetector, segmenter: Segmenter, identifier: Identify,
             seed: int = 7, ticket: Ticket | None = None) -> dict[str, Any]:
    """Measure on a folder of recordings with .rttm files. Returns the document of `evaluate diarization --json`.

    A file is measured that a line of any .rttm names by its own name without the suffix; a file with an .rttm of the same name
    that holds no line is one in which nobody speaks. seed: of the intervals, which draw recordings again. Raises UsageError
    where nothing can be measured.
    """
    pyannote()
    ticket = ticket or Ticket()
    recordings, failed = _recordings(folder)
    rows: dict[tuple[float, bool], list[dict[str, float]]] = {(COLLAR_S, True): [], (0.0, False): []}
    listed: list[dict[str, Any]] = []
    heard_s = wall_s = 0.0
    for number, (path, reference) in enumerate(recordings):
        ticket.report(number, len(recordings), path.name, "recordings")
        began = time.perf_counter()
        try:
            recording = listen(path, encoder, detector, segmenter, ticket)
        except (AudioError, EncoderError) as error:
            failed.append(Failure(path, getattr(error, "reason", str(error))))
            continue
        found = found_turns(recording, identifier((), ()), limits_of(encoder.spec).same)
        wall_s += time.perf_counter() - began
        heard_s += recording.duration_s
        for collar_s, skip in rows:
            rows[collar_s, skip].append(scored(reference, found, recording.duration_s, collar_s, skip, named=False))
        strict = rows[0.0, False][-1]
        listed.append({"file": str(path.absolute()), "duration_s": recording.duration_s, "people": _people(reference),
                       "people_found": _people(found), "speech_s": strict["total"],
                       **{name: strict[name] for name in PARTS}})
    ticket.report(len(recordings), len(recordings), "", "recordings")
    if not listed:
        raise UsageError(f"None of the recordings in {folder} can be read: {failed[0].reason}")
    loose, loose_within = rates(rows[COLLAR_S, True], seed)
    strict_rates, within = rates(rows[0.0, False], seed)
    return {
        "files": len(listed), "seed": seed,
        "der_collar_no_overlap": loose["der"], "der": strict_rates["der"], **{name: strict_rates[name] for name in PARTS},
        "ci95": {"der_collar_no_overlap": loose_within["der"], **{name: within[name] for name in ("der", *PARTS)}},
        "people_error": sum(abs(one["people_found"] - one["people"]) for one in listed) / len(listed),
        "recordings": listed, "audio_s": heard_s, "wall_s": wall_s, "x_real_time": heard_s / max(wall_s, 1e-9),
        "encoder": {"name": encoder.spec.name, "version": encoder.spec.version, "dim": encoder.spec.dim},
        "failed": [{"file": str(f.path.absolute()), "error": f.reason} for f in failed],
    }


def _recordings(folder: Path) -> tuple[list[tuple[Path, rttm.Turns]], list[Failure]]:
    """(recordings with their turns, in the order of their paths; what has no reference, or a reference without a recording)."""
    turns: dict[str, rttm.Turns] = {}
    source: dict[str, Path] = {}
    for path in _references(folder):
        for name, found in {path.stem: [], **rttm.read(path)}.items():
            if found and turns.get(name):
                raise UsageError(f"{path} and {source[name]} both say who speaks in “{name}”.")
            if found or name not in turns:
                turns[name], source[name] = found, path
    sounds: dict[str, Path] = {}
    for path in data.audio_files(folder):
        if path.stem in sounds:
            raise UsageError(f"{sounds[path.stem]} and {path} have the same name; the reference cannot tell them apart.")
        sounds[path.stem] = path
    failed = [Failure(path, "no .rttm says who speaks in it") for name, path in sounds.items() if name not in turns]
    failed += [Failure(source[name], f"there is no recording called “{name}”") for name, found in turns.items()
               if found and name not in sounds]
    if not sounds.keys() & turns.keys():
        raise UsageError(f"{folder} holds no recording that its .rttm files name.")
    return [(path, turns[name]) for name, path in sounds.items() if name in turns], failed


def _references(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".rttm" and path.is_file())


def _people(stretches: rttm.Turns) -> int:
    return len({name for name, _ in stretches})
