"""Who spoke when: how windows, padding and the likeness of groups were chosen, and the speed on an hour.

    python tests/benchmarks/timeline.py [choose|speed] [shared data folder] [--encoder NAME]

Mixtures of vctk-4 and the first half of the cohort (whose one utterance is cut into fifths). Nothing of librispeech-10x10 is
looked at; `evaluate diarization` is quoted on that.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from measuring import SHARED, chosen_encoder, in_child, table

from engine.audio import files
from engine.audio.speech import SpeechDetector
from engine.encoders.protocols import VoiceEncoder
from engine.evaluation.diarization_mixtures import RATE_HZ, Mixture, mix
from engine.evaluation.diarization_scores import COLLAR_S, PARTS, scored
from engine.records import Audio, Embedding, Sample, Voice
from engine.voices.identification import Identifier
from engine.voices.limits import limits_of
from engine.voices.takes import sample_parts
from engine.voices.timeline.assignment import Heard, assign
from engine.voices.timeline.recording import listen
from engine.voices.timeline.turns import turns
from engine.voices.timeline.windows import PAD_S, WindowCutter

MIXTURES = 20
WINDOWS = ((1.6, 0.4), (1.6, 0.2), (1.6, 0.8), (2.0, 0.4), (2.4, 0.4))  # (length, hop)
SAMES = {"GE2E d-vector": (0.60, 0.62, 0.64, 0.66, 0.68)}
OTHERS = (0.20, 0.25, 0.30, 0.35, 0.40, 0.45)
PADS = (0.0, 0.03, 0.06)
GAPS = (0.2, 0.3, 0.5)
THRESHOLD, MARGIN = 0.75, 0.02
HOUR_S = 3600.0


def people(shared: Path) -> dict[str, list[tuple[str, Any]]]:
    found: dict[str, list[tuple[str, Any]]] = {}
    for folder in sorted((shared / "speech" / "vctk-4").iterdir()):
        if folder.is_dir():
            found[folder.name] = [(f.name, files.read(f, RATE_HZ).samples) for f in sorted(folder.glob("*.flac"))]
    cohort = sorted((shared / "speech" / "librispeech-cohort").glob("*.ogg"))
    for path in cohort[:len(cohort) // 2:2]:
        wave = files.read(path, RATE_HZ).samples
        found[path.stem] = [(f"{path.name} part {n}", part) for n, part in enumerate(np.array_split(wave, 5))]
    return found


def made(shared: Path) -> list[tuple[dict[str, list[Any]], Mixture]]:
    """(what is enrolled of each speaker, a mixture of the rest)."""
    everybody, result = people(shared), []
    for number in range(MIXTURES):
        rng = np.random.default_rng([7, number])
        enrolled, rest = {}, {}
        for name, utterances in everybody.items():
            order = rng.permutation(len(utterances)).tolist()
            count = min(3, len(order) // 2)
            enrolled[name] = [utterances[at][1] for at in order[:count]]
            rest[name] = [utterances[at] for at in order[count:]]
        mixture = mix(rest, rng)
        others = list(everybody)[number:number + 6]
        result.append(({name: enrolled[name] for name in dict.fromkeys([*mixture.speakers, *others])}, mixture))
    return result


def identifier(enrolled: dict[str, list[Embedding]]) -> Identifier:
    voices = [Voice(n, name, 0, "enrolled", datetime.now(UTC), 1, 1, 0.0) for n, name in enumerate(enrolled, 1)]
    samples = [Sample(0, 0, v.id, e, 3.0, 1.0) for v in voices for e in enrolled[v.name]]
    return Identifier(voices, samples, THRESHOLD, MARGIN)


def row(errors: list[dict[str, float]]) -> list[str]:
    total = sum(one["total"] for one in errors)
    parts = [sum(one[name] for one in errors) / total * 100 for name in PARTS]
    return [f"{value:.2f}" for value in (sum(parts), *parts)]


def choose(encoder: VoiceEncoder, shared: Path) -> None:
    detector = SpeechDetector()
    mixtures = made(shared)
    probabilities = [detector.stream().push(mixture.wave) for _, mixture in mixtures]
    voices = []
    for enrolled, _ in mixtures:
        parts = {name: [p for wave in waves for p in sample_parts(Audio(wave, RATE_HZ))] for name, waves in enrolled.items()}
        voices.append({name: encoder.embed_many(some) for name, some in parts.items()})
    rows = []
    for window_s, hop_s in WINDOWS:
        heard = []
        for (_, mixture), chances in zip(mixtures, probabilities, strict=True):
            cutter = WindowCutter(window_s, hop_s)
            windows = cutter.push(mixture.wave, chances) + cutter.finish()
            embedded = encoder.embed_many([Audio(w.wave, RATE_HZ) for w in windows])
            heard.append((cutter.spans, Heard(
                np.array([w.span.start_s for w in windows]), np.array([w.span.end_s for w in windows]),
                np.array([w.run for w in windows]), np.array([e.vector for e in embedded]),
                np.array([e.norm for e in embedded]))))
        for same in SAMES.get(encoder.spec.name, OTHERS):
            cells = [f"{window_s:g} s every {hop_s:g} s", f"{same:.2f}"]
            for known in (False, True):
                errors = []
                for (_, mixture), (spans, some), enrolled in zip(mixtures, heard, voices, strict=True):
                    assigned = assign(some, identifier(enrolled if known else {}), same)
                    names = {n: str(t.voice_id) for n, t in enumerate(assigned.tracks)}
                    found = [(f"{n} {names[n]}", span) for n, span in turns(some, spans, assigned.label)]
                    errors.append(scored(mixture.reference, found, len(mixture.wave) / RATE_HZ, COLLAR_S, True, False))
                cells += [row(errors)[0], row(errors)[-1]]
            rows.append(cells)
    print(f"{MIXTURES} mixtures of vctk-4 and half of the cohort, percent; ±0.25 s around boundaries and overlap skipped.\n")
    print(table(["windows", "one person from", "DER, nobody enrolled", "confusion", "DER, enrolled", "confusion"], rows))
    rows = []
    for pad_s in PADS:
        for gap_s in GAPS:
            edges = []
            for (_, mixture), chances in zip(mixtures, probabilities, strict=True):
                cutter = WindowCutter(pad_s=pad_s, gap_s=gap_s)
                cutter.push(mixture.wave, chances)
                cutter.finish()
                one = Mixture(mixture.wave, mixture.said, tuple(("somebody", span) for _, span in mixture.reference))
                found = [("somebody", span) for span in cutter.spans]
                edges.append(scored(one.reference, found, len(mixture.wave) / RATE_HZ, 0, False, False))
            rows.append([f"{pad_s * 1000:.0f} ms", f"{gap_s:g} s", *row(edges)[:3]])
    print(f"\nEdges of speech, whoever speaks, no collar (padding in use: {PAD_S * 1000:.0f} ms).\n")
    print(table(["padding", "silence that parts", "error", "missed", "false alarm"], rows))


def hour(shared: Path, path: Path) -> None:
    wave = np.concatenate([mixture.wave for _, mixture in made(shared)])
    files.write(path, Audio(np.resize(wave, int(HOUR_S * RATE_HZ)), RATE_HZ))


def speed(encoder: VoiceEncoder, shared: Path) -> None:
    detector = SpeechDetector()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hour.flac"
        in_child("timeline.py", "hour", str(shared), str(path))  # so that making it does not count as memory of hearing it
        files.write(Path(folder) / "warm.wav", Audio(np.zeros(RATE_HZ, np.float32), RATE_HZ))
        listen(Path(folder) / "warm.wav", encoder, detector)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        recording = listen(path, encoder, detector)
        listened = time.perf_counter()
        assigned = assign(recording.heard, identifier({}), limits_of(encoder.spec).same)
        ended = time.perf_counter()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(table(["an hour of flac at 16 kHz", "value"], [
        ["windows", str(len(recording.heard))], ["heard in", f"{listened - began:.1f} s"],
        ["assigned in", f"{ended - listened:.1f} s"], ["× real time", f"{HOUR_S / (ended - began):.0f}"],
        ["memory beyond what was used before", f"{grown:.0f} MB"], ["strangers", str(len(assigned.tracks))]]))


if __name__ == "__main__":
    named, model = sys.argv[1:], chosen_encoder()
    which = sys.argv[1] if len(sys.argv) > 1 else ""
    data = Path(sys.argv[2]) if len(sys.argv) > 2 else SHARED
    if which == "choose":
        choose(model, data)
    elif which == "hour":
        hour(data, Path(sys.argv[3]))
    elif which == "speed":
        speed(model, data)
    else:
        print(in_child("timeline.py", "choose", *named), in_child("timeline.py", "speed", *named), sep="\n\n")
