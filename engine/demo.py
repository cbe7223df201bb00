"""The main job on voices and sounds that the program makes itself, checked step by step.

Nothing here is a stand-in: the true encoders, a true workspace, true files. Expected answers are known because the
voices and sounds were made for it; a wrong answer fails the demo.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.audio import files
from engine.audio.microphone import FileSource
from engine.errors import EarmarkError
from engine.records import Audio, FloatArray, Space, Take
from engine.tasks import Ticket

if TYPE_CHECKING:
    from engine.app import Earmark
    from engine.projection.methods import Method

ENROLLED = 5  # made voices that are enrolled; the next one stays a stranger
SPOKEN = 3  # of espeak-ng's voices, where it is installed
TAKES, TAKE_S = 3, 6.0
QUERY_S = 5.0
RANK = 3  # a search is right when the sound is among the first three


@dataclass
class Report:
    """What was asked, what came, and whether it was right."""

    steps: list[dict[str, Any]] = field(default_factory=list)

    def step(self, name: str, expected: Any, work: Callable[..., Any], *arguments: Any,
             right: Callable[[Any], bool] | None = None) -> Any:
        """Run work(*arguments); it is right when the answer equals what was expected, or when `right` says so."""
        began = time.perf_counter()
        try:
            got = work(*arguments)
            ok = bool(right(got)) if right is not None else got == expected
        except (EarmarkError, LookupError) as error:
            got, ok = f"{type(error).__name__}: {error}", False
        self.steps.append({"name": name, "expected": expected, "got": got, "ok": ok,
                           "took_s": time.perf_counter() - began})
        return got

    @property
    def ok(self) -> bool:
        return all(step["ok"] for step in self.steps)


def run(app: Earmark, folder: Path, ticket: Ticket | None = None) -> dict[str, Any]:
    """Do the main job in `folder` with the workspace of `app`; returns the report without the pictures.

    Raises WeightsMissing when the models were not fetched.
    """
    ticket = ticket or Ticket()
    report = Report()
    ticket.report(0, 5, "voices")
    app.models.voice(), app.models.joint(), app.models.speech()
    stranger = _voices(app, folder / "voices", report)
    ticket.report(1, 5, "listening")
    _live(app, folder / "voices", report)
    ticket.report(2, 5, "sounds")
    _sounds(app, folder / "sounds", report)
    ticket.report(3, 5, "maps")
    _maps(app, report, stranger)
    ticket.report(4, 5, "pictures")
    return {"steps": report.steps, "ok": report.ok, "centroid_similarity": centroid_similarity(app)}


def _voices(app: Earmark, folder: Path, report: Report) -> Path:
    """Enroll made voices and espeak-ng's, identify held-out takes and a stranger; returns the stranger's file.

    All of espeak-ng's voices are enrolled: they come from one synthesizer and are nearer to each other than people are,
    so that one of them as a stranger would be let in (the report's centroid_similarity shows it).
    """
    from engine.synthesis import espeak, voices

    folder.mkdir(parents=True, exist_ok=True)

    def takes(name: str, speak: Callable[[int, float], Audio]) -> list[Path]:
        paths = [folder / f"{name} {n + 1}.wav" for n in range(TAKES + 1)]
        for n, path in enumerate(paths):
            files.write(path, speak(n, TAKE_S if n < TAKES else QUERY_S))
        return paths

    def enroll(name: str, paths: list[Path]) -> int:
        return sum(isinstance(take, Take) for take in app.voices.enroll_files(name, paths[:TAKES]))

    made = {v.name: takes(v.name, partial(voices.speak, v)) for v in voices.VOICES[:ENROLLED + 1]}
    spoken = {v.name: takes(v.name, partial(espeak.speak, v)) for v in espeak.espeak_voices()[:SPOKEN]}
    enrolled = [*list(made.items())[:ENROLLED], *spoken.items()]
    stranger, heard = list(made.items())[ENROLLED]
    for name, paths in enrolled:
        report.step(f"enroll {name}", TAKES, enroll, name, paths)
    for name, paths in enrolled:
        report.step(f"identify a new take of {name}", name, lambda path: app.voices.identify_file(path).voice, paths[-1])
    report.step(f"identify {stranger}, who was never enrolled", "unknown",
                lambda: app.voices.identify_file(heard[-1]).status)
    quiet = folder / "silence.wav"
    files.write(quiet, Audio(np.zeros(48_000, np.float32), 16_000))
    report.step("identify silence", "too-short", lambda: app.voices.identify_file(quiet).status)
    return heard[-1]


def _live(app: Earmark, folder: Path, report: Report) -> None:
    """Let two enrolled voices speak one after the other into a listener, as fast as it can."""
    from engine.synthesis import voices

    names = [voice.name for voice in voices.VOICES[:2]]
    parts = [files.read(folder / f"{name} {TAKES + 1}.wav", 16_000).samples for name in names]
    talk = folder / "conversation.wav"
    pause = np.zeros(16_000, np.float32)
    files.write(talk, Audio(np.concatenate([parts[0], pause, parts[1], pause]), 16_000))

    def listen() -> list[str]:
        listener = app.voices.listener(FileSource(talk, pace=0))
        listener.start()
        listener.wait(120)
        listener.stop()
        said: list[str] = []
        for turn in listener.turns():
            if turn.voice and turn.status == "match" and (not said or said[-1] != turn.voice):
                said.append(turn.voice)
        return said

    report.step("listen to a conversation of two", names, listen)
    files.write(folder / "talk.wav", Audio(np.concatenate([*parts, pause, *parts]), 16_000))  # for the pictures


def _sounds(app: Earmark, folder: Path, report: Report) -> None:
    """Index the made sounds, then find some by words and by example."""
    from engine.synthesis import sounds

    paths = sounds.write_library(folder)
    app.library.add(folder)
    report.step("index the made sounds", len(paths), lambda: app.library.scan().added)
    report.step("index again: nothing is touched", len(paths), lambda: app.library.scan().unchanged)
    for words, accepted in sounds.SEARCHES:
        report.step(f"search “{words}”", " or ".join(accepted),
                    lambda text: [m.sound.path.stem for m in app.library.search(text=text, k=RANK).matches], words,
                    right=partial(_any_of, accepted))
    report.step("search by example", paths[0].name, lambda: app.library.search(like=paths[0], k=1).matches[0].sound.path.name)


def _maps(app: Earmark, report: Report, stranger: Path) -> None:
    query = app.voices.embed_file(stranger).vector
    voices = len(app.voices.samples()) + sum(v.state == "enrolled" for v in app.voices.list()) + 1
    sounds = app.library.stats().sounds
    methods: tuple[Method, ...] = ("pca", "tsne", "umap")
    for method in methods:
        report.step(f"project voices by {method}", voices,
                    partial(_points, app, "voices", method, query))
        report.step(f"project sounds by {method}", sounds, partial(_points, app, "sounds", method, None))


def _any_of(accepted: tuple[str, ...], got: list[str]) -> bool:
    return any(name in accepted for name in got)


def _points(app: Earmark, space: Space, method: Method, query: FloatArray | None) -> int:
    return len(app.maps.project(space, method, query=query).points)


def centroid_similarity(app: Earmark) -> dict[str, Any]:
    """Cosine between the centroids of all pairs of voices: how hard it was."""
    identifier = app.voices.identifier()
    pairs: list[dict[str, Any]] = [{"voices": [identifier.voices[a].name, identifier.voices[b].name],
              "similarity": float(identifier.centroids[a] @ identifier.centroids[b])}
             for a, b in combinations(range(len(identifier.voices)), 2)]
    values = [p["similarity"] for p in pairs]
    return {"mean": float(np.mean(values)) if values else None, "max": max(values) if values else None, "pairs": pairs}
