"""Who spoke when, live: how the likeness of strangers, the speech that makes a new one and the edge of turns were chosen.

    python tests/benchmarks/live_strangers.py [--encoder NAME] [shared data folder] [mixtures]

The mixtures of timeline.py, heard by the live listener block by block. What its steps embed is kept and decided upon again
with other constants.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

from measuring import SHARED, chosen_encoder, table
from timeline import identifier, made

from engine.audio import files
from engine.audio.microphone import FileSource
from engine.audio.speech import SpeechDetector
from engine.encoders.protocols import VoiceEncoder
from engine.evaluation.diarization_mixtures import RATE_HZ, Mixture
from engine.evaluation.diarization_scores import COLLAR_S, PARTS, scored
from engine.records import Audio, Embedding, Turn
from engine.voices.identification import Identifier
from engine.voices.limits import limits_of
from engine.voices.listening import Listener
from engine.voices.takes import sample_parts
from engine.voices.timeline import live_turns, online
from engine.voices.timeline.live_turns import LiveTurns
from engine.voices.timeline.online import Numbered, Strangers

MIXTURES = 12
LIKES = {"GE2E d-vector": (0.60, 0.64, 0.66, 0.68, 0.70, 0.72)}
OTHERS = (0.25, 0.30, 0.35, 0.40, 0.45, 0.50)
NEWS_S = (1.0, 1.5, 2.0)
BACKS = (0.0, 0.2, 0.35, 0.5, 0.6)

Step = tuple[Embedding, float, float, float]  # query, speech in it, how much of it is new, time


class Steps(Strangers):
    """Keeps what it is asked: a step, or None where a run of speech was over."""

    def __init__(self) -> None:
        super().__init__(0.0)
        self.kept: list[Step | None] = []
        self.listener: Listener | None = None

    def hear(self, query: Embedding, used_s: float, new_s: float, power: float = 0.0, clipped: int = 0) -> Numbered:
        assert self.listener is not None
        self.kept.append((query, used_s, new_s, self.listener.elapsed_s))
        return Numbered(None)

    def pause(self) -> None:
        self.kept.append(None)


def heard(wave: Audio, encoder: VoiceEncoder, detector: SpeechDetector, folder: Path) -> list[Step | None]:
    files.write(folder / "mixture.wav", wave)
    steps = Steps()
    listener = Listener(FileSource(folder / "mixture.wav", pace=0), encoder, detector, lambda: identifier({}, encoder))
    listener.lanes.go_on(encoder.spec)  # or its strangers are others when it starts
    listener.lanes._strangers, steps.listener = steps, listener
    listener.start()
    listener.wait()
    listener.stop()
    if listener.error is not None:
        raise listener.error
    return steps.kept


def decided(steps: list[Step | None], who: Identifier, like: float) -> list[Turn]:
    strangers, turns = Strangers(like), LiveTurns()
    for step in steps:
        if step is None:
            strangers.pause()
            turns.pause()
            continue
        query, used_s, new_s, now_s = step
        found = who.identify(query, used_s)
        voice, number = found.nearest if found.status in ("match", "tentative") else None, None
        if voice is not None:
            strangers.known(new_s)
        else:
            numbered = strangers.hear(query, used_s, new_s)
            turns.relabel(numbered.merged)
            number = numbered.number
        turns.step(voice, found.status, number, now_s, used_s)
    return turns.all({})


def measured(mixtures: list[tuple[Mixture, list[Step | None], Identifier, Identifier]], like: float) -> list[str]:
    cells, numbers = [], 0
    for known in (False, True):
        errors = []
        for mixture, steps, nobody, everybody in mixtures:
            turns = decided(steps, everybody if known else nobody, like)
            names = [(turn.voice or f"stranger {turn.stranger}", turn.span) for turn in turns]
            errors.append(scored(mixture.reference, names, len(mixture.wave) / RATE_HZ, COLLAR_S, True, False))
            found = len({turn.stranger for turn in turns} - {None})
            numbers += found - (0 if known else len(mixture.speakers))
        total = sum(one["total"] for one in errors)
        wrong = (sum(one[part] for one in errors for part in parts) for parts in (PARTS, ("confusion",)))
        cells += [*(f"{100 * seconds / total:.2f}" for seconds in wrong), f"{numbers:+d}"]
        numbers = 0
    return cells


def main(encoder: VoiceEncoder, shared: Path, count: int) -> None:
    detector, usual = SpeechDetector(), limits_of(encoder.spec).like
    mixtures = []
    with tempfile.TemporaryDirectory() as folder:
        for enrolled, mixture in made(shared)[:count]:
            steps = heard(Audio(mixture.wave, RATE_HZ), encoder, detector, Path(folder))
            parts = {name: [p for wave in waves for p in sample_parts(Audio(wave, RATE_HZ))] for name, waves in enrolled.items()}
            voices = {name: encoder.embed_many(some) for name, some in parts.items()}
            mixtures.append((mixture, steps, identifier({}, encoder), identifier(voices, encoder)))
    speakers = sum(len(mixture.speakers) for mixture, *_ in mixtures)
    print(f"{len(mixtures)} mixtures with {speakers} speakers, percent; ±0.25 s around boundaries and overlap skipped.\n"
          "Numbers: strangers found less those there are.\n")
    first = ["DER, nobody enrolled", "confusion", "numbers", "DER, all enrolled", "confusion", "numbers"]
    likes = LIKES.get(encoder.spec.name, OTHERS)
    print(table(["likeness", *first], [[f"{like:.2f}", *measured(mixtures, like)] for like in likes]))
    for name, module, constant, values in (("new from, s", online, "NEW_S", NEWS_S), ("back", live_turns, "BACK", BACKS)):
        rows = []
        for value in values:
            with patch.object(module, constant, value):
                rows.append([f"{value:g}", *measured(mixtures, usual)])
        print()
        print(table([name, *first], rows))


if __name__ == "__main__":
    model = chosen_encoder()
    main(model, Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED, int(sys.argv[2]) if len(sys.argv) > 2 else MIXTURES)
