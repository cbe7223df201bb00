"""How soon, and how often rightly, speakers are named live, through a virtual microphone in real time.

    python tests/benchmarks/live_turns.py [--encoder NAME] [--turns N] [--pause S] [--meetings DIR]

The ten readers of librispeech-10x10 are enrolled with three utterances each, all but two, who stay strangers; others of their
utterances are played one after the other. Times count from the voice's beginning (by level, `tests/playing.py`) to the moment
when the step that names it is done. A turn is named wrongly where, from HELD_S on, a name is shown that is not its own; before
that the one who spoke last may still be shown. meetings: a folder of recordings with .rttm files; they are played one after the
other, nobody is enrolled, and the lanes that Live shows are held against the reference. Needs PulseAudio.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from measuring import SHARED, median, percentile, table, word

from engine.app import Earmark
from engine.audio import files
from engine.audio.microphone import Microphone
from engine.evaluation import rttm
from engine.evaluation.diarization_scores import COLLAR_S, PARTS, scored
from engine.records import Audio, FloatArray, LiveUpdate, Span, Turn
from tests.playing import begin, offset_s
from tests.virtual_microphone import VirtualMicrophone

RATE_HZ = 16_000
ENROLL, STRANGERS = 3, 2
TURN_S = (2.0, 5.0)
HELD_S = 0.5


@dataclass
class Spoken:
    """A turn. updates: (seconds since its voice began, what was shown)."""

    name: str
    known: bool
    start_s: float
    end_s: float
    updates: list[tuple[float, LiveUpdate]] = field(default_factory=list)

    def named_after(self) -> float | None:
        return next((at for at, one in self.updates if one.identification and one.identification.voice == self.name), None)

    def named_wrongly(self) -> bool:
        shown = [one.identification.voice for at, one in self.updates if one.identification and at >= HELD_S]
        return any(name not in (None, self.name if self.known else None) for name in shown)


def talk(folders: list[Path], turns: int, pause_s: float, seed: int = 7) -> tuple[FloatArray, list[Spoken]]:
    """Turns of drawn speakers, nobody twice in a row, by utterances that were not enrolled."""
    rng = np.random.default_rng(seed)
    waves, spoken, at, last = [np.zeros(RATE_HZ, np.float32)], [], 1.0, -1
    for _ in range(turns):
        who = int(rng.choice([n for n in range(len(folders)) if n != last]))
        last = who
        paths = sorted(folders[who].glob("*.flac"))[ENROLL:]
        wave = files.read(paths[int(rng.integers(len(paths)))], RATE_HZ).samples
        wave = wave[begin(wave):][:int(rng.uniform(*TURN_S) * RATE_HZ)]
        spoken.append(Spoken(folders[who].name, who < len(folders) - STRANGERS, at, at + len(wave) / RATE_HZ))
        pause = np.zeros(int(pause_s * RATE_HZ), np.float32)
        waves += [wave, pause]
        at += (len(wave) + len(pause)) / RATE_HZ
    return np.concatenate(waves), spoken


def listened(app: Earmark, microphone: VirtualMicrophone, wave: FloatArray,
             folder: Path) -> tuple[list[LiveUpdate], list[Turn], float]:
    """What was shown while it was played, the lanes in the end, and where in the session it began."""
    files.write(folder / "talk.wav", Audio(wave, RATE_HZ))
    listener = app.voices.listener(Microphone())
    listener.record(folder / "heard.wav")
    listener.start()
    player = microphone.play(folder / "talk.wav")
    seen: list[LiveUpdate] = []
    following = 0
    while player.poll() is None:
        following, new = listener.updates(following)
        seen += new
        time.sleep(0.05)
    time.sleep(0.5)
    seen += listener.updates(following)[1]
    listener.stop()
    if listener.error is not None or listener.overflows:
        raise SystemExit(f"listening failed: {listener.error}, {listener.overflows} overflows")
    return seen, list(listener.turns()), offset_s(files.read(folder / "heard.wav"), wave)


@contextmanager
def ready(encoder: str) -> Iterator[tuple[Earmark, VirtualMicrophone, Path]]:
    """An empty workspace with its models loaded, a microphone to play into, and a folder."""
    microphone = VirtualMicrophone()
    microphone.start_server()
    microphone.attach()
    try:
        with tempfile.TemporaryDirectory() as scratch, Earmark(Path(scratch) / "workspace") as app:
            app.settings.change(voice=encoder or app.settings.value.voice)
            app.models.voice(), app.models.speech(), app.models.sound()
            yield app, microphone, Path(scratch)
    finally:
        microphone.detach()
        microphone.close()


def meetings(encoder: str, folder: Path) -> None:
    """Talks that are played into the microphone, and what Live made of them; nobody is enrolled."""
    rows, errors = [], []
    with ready(encoder) as (app, microphone, scratch):
        for name, reference in sorted(rttm.read(next(folder.glob("*.rttm"))).items()):
            wave = files.read(folder / f"{name}.flac", RATE_HZ).samples
            _, turns, shift = listened(app, microphone, wave, scratch)
            found = [(turn.voice or f"stranger {turn.stranger}", Span(turn.span.start_s - shift, turn.span.end_s - shift))
                     for turn in turns if turn.span.end_s > shift]
            errors.append(scored(reference, found, len(wave) / RATE_HZ, COLLAR_S, True, False))
            rows.append([name, str(len({who for who, _ in reference})), str(len({turn.stranger for turn in turns} - {None})),
                         *shares(errors[-1:])])
    print(table(["talk", "people", "found", "DER", *PARTS], [*rows, ["all", "", "", *shares(errors)]]))


def shares(errors: list[dict[str, float]]) -> list[str]:
    """In percent of the speech: all errors, and each kind."""
    total = max(sum(one["total"] for one in errors), 1e-9)
    return [f"{100 * sum(one[part] for one in errors for part in parts) / total:.1f}"
            for parts in (PARTS, *((part,) for part in PARTS))]


def main(encoder: str, turns: int, pause_s: float) -> None:
    folders = sorted(p for p in (SHARED / "speech" / "librispeech-10x10").iterdir() if p.is_dir())
    with ready(encoder) as (app, microphone, scratch):
        for folder in folders[:-STRANGERS]:
            app.voices.enroll_files(folder.name, sorted(folder.glob("*.flac"))[:ENROLL])
        wave, spoken = talk(folders, turns, pause_s)
        seen, _, shift = listened(app, microphone, wave, scratch)
        name = app.models.spec("voice").name
    for update in seen:
        for turn in spoken:
            if turn.start_s + shift < update.time_s <= turn.end_s + shift + 0.3 and update.identification is not None:
                turn.updates.append((update.time_s - turn.start_s - shift + update.compute_ms / 1000, update))
    report(name, spoken, seen)


def report(encoder: str, spoken: list[Spoken], seen: list[LiveUpdate]) -> None:
    known = [turn for turn in spoken if turn.known]
    after = [at for turn in known if (at := turn.named_after()) is not None]
    steps = [one.compute_ms for one in seen if one.embedding is not None]
    strangers = [turn for turn in spoken if not turn.known]
    print(table(["encoder", "turns", "named rightly", "median s", "p90 s", "named wrongly", "strangers named",
                 "step median ms", "step p95 ms"],
                [[encoder, str(len(spoken)), f"{len(after)} of {len(known)}",
                  f"{median(after):.2f}", f"{percentile(after, 0.9):.2f}",
                  f"{sum(turn.named_wrongly() for turn in known)} of {len(known)}",
                  f"{sum(turn.named_wrongly() for turn in strangers)} of {len(strangers)}",
                  f"{median(steps):.0f}", f"{percentile(steps, 0.95):.0f}"]]))


if __name__ == "__main__":
    talks = word("--meetings", "")
    if talks:
        meetings(word("--encoder", ""), Path(talks))
        sys.exit()
    main(word("--encoder", ""), int(word("--turns", "80")), float(word("--pause", "0.9")))
