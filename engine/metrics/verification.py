"""Same speaker or not: equal error rate, detection cost, and how good log-likelihood ratios are.

Conventions
-----------
*genuine*: similarities (n,) of trials of one and the same speaker; *impostor*: (m,) of two different speakers.
A trial is accepted when its similarity is at or above the threshold (similarities rise with likeness).
FRR(t), miss rate: share of genuine trials below t. FAR(t), false alarm rate: share of impostor trials at or above t.
Operating points lie midway between neighbouring distinct similarities, plus one that accepts all and one that rejects
all; between two of them both rates are taken as straight lines, as most toolkits do (no convex hull).

Sources: Martin et al. 1997 (DET); NIST SRE 2008 evaluation plan, section 2.1 (detection cost and its normalisation);
Brümmer & du Preez 2006, Computer Speech & Language 20, 230–275 (the cost of log-likelihood ratios).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import UsageError
from engine.metrics.checks import finite

Floats = NDArray[np.float64]


def error_rates(genuine: ArrayLike, impostor: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Return (thresholds, FAR, FRR), each float64 (points,), thresholds rising, FAR falling from 1, FRR rising to 1."""
    same = np.sort(finite(genuine, "genuine"))
    other = np.sort(finite(impostor, "impostor"))
    scores = np.unique(np.concatenate([same, other]))
    thresholds = np.concatenate([scores[:1], (scores[:-1] + scores[1:]) / 2, [np.nextafter(scores[-1], np.inf)]])
    # "At or above": two neighbouring floats can have the lower one as their midpoint, so count by score, not threshold.
    below = np.concatenate([scores, [np.inf]])
    frr = np.searchsorted(same, below, side="left") / len(same)
    far = 1.0 - np.searchsorted(other, below, side="left") / len(other)
    return thresholds, far, frr


def eer(genuine: ArrayLike, impostor: ArrayLike) -> tuple[float, float]:
    """Return (rate 0–1, threshold) where FAR and FRR cross, interpolated between the two operating points around it."""
    thresholds, far, frr = error_rates(genuine, impostor)
    gap = far - frr  # falls from 1 to −1
    after = int(np.argmax(gap <= 0))
    if gap[after] == 0:
        return float(far[after]), float(thresholds[after])
    before = after - 1
    along = gap[before] / (gap[before] - gap[after])
    rate = far[before] + along * (far[after] - far[before])
    return float(rate), float(thresholds[before] + along * (thresholds[after] - thresholds[before]))


def min_dcf(genuine: ArrayLike, impostor: ArrayLike, p_target: float = 0.01, c_miss: float = 1.0,
            c_fa: float = 1.0) -> float:
    """Return the lowest normalised detection cost over all thresholds.

    DCF(t) = c_miss · p_target · FRR(t) + c_fa · (1 − p_target) · FAR(t), divided by min(c_miss · p_target,
    c_fa · (1 − p_target)), the cost of the better of the two systems that accept all or reject all: so 0 is perfect
    and nothing is worse than 1.
    """
    if not 0 < p_target < 1 or c_miss <= 0 or c_fa <= 0:
        raise UsageError("p_target must lie between 0 and 1 and the costs above 0.")
    _, far, frr = error_rates(genuine, impostor)
    cost = c_miss * p_target * frr + c_fa * (1 - p_target) * far
    return float(cost.min() / min(c_miss * p_target, c_fa * (1 - p_target)))


def far_at_frr(genuine: ArrayLike, impostor: ArrayLike, frr: float) -> tuple[float, float]:
    """Return (FAR, threshold) at the highest operating point that misses at most `frr` (0–1) of the genuine trials."""
    if not 0 <= frr <= 1:
        raise UsageError("A rate lies between 0 and 1.")
    thresholds, far, missed = error_rates(genuine, impostor)
    at = int(np.searchsorted(missed, frr, side="right")) - 1  # missed rises from 0
    return float(far[at]), float(thresholds[at])


def rates_at(genuine: ArrayLike, impostor: ArrayLike, threshold: float) -> tuple[float, float]:
    """Return (FAR, FRR) at a threshold that was set beforehand."""
    return (float((finite(impostor, "impostor") >= threshold).mean()),
            float((finite(genuine, "genuine") < threshold).mean()))


def normal_deviate(rates: ArrayLike) -> Floats:
    """Return Φ⁻¹ of rates between 0 and 1, the scale of both axes of a DET plot: −∞ at 0, ∞ at 1."""
    from scipy.special import ndtri

    return np.asarray(ndtri(np.asarray(rates, np.float64)))


def cllr(genuine: ArrayLike, impostor: ArrayLike) -> float:
    """Return the log-likelihood-ratio cost in bits of natural-log ratios: genuine (n,), impostor (m,).

    Cllr = ½ · mean over genuine of log2(1 + e^−l) + ½ · mean over impostors of log2(1 + e^l). 0 is perfect; 1 is what
    ratios that say nothing (all 0) cost; a ratio that is sure and wrong costs without bound.
    """
    same, other = finite(genuine, "genuine"), finite(impostor, "impostor")
    return float((np.logaddexp(0, -same).mean() + np.logaddexp(0, other).mean()) / (2 * np.log(2)))
