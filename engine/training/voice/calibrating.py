"""Scales and calibrations of back-ends, from people whom the background has not seen.

The people are dealt into two folds. Statistics of one fold judge the people of the other, ten of whom are enrolled at a time;
everybody else in the fold is a stranger to them. A scale's threshold is the similarity that a given share of the strangers reach
with any of the ten voices, as a straight line over the logarithm of the query's length and its noise; the queries are of all
lengths, half of them through a drawn channel. Statistics of a fold rest on half of the people and are the worse for it. The
calibration has heard the same queries, and knows whether their band is narrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.metrics import verification
from engine.training.voice.material import Person
from engine.training.voice.statistics import Changes, Shape, statistics
from engine.voices.backends import Backend, Background, Enrolled, Scale
from engine.voices.backends.protocol import Doubles
from engine.voices.backends.scale import conditions
from engine.voices.probability import Calibration
from engine.voices.probability import fit as fit_logistic

VOICES = 10  # enrolled at a time, at the most
ROUNDS = 3
FALSE_ACCEPTS = 0.02
LONG_S = 2.5
USUAL = 0.9  # what the median of genuine queries is shown as


@dataclass(frozen=True)
class Trials:
    """raw: similarity of a genuine query to its own voice, or a stranger's highest; the rest belongs to it, all (n,)."""

    raw: Doubles
    seconds: Doubles
    snr_db: Doubles
    narrow: np.ndarray
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


def background_of(cohort: Sequence[Person], shape: Shape) -> Background:
    """The background that these people give."""
    vectors = np.concatenate([p.variety for p in cohort])
    owners = np.repeat(np.arange(len(cohort)), [len(p.variety) for p in cohort])
    return statistics(vectors, owners, changes_of(cohort), shape).background()


def changes_of(people: Sequence[Person]) -> Changes:
    """What lines did to the vectors of these people."""
    return Changes(np.concatenate([p.changes for p in people]), np.array([p.over_telephone.mean(axis=0) for p in people]))


def trials(backend: Backend, background: Background, persons: Sequence[Person], rng: np.random.Generator) -> Trials:
    """Enroll the people ten at a time, and let everybody ask."""
    rows: list[tuple[float, float, float, bool, bool, bool]] = []
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
                raw = fitted.similarities(person.queries, person.narrow)
                own = raw[:, place[i]] if i in place else raw.max(axis=1)
                rows += zip(own.tolist(), person.seconds.tolist(), person.snr_db.tolist(), person.narrow.tolist(),
                            person.plain.tolist(), [i in place] * len(own), strict=True)
    columns = np.array(rows, np.float64).T
    return Trials(columns[0], columns[1], columns[2], columns[3] > 0, columns[4] > 0, columns[5] > 0)


@dataclass(frozen=True)
class Rule:
    """What sets a threshold. false_accepts: the share of strangers that reach it. plain: only those without a channel count, for
    an encoder that hears people through channels as one."""

    false_accepts: float = FALSE_ACCEPTS
    plain: bool = False


def judge(backend: Backend, cohort: Sequence[Person], also: Sequence[Person], seed: int,
          shape: Shape, rule: Rule) -> Judged:
    """also: people who are enrolled and ask in both folds, and of whom no statistics are made."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(cohort))
    folds = [[cohort[i] for i in order[k::2]] for k in range(2)]
    parts = [trials(backend, background_of(folds[1 - k], shape), [*folds[k], *also], rng) for k in range(2)]
    found = Trials(*(np.concatenate([getattr(p, f) for p in parts]) for f in (
        "raw", "seconds", "snr_db", "narrow", "plain", "genuine")))
    scale = _scale(found, rule)
    calibration = fit_logistic(found.raw, found.seconds, found.snr_db, found.genuine, found.narrow)
    odds = calibration.log_odds(found.raw, found.seconds, found.snr_db, found.narrow)
    same, other = found.raw[found.genuine], found.raw[~found.genuine]
    return Judged(scale, calibration, verification.eer(same, other)[0], verification.min_dcf(same, other),
                  verification.cllr(odds[found.genuine], odds[~found.genuine]), (len(same), len(other)))


def _scale(found: Trials, rule: Rule) -> Scale:
    """A quantile regression (Koenker & Bassett 1978) of what strangers reach; the median of plain genuine queries of 2.5 s and
    more is shown as 0.9. What is the same for all strangers has no weight."""
    from sklearn.linear_model import QuantileRegressor

    strange = ~found.genuine & found.plain if rule.plain else ~found.genuine
    inputs = np.stack(conditions(found.seconds, found.snr_db), axis=1)
    told = inputs[strange].std(axis=0) > 1e-9
    design = np.column_stack([inputs[strange][:, told], np.ones(strange.sum())])  # it wants a column
    fitted = QuantileRegressor(quantile=1 - rule.false_accepts, alpha=0, solver="highs", fit_intercept=False)
    weights = np.zeros(len(told) + 1)
    weights[[*told, True]] = fitted.fit(design, found.raw[strange]).coef_
    scale = Scale(float(weights[-1]), 1.0, *map(float, weights[:-1]))
    rows = (found.seconds >= LONG_S) & found.plain & found.genuine
    above = found.raw[rows] - scale.threshold(found.seconds[rows], found.snr_db[rows])
    return replace(scale, width=max(float(np.median(above)) / float(np.log(USUAL / (1 - USUAL))), 1e-3))
