"""Who spoke when: how the likeness of groups was chosen, and the speed on an hour.

    python tests/benchmarks/timeline.py [choose|speed] [shared data folder] [--encoder NAME]

Readers who take turns, and meetings (short turns, overlap, rooms, ±12 dB between people), made of vctk-4 and the first half of
the cohort, whose one utterance is cut into fifths. Nothing of librispeech-10x10 or of ami-9 is looked at; `evaluate diarization`
is quoted on these.
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
from engine.encoders.models import Models
from engine.encoders.protocols import VoiceEncoder
from engine.evaluation.diarization_mixtures import MEETING, RATE_HZ, READERS, Mixture, mix
from engine.evaluation.diarization_scores import COLLAR_S, PARTS, SCORED, scored
from engine.records import Audio, Embedding, Sample, Voice
from engine.settings import Settings
from engine.voices import choice
from engine.voices.cohort import shipped
from engine.voices.identification import Identifier
from engine.voices.limits import limits_of
from engine.voices.takes import sample_parts
from engine.voices.timeline.recording import Recording, listen
from engine.voices.timeline.turns import who_spoke
from engine.weights import Weights

STYLES = {"readers": READERS, "meetings": MEETING}
MIXTURES = 20  # of each style
SAMES = {"GE2E d-vector": (0.56, 0.60, 0.62, 0.64, 0.66, 0.70)}
OTHERS = (0.20, 0.25, 0.30, 0.35, 0.40, 0.45)
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


def made(shared: Path, style: str = "readers") -> list[tuple[dict[str, list[Any]], Mixture]]:
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
        mixture = mix(rest, rng, style=STYLES[style])
        others = list(everybody)[number:number + 6]
        result.append(({name: enrolled[name] for name in dict.fromkeys([*mixture.speakers, *others])}, mixture))
    return result


def identifier(enrolled: dict[str, list[Embedding]], encoder: VoiceEncoder) -> Identifier:
    """As the program has it with the settings of a new workspace."""
    method = choice.choose(Settings().backend, shipped(encoder.spec))
    voices = [Voice(n, name, 0, "enrolled", datetime.now(UTC), 1, 1, 0.0) for n, name in enumerate(enrolled, 1)]
    samples = [Sample(0, 0, v.id, e, 3.0, 1.0) for v in voices for e in enrolled[v.name]]
    return Identifier(voices, samples, 0.5, Settings().margin_in(method.margin_unit), method=method)


def choose(encoder: VoiceEncoder, shared: Path) -> None:
    detector, segmenter = SpeechDetector(), Models(Weights(), "cpu").turns()
    rows = []
    for style in STYLES:
        heard: list[tuple[Mixture, Recording, dict[str, list[Embedding]]]] = []
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "mixture.wav"
            for enrolled, mixture in made(shared, style):
                files.write(path, Audio(mixture.wave, RATE_HZ))
                parts = {name: [p for wave in waves for p in sample_parts(Audio(wave, RATE_HZ))]
                         for name, waves in enrolled.items()}
                heard.append((mixture, listen(path, encoder, detector, segmenter),
                              {name: encoder.embed_many(some) for name, some in parts.items()}))
        for same in SAMES.get(encoder.spec.name, OTHERS):
            cells = [style, f"{same:.2f}"]
            for known in (False, True):
                errors: dict[tuple[float, bool], list[dict[str, float]]] = {key: [] for key in SCORED}
                wrong = 0
                for mixture, recording, enrolled in heard:
                    assigned, turns = who_spoke(recording, identifier(enrolled if known else {}, encoder), same)
                    found = [(f"{track} {assigned.tracks[track].voice_id}", span) for track, span in turns]
                    wrong += abs(len({track for track, _ in turns}) - len(mixture.speakers))
                    for key in SCORED:
                        errors[key].append(scored(mixture.reference, found, recording.duration_s, *key, named=False))
                cells += [f"{100 * sum(one[part] for one in some for part in parts) / sum(one['total'] for one in some):.2f}"
                          for some, parts in ((errors[COLLAR_S, True], PARTS), (errors[COLLAR_S, True], ("confusion",)),
                                              (errors[0.0, False], PARTS))]
                cells.append(f"{wrong / len(heard):.2f}")
            rows.append(cells)
    print(f"{MIXTURES} of each, percent; people: how far off their number is. In use: {limits_of(encoder.spec).same:.2f}.\n")
    print(table(["made of", "one person from", *(f"{what}, {who}" for who in ("nobody enrolled", "enrolled") for what in
                 ("DER ±0.25 s, no overlap", "its confusion", "DER", "people"))], rows))


def hour(shared: Path, path: Path) -> None:
    wave = np.concatenate([mixture.wave for _, mixture in made(shared)])
    files.write(path, Audio(np.resize(wave, int(HOUR_S * RATE_HZ)), RATE_HZ))


def speed(encoder: VoiceEncoder, shared: Path) -> None:
    detector, segmenter = SpeechDetector(), Models(Weights(), "cpu").turns()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hour.flac"
        in_child("timeline.py", "hour", str(shared), str(path))  # so that making it does not count as memory of hearing it
        files.write(Path(folder) / "warm.wav", Audio(np.zeros(RATE_HZ, np.float32), RATE_HZ))
        listen(Path(folder) / "warm.wav", encoder, detector, segmenter)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began = time.perf_counter()
        recording = listen(path, encoder, detector, segmenter)
        listened = time.perf_counter()
        _, turns = who_spoke(recording, identifier({}, encoder), limits_of(encoder.spec).same)
        ended = time.perf_counter()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(table(["an hour of flac at 16 kHz", "value"], [
        ["pieces", str(len(recording.heard))], ["heard in", f"{listened - began:.1f} s"],
        ["assigned in", f"{ended - listened:.1f} s"], ["× real time", f"{HOUR_S / (ended - began):.0f}"],
        ["memory beyond what was used before", f"{grown:.0f} MB"], ["strangers", str(len({track for track, _ in turns}))]]))


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
