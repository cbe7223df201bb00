"""Who spoke when, measured: diarization error rate on seeded mixtures, with everybody enrolled, every second one, nobody.

The mixtures are those of `diarization_mixtures`, written to a temporary folder and heard as any recording is; the scores are
those of `diarization_scores`. Where voices are enrolled, `named_error` is the identification error rate: names have to be
right, too. Real recordings are measured by `diarization_recordings`.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from engine.audio import files
from engine.audio.clean import cleaned
from engine.audio.speech import SpeechDetector
from engine.encoders.protocols import VoiceEncoder
from engine.errors import AudioError, EncoderError, UsageError
from engine.evaluation import data
from engine.evaluation.diarization_mixtures import RATE_HZ, Mixture, mix
from engine.evaluation.diarization_scores import PARTS, SCORED, pyannote, rates, scored
from engine.records import Audio, Embedding, Failure, FloatArray, Sample, Span, Voice
from engine.tasks import Ticket
from engine.voices.identification import Identifier
from engine.voices.limits import limits_of
from engine.voices.takes import sample_parts, speech_in_context
from engine.voices.timeline.local import Segmenter
from engine.voices.timeline.recording import Recording, listen
from engine.voices.timeline.turns import who_spoke

MIXTURES = 20
ENROLL = 3  # utterances of each speaker, never heard in the mixture; fewer where a speaker has fewer than twice that
Identify = Callable[[Sequence[Voice], Sequence[Sample]], Identifier]


@dataclass(frozen=True)
class _Speaker:
    """A speaker of the folder: utterances at 16 kHz, and the embeddings of what would be enrolled of each."""

    names: list[str]
    waves: list[FloatArray]
    parts: list[list[Embedding]]


def evaluate(folder: Path, encoder: VoiceEncoder, detector: SpeechDetector, segmenter: Segmenter, identifier: Identify,
             seed: int = 7, mixtures: int = MIXTURES, ticket: Ticket | None = None) -> dict[str, Any]:
    """Measure on a folder with a sub-folder a speaker. Returns the document of `evaluate diarization --json`.

    identifier: made of voices and samples, as the program would. x_real_time: seconds of mixture a second of hearing.
    Raises UsageError when there is too little, or pyannote.metrics is not installed.
    """
    pyannote()
    ticket = ticket or Ticket()
    people, failed = _people(data.utterances(folder), encoder, detector, ticket)
    if len(people) < 2:
        raise UsageError(f"{folder} needs at least two speakers with two utterances each that can be read.")
    made: list[dict[str, Any]] = []
    scores: dict[tuple[str, float, bool], list[dict[str, float]]] = {}
    heard_s = wall_s = 0.0
    with tempfile.TemporaryDirectory(prefix="earmark-mixtures-") as temporary:
        for number in range(mixtures):
            ticket.report(number, mixtures, "", "mixtures")
            rng = np.random.default_rng([seed, number])
            enrolled, mixture = _mixture(people, rng)
            path = Path(temporary) / f"mixture {number}.wav"
            files.write(path, Audio(mixture.wave, RATE_HZ))
            began = time.perf_counter()
            recording = listen(path, encoder, detector, segmenter, ticket)
            wall_s += time.perf_counter() - began
            heard_s += recording.duration_s
            made.append(_listed(number, mixture))
            everybody = sorted(people)
            half = [name for name in everybody if name not in mixture.speakers[::2]]
            for who, names in (("all", everybody), ("half", half), ("none", [])):
                found = found_turns(recording, identifier(*_voices(names, people, enrolled)), limits_of(encoder.spec).same)
                for collar_s, skip in SCORED:
                    scores.setdefault((who, collar_s, skip), []).append(
                        scored(mixture.reference, found, recording.duration_s, collar_s, skip, who == "all"))
    ticket.report(mixtures, mixtures, "", "mixtures")
    return {
        "speakers": len(people), "seed": seed, "enroll": ENROLL, "mixtures": made,
        "results": [_row(*key, rows, seed) for key, rows in scores.items()],
        "audio_s": heard_s, "wall_s": wall_s, "x_real_time": heard_s / max(wall_s, 1e-9),
        "encoder": {"name": encoder.spec.name, "version": encoder.spec.version, "dim": encoder.spec.dim},
        "failed": [{"file": str(f.path.absolute()), "error": f.reason} for f in failed],
    }


# --- speakers and mixtures --------------------------------------------------------------------------------------------


def _people(items: Sequence[data.Labelled], encoder: VoiceEncoder, detector: SpeechDetector,
            ticket: Ticket) -> tuple[dict[str, _Speaker], list[Failure]]:
    people: dict[str, _Speaker] = {}
    failed: list[Failure] = []
    for number, item in enumerate(items):
        ticket.report(number, len(items), item.path.name, "utterances")
        try:
            audio = files.read(item.path, RATE_HZ)
            clean = cleaned(audio).audio
            speech = speech_in_context(clean, detector.spans(clean), limits_of(encoder.spec).context_s)
            parts = encoder.embed_many(sample_parts(speech)) if len(speech.samples) else []
        except (AudioError, EncoderError) as error:
            failed.append(Failure(item.path, getattr(error, "reason", str(error))))
            continue
        one = people.setdefault(item.label, _Speaker([], [], []))
        one.names.append(item.path.name)
        one.waves.append(audio.samples)
        one.parts.append(parts)
    return {name: one for name, one in people.items() if len(one.waves) >= 2 and any(one.parts)}, failed


def _mixture(people: Mapping[str, _Speaker], rng: np.random.Generator) -> tuple[dict[str, list[int]], Mixture]:
    """(utterances that are enrolled of each speaker, a mixture of the others)."""
    enrolled: dict[str, list[int]] = {}
    rest: dict[str, list[tuple[str, FloatArray]]] = {}
    for name in sorted(people):
        one = people[name]
        order = rng.permutation(len(one.waves)).tolist()
        count = max(1, min(ENROLL, len(order) // 2))
        enrolled[name] = order[:count]
        rest[name] = [(one.names[at], one.waves[at]) for at in order[count:]]
    return enrolled, mix(rest, rng)


def _voices(names: Sequence[str], people: Mapping[str, _Speaker],
            enrolled: Mapping[str, Sequence[int]]) -> tuple[list[Voice], list[Sample]]:
    voices: list[Voice] = []
    samples: list[Sample] = []
    for number, name in enumerate(names, 1):
        voices.append(Voice(number, name, 0, "enrolled", datetime.now(UTC), 1, 1, 0.0))
        samples += [Sample(len(samples), at, number, embedding, 3.0, 1.0)
                    for at in enrolled[name] for embedding in people[name].parts[at]]
    return voices, samples


def _listed(number: int, mixture: Mixture) -> dict[str, Any]:
    spans = sorted((span.start_s, span.end_s) for _, span in mixture.reference)
    overlap_s = reached_s = 0.0
    for start_s, end_s in spans:
        overlap_s += max(0.0, min(end_s, reached_s) - start_s)
        reached_s = max(reached_s, end_s)
    return {"number": number, "speakers": mixture.speakers, "duration_s": len(mixture.wave) / RATE_HZ,
            "speech_s": sum(end_s - start_s for start_s, end_s in spans), "overlap_s": overlap_s,
            "turns": [{"speaker": said.speaker, "source": said.source, "source_start_s": said.source_start_s,
                       "start_s": said.span.start_s, "end_s": said.span.end_s} for said in mixture.said]}


# --- scoring ----------------------------------------------------------------------------------------------------------


def found_turns(recording: Recording, identifier: Identifier, same: float) -> list[tuple[str, Span]]:
    """(who, when) as the program finds them: a voice's name, or “stranger 0” and so on. same: see `Limits`."""
    assigned, turns = who_spoke(recording, identifier, same)
    names = {voice.id: voice.name for voice in identifier.voices}
    labels = [f"stranger {number}" if track.voice_id is None else names[track.voice_id]
              for number, track in enumerate(assigned.tracks)]
    return [(labels[track], span) for track, span in turns]


def _row(who: str, collar_s: float, skip: bool, rows: Sequence[Mapping[str, float]], seed: int) -> dict[str, Any]:
    found, within = rates(rows, seed)
    return {"enrolled": who, "collar_s": collar_s, "skip_overlap": skip, "speech_s": float(sum(row["total"] for row in rows)),
            "der": found["der"], **{name: found[name] for name in PARTS}, "named_error": found.get("named_error"),
            "ci95": {name: within.get(name) for name in ("der", *PARTS, "named_error")}}
