"""How well voices are told apart: verification, identification and the open set, on a folder of utterances.

Verification: trials are all unordered pairs of whole utterances, cosine (and s-norm); EER interpolated, minDCF at P = 0.01
with costs 1. Identification: 1, 3 and 5 utterances a speaker are enrolled, twenty seeded draws, all others are queries.
What is enrolled of an utterance are its parts of about 3 s, as the program does it. Open set: see `open_set.py`. Everything may
be heard through channels: see `channels.py`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.encoders.protocols import VoiceEncoder
from engine.errors import UsageError
from engine.evaluation import channels, data, open_set
from engine.evaluation.stretches import Ears, Line, embed
from engine.metrics import intervals, verification
from engine.records import FloatArray
from engine.settings import Settings
from engine.tasks import Ticket
from engine.voices import cohort as cohorts
from engine.voices.backends import Backend, Background, Enrolled, all_backends
from engine.voices.backends.s_norm import SNorm
from engine.voices.choice import choose
from engine.voices.limits import limits_of
from engine.voices.takes import sample_parts

if TYPE_CHECKING:
    from engine.audio.speech import SpeechDetector

ENROLL = (1, 3, 5)
DRAWS = 20


@dataclass(frozen=True)
class Utterances:
    """Utterances that could be read, with their speakers as numbers, and the parts of each that would be enrolled.

    vectors: (n, dim), of whole utterances; label: (n,); narrow: whether their band is a telephone's, (n,); parts: rows (p, dim)
    with the utterance each belongs to (p,).
    """

    vectors: FloatArray
    label: np.ndarray
    narrow: np.ndarray
    parts: FloatArray
    part_of: np.ndarray


def evaluate(folder: Path, encoder: VoiceEncoder, seed: int = 7, ticket: Ticket | None = None,
             strangers: Path | None = None, backends: Sequence[str] = (), lists: Path | None = None,
             channel: str = "none", in_turn: bool = False, enroll: int = open_set.ENROLL,
             detector: SpeechDetector | None = None) -> dict[str, Any]:
    """Measure an encoder and the back-ends on a folder with a sub-folder a speaker. Returns the document of `--json`.

    Files that cannot be read are named under `failed` and left out; under `too_little_speech` those that hold less of it than the
    program names anybody by. detector: finds the speech, which alone is heard; without one all is speech. audio_s, x_real_time:
    seconds of speech, and how many a second of work on whole utterances, decoding and detection included. strangers: people who
    are not enrolled, for the open set; in_turn: they are the speakers of the folder instead, one after the other. enroll:
    utterances a speaker that are enrolled there. backends: by name, all where empty. lists: a file to write the drawn test lists
    to. channel: one of `channels.CHANNELS`; verification has what was asked on both sides. Raises UsageError when there is too
    little.
    """
    ticket = ticket or Ticket()
    asking, enrolling = channels.asking(channel, seed, 0), channels.enrolling(channel, seed)
    ears = Ears(detector, limits_of(encoder.spec).context_s)
    items = data.utterances(folder)
    chosen = _chosen(backends)
    began = time.perf_counter()
    whole = embed(items, lambda _, audio: [("whole", audio)], encoder, ticket, line=asking, ears=ears)
    wall_s = time.perf_counter() - began
    speakers = sorted({items[i].label for i in whole.item})
    label_of = np.array([speakers.index(item.label) if item.label in speakers else -1 for item in items])
    labels = label_of[whole.item] if len(whole.item) else np.zeros(0, int)
    counts = np.bincount(labels, minlength=1) if len(labels) else np.zeros(1, int)
    if len(speakers) < 2 or counts.max() < 2:
        raise UsageError(f"{folder} needs at least two speakers, and two utterances of one of them, that can be read.")
    good = [items[i] for i in whole.item]

    def heard(line: Line) -> Line:
        """By the number that an utterance has in `items`: it comes through one channel only."""
        return lambda number, audio: line(int(whole.item[number]), audio)

    parts = embed(good, lambda _, audio: [("part", p) for p in sample_parts(audio)], encoder, ticket, "parts",
                  heard(enrolling), ears)
    spoken = Utterances(whole.vectors, labels, whole.narrow, parts.vectors, parts.item)
    cohort = cohorts.shipped(encoder.spec)
    background = cohort.background if cohort else None
    usable = [b for b in chosen if background is not None or not b.needs_background]
    first, second = np.triu_indices(len(labels), 1)
    similarity = (whole.vectors @ whole.vectors.T)[first, second]
    same = labels[first] == labels[second]
    rate, threshold = verification.eer(similarity[same], similarity[~same])
    opened: dict[str, Any] = {"open_set": [], "open_set_lists": None}
    if strangers or in_turn:
        queries = embed(good, open_set.query_cut(seed), encoder, ticket, "queries", heard(asking), ears)
        unknown = (open_set.others(strangers, whole, encoder, cohort, seed, ticket, channel, ears) if strangers
                   else open_set.each_in_turn(spoken, queries, whole, good, cohort))
        opened = open_set.evaluate(spoken, queries, whole, unknown, cohort, usable, seed, lists, enroll)
    return {
        "channel": channel, "speakers": len(speakers), "utterances": len(labels),
        "trials": {"genuine": int(same.sum()), "impostor": int((~same).sum())},
        "eer": rate, "eer_threshold": threshold, "min_dcf": verification.min_dcf(similarity[same], similarity[~same]),
        "s_norm": _s_normed(whole.vectors, background, first, second, same),
        "backend": choose(Settings().backend, cohort).backend.title,
        "identification": [row for count in ENROLL for backend in usable
                           if (row := identification(spoken, backend, background, count, seed))],
        **opened,
        "cohort": {"people": cohort.card["people"], "seed": cohort.card["seed"]} if cohort else None,
        "x_real_time": float(whole.seconds.sum()) / wall_s, "audio_s": float(whole.seconds.sum()), "wall_s": wall_s,
        "encoder": {"name": encoder.spec.name, "version": encoder.spec.version, "dim": encoder.spec.dim},
        "failed": [{"file": str(f.path.absolute()), "error": f.reason} for f in whole.failed],
        "too_little_speech": [str(f.path.absolute()) for f in whole.silent],
    }


def _chosen(names: Sequence[str]) -> list[Backend]:
    known = {b.name: b for b in all_backends()}
    unknown = [n for n in names if n not in known]
    if unknown:
        raise UsageError(f"There is no back-end “{unknown[0]}”; there are {', '.join(known)}.")
    return [known[n] for n in names] if names else list(known.values())


def _s_normed(vectors: FloatArray, background: Background | None, first: np.ndarray, second: np.ndarray,
              same: np.ndarray) -> dict[str, float] | None:
    """Verification with s-normalised cosines, None without a background."""
    if background is None:
        return None
    fitted = SNorm().fit(Enrolled(vectors, np.arange(len(vectors)), len(vectors)), background)
    raw = fitted.similarities(vectors)[first, second]
    rate, threshold = verification.eer(raw[same], raw[~same])
    return {"eer": rate, "eer_threshold": threshold, "min_dcf": verification.min_dcf(raw[same], raw[~same])}


def draws(spoken: Utterances, count: int, seed: int) -> Iterator[tuple[list[int], Enrolled, np.ndarray]]:
    """Twenty draws of `count` enrolled utterances a speaker: (speakers, their samples, utterances that are left to ask).

    Speakers with no utterance left over enroll but ask nothing; those with too few are left out.
    """
    speakers = [int(s) for s in np.unique(spoken.label) if (spoken.label == s).sum() >= count]
    rng = np.random.default_rng([seed, count])
    for _ in range(DRAWS):
        taken = {s: rng.permutation(np.flatnonzero(spoken.label == s))[:count] for s in speakers}
        rows = [np.flatnonzero(np.isin(spoken.part_of, chosen)) for chosen in taken.values()]
        owner = np.repeat(np.arange(len(rows)), [len(r) for r in rows])
        left = np.setdiff1d(np.flatnonzero(np.isin(spoken.label, speakers)), np.concatenate(list(taken.values())))
        yield speakers, Enrolled(spoken.parts[np.concatenate(rows)], owner, len(rows)), left


def identification(spoken: Utterances, backend: Backend, background: Background | None, count: int,
                   seed: int) -> dict[str, Any] | None:
    """Closed-set identification by a back-end after `count` enrolled utterances.

    Returns None where no speaker has more than `count` utterances. ci95: bootstrap over speakers.
    """
    counts = np.bincount(spoken.label)
    if counts.max() <= count or (counts >= count).sum() < 2:
        return None
    right, asked = [], []
    for speakers, enrolled, queries in draws(spoken, count, seed):
        found = backend.fit(enrolled, background).similarities(spoken.vectors[queries], spoken.narrow[queries])
        nearest = np.array(speakers)[np.argmax(found, axis=1)]
        right.append(nearest == spoken.label[queries])
        asked.append(spoken.label[queries])
    hits, groups = np.concatenate(right).astype(float), np.concatenate(asked)
    return {"enroll": count, "backend": backend.title, "top1": float(hits.mean()),
            "ci95": list(intervals.bootstrap_ci95(hits, seed=seed, groups=groups.tolist())), "trials": len(hits)}
