"""Scales and calibrations of back-ends, from people whom the background has not seen.

The people are dealt into two folds. Statistics of one fold judge the people of the other, ten of whom are enrolled at a time;
everybody else in the fold is a stranger to them. A scale's middle is the similarity that one stranger in twenty reaches
with any of the ten voices; the statistics of a fold rest on half of the people and are the worse for it, and with all of
them fewer get in (`tests/benchmarks/backends.py`). Longer queries are more like everybody, so it rises with the logarithm of
their length. The calibration has heard queries of all lengths, half of them through a noisy line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.metrics import verification
from engine.training.voice.material import QUERY_S, Person
from engine.training.voice.statistics import RANK_BETWEEN, statistics
from engine.voices.backends import Backend, Background, Enrolled, Scale
from engine.voices.backends.protocol import Doubles
from engine.voices.backends.scale import USUAL_S
from engine.voices.probability import Calibration
from engine.voices.probability import fit as fit_logistic

VOICES = 10  # enrolled at a time, at the most
ROUNDS = 3
FALSE_ACCEPTS = 0.05
LONG_S = 2.5
USUAL = 0.9  # what the median of genuine queries is shown as


@dataclass(frozen=True)
class Trials:
    """raw: similarity of a genuine query to its own voice, or a stranger's highest; the rest belongs to it, all (n,)."""

    raw: Doubles
    seconds: Doubles
    snr_db: Doubles
    kinds: Doubles
    plain: np.ndarray
    genuine: np.ndarray


@dataclass(frozen=True)
class Judged:
    """A back-end on people it has not seen."""

    scale: Scale
    calibration: Calibration
    eer: float
    min_dcf: float
    cllr: float
    trials: tuple[int, int]  # genuine, strangers


def background_of(cohort: Sequence[Person], axes: int = RANK_BETWEEN) -> Background:
    """The background that these people give. axes: see `statistics`."""
    vectors = np.concatenate([p.variety for p in cohort])
    owners = np.repeat(np.arange(len(cohort)), [len(p.variety) for p in cohort])
    return statistics(vectors, owners, axes).background()


def trials(backend: Backend, background: Background, persons: Sequence[Person], rng: np.random.Generator) -> Trials:
    """Enroll the people ten at a time, and let everybody ask."""
    rows: list[tuple[float, float, float, float, bool, bool]] = []
    size = min(VOICES, max(1, len(persons) // 2))  # somebody has to be a stranger
    for _ in range(ROUNDS):
        order = rng.permutation(len(persons))
        for start in range(0, len(order), size):
            inside = order[start:start + size]
            samples = [persons[i].enrolled for i in inside]
            fitted = backend.fit(Enrolled(np.concatenate(samples), np.repeat(np.arange(len(inside)), list(map(len, samples))),
                                          len(inside)), background)
            place = {int(i): n for n, i in enumerate(inside)}
            for i, person in enumerate(persons):
                raw = fitted.similarities(person.queries)
                own = raw[:, place[i]] if i in place else raw.max(axis=1)
                rows += zip(own.tolist(), person.seconds.tolist(), person.snr_db.tolist(), person.kinds.tolist(),
                            person.plain.tolist(), [i in place] * len(own), strict=True)
    columns = np.array(rows, np.float64).T
    return Trials(columns[0], columns[1], columns[2], columns[3], columns[4] > 0, columns[5] > 0)


def judge(backend: Backend, cohort: Sequence[Person], also: Sequence[Person], seed: int,
          axes: int = RANK_BETWEEN) -> Judged:
    """also: people who are enrolled and ask in both folds, and of whom no statistics are made."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(cohort))
    folds = [[cohort[i] for i in order[k::2]] for k in range(2)]
    parts = [trials(backend, background_of(folds[1 - k], axes), [*folds[k], *also], rng) for k in range(2)]
    found = Trials(*(np.concatenate([getattr(p, f) for p in parts]) for f in (
        "raw", "seconds", "snr_db", "kinds", "plain", "genuine")))
    scale = _scale(found)
    calibration = fit_logistic(found.raw, found.seconds, found.snr_db, found.genuine)
    odds = calibration.log_odds(found.raw, found.seconds, found.snr_db)
    same, other = found.raw[found.genuine], found.raw[~found.genuine]
    return Judged(scale, calibration, verification.eer(same, other)[0], verification.min_dcf(same, other),
                  verification.cllr(odds[found.genuine], odds[~found.genuine]), (len(same), len(other)))


def _scale(found: Trials) -> Scale:
    """The middle is a straight line over ln(seconds), through the similarities that one plain stranger in twenty reaches at
    each length; the median of plain genuine queries of 2.5 s and more is shown as 0.9."""
    at, highest = [], []
    for kind in range(len(QUERY_S)):
        rows = (found.kinds == kind) & found.plain & ~found.genuine
        if not rows.any():  # nobody speaks for so long
            continue
        at.append(float(np.log(np.median(found.seconds[rows]) / USUAL_S)))
        highest.append(float(np.quantile(found.raw[rows], 1 - FALSE_ACCEPTS)))
    by_length, middle = np.polyfit(at, highest, 1) if len(at) > 1 else (0.0, highest[0])
    rows = (found.seconds >= LONG_S) & found.plain & found.genuine
    above = found.raw[rows] - middle - by_length * np.log(found.seconds[rows] / USUAL_S)
    return Scale(float(middle), max(float(np.median(above)) / float(np.log(USUAL / (1 - USUAL))), 1e-3), float(by_length))
