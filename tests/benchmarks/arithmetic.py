"""How the terms of a query are put together: several rules, on plus and minus queries with known answers.

ESC-10 sounds alone and two at a time (made here), and the picture-book sounds with their groups. Every rule gets the
similarities of all sounds to each term and gives one number a sound; the table holds the mean average precision.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measuring import SHARED, table

from engine.audio import files
from engine.encoders.models import Models
from engine.evaluation import data
from engine.library.terms import combined, usual_of
from engine.weights import Weights

Array = np.ndarray[Any, Any]
Rule = Callable[[Array, Array], Array]
PER_PAIR = 3
LONG_SOUNDS = 120
GROUPS = (("an animal", {"dog bark", "rooster"}), ("water", {"rain", "sea waves"}), ("an engine", {"helicopter", "chainsaw"}),
          ("a person", {"baby cry", "person sneeze"}), ("nature", {"rain", "sea waves", "fire crackling", "rooster", "dog bark"}))


def over(threshold: Callable[[Array], Any]) -> Rule:
    """Σ w₊·s₊ − Σ |w₋|·max(0, s₋ − threshold(s₋))."""
    return lambda s, w: sum(weight * (one if weight > 0 else np.maximum(0, one - threshold(one)))
                            for one, weight in zip(s, w, strict=True))


def standard(s: Array, w: Array) -> Array:
    """Each term in its own standard deviations."""
    return w @ ((s - s.mean(axis=1, keepdims=True)) / s.std(axis=1, keepdims=True))


def standard_over(sigmas: float) -> Rule:
    """In standard deviations; a minus term counts from some of them above its mean on."""
    def rule(s: Array, w: Array) -> Array:
        z = (s - s.mean(axis=1, keepdims=True)) / s.std(axis=1, keepdims=True)
        return w @ np.where(w[:, None] > 0, z, np.maximum(0, z - sigmas))
    return rule


def least(s: Array, w: Array) -> Array:
    """The least of the plus terms, less the greatest of the minus terms, in standard deviations."""
    z = (s - s.mean(axis=1, keepdims=True)) / s.std(axis=1, keepdims=True)
    return z[w > 0].min(axis=0) - (z[w < 0].max(axis=0) if (w < 0).any() else 0)


def scaled(s: Array, w: Array) -> Array:
    """Each term in units of its own greatest similarity."""
    return w @ (s / s.max(axis=1, keepdims=True))


RULES: dict[str, Rule] = {
    "plus terms only": lambda s, w: np.maximum(w, 0) @ s,
    "Σ w·s (one vector)": lambda s, w: w @ s,
    "Σ w·s, minus ÷ 2": lambda s, w: np.where(w < 0, w / 2, w) @ s,
    "minus above mean": over(np.mean),
    "minus above mean + 1 sd": over(lambda s: s.mean() + s.std()),
    "÷ greatest": scaled,
    "standardised": standard,
    "standardised, minus above 0.5 sd": standard_over(0.5),
    "standardised, minus above 1 sd": standard_over(1.0),
    "least plus − greatest minus": least,
    "soft least plus − minus above 0.5 sd (shipped)": combined,
}


def average_precision(scores: Array, relevant: Array) -> float:
    hits = relevant[np.argsort(-scores, kind="stable")]
    return float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())


def embedded(encoder: Any, waves: list[Array]) -> Array:
    found = encoder.analyse_many([iter([w.astype(np.float32)]) for w in waves])
    rows = np.array([one.vectors.mean(axis=0) for one in found])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def esc10(encoder: Any) -> tuple[Array, list[frozenset[str]]]:
    """Vectors of all sounds alone and of pairs of classes, PER_PAIR mixtures each, with what is in them."""
    rng = np.random.default_rng(3)
    by_class: dict[str, list[Array]] = {}
    for item in data.sounds(SHARED / "sounds" / "esc10"):
        wave = files.read(item.path, encoder.spec.rate_hz).samples
        by_class.setdefault(item.label, []).append(wave / max(1e-4, float(np.sqrt(np.mean(wave**2)))) * 0.05)
    names = sorted(by_class)
    waves = [w for n in names for w in by_class[n]]
    holds = [frozenset({n}) for n in names for _ in by_class[n]]
    for i, a in enumerate(names):
        for b in names[i + 1:]:
            for _ in range(PER_PAIR):
                one, other = (by_class[n][rng.integers(len(by_class[n]))] for n in (a, b))
                size = min(len(one), len(other))
                waves.append(one[:size] + other[:size])
                holds.append(frozenset({a, b}))
    return embedded(encoder, waves), holds


def queries(encoder: Any) -> dict[str, list[tuple[Array, Array, Array, Array]]]:
    """For each task: (vectors of the library, of the terms, their weights, which sounds are relevant)."""
    vectors, holds = esc10(encoder)
    names = sorted({n for one in holds for n in one})
    texts = dict(zip(names, encoder.embed_texts(names), strict=True))
    has = {n: np.array([n in one for one in holds]) for n in names}
    alone = np.array([len(one) == 1 for one in holds])
    tasks: dict[str, list[tuple[Array, Array, Array, Array]]] = {
        n: [] for n in ("X − Y", "X + Y", "like X − Y", "like X + Y", "group − X", "birds − one, animals − group")}
    plus, minus = np.array([1.0, 1.0]), np.array([1.0, -1.0])
    for n, a in enumerate(names):
        for b in names:
            if a == b:
                continue
            example = int(np.flatnonzero(has[a] & alone)[n % 20])
            others = np.arange(len(vectors)) != example
            liked = np.array([vectors[example], texts[b]])
            worded = np.array([texts[a], texts[b]])
            tasks["X − Y"].append((vectors, worded, minus, has[a] & ~has[b]))
            tasks["like X − Y"].append((vectors[others], liked, minus, (has[a] & ~has[b])[others]))
            tasks["like X + Y"].append((vectors[others], liked, plus, (has[a] & has[b])[others]))
            if a < b:
                tasks["X + Y"].append((vectors, worded, plus, has[a] & has[b]))
    for said, members in GROUPS:
        group = encoder.embed_texts([said])[0]
        for one in sorted(members):
            relevant = np.array([bool(h & members) and one not in h for h in holds]) & alone
            tasks["group − X"].append((vectors[alone], np.array([group, texts[one]]), minus, relevant[alone]))
    tasks["birds − one, animals − group"] = picture_book(encoder)
    return tasks


def picture_book(encoder: Any) -> list[tuple[Array, Array, Array, Array]]:
    paths = sorted((SHARED / "sounds" / "tuxpaint").glob("*.ogg"))
    vectors = embedded(encoder, [files.read(p, encoder.spec.rate_hz).samples for p in paths])
    parts = [Path(p).stem.split("__") for p in paths]
    found = []
    animals = np.array([p[0] == "animals" for p in parts])
    for group in sorted({p[1] for p in parts if p[0] == "animals" and len(p) > 2}):
        inside = np.array([p[0] == "animals" and p[1] == group for p in parts])
        if 2 < inside.sum() < animals.sum() - 2:
            found.append((vectors, encoder.embed_texts(["animals", group]), np.array([1.0, -1.0]), animals & ~inside))
    birds = np.array([p[:2] == ["animals", "birds"] for p in parts])
    for at in np.flatnonzero(birds):
        name = parts[at][-1]
        relevant = birds & np.array([p[-1] != name for p in parts])
        found.append((vectors, encoder.embed_texts(["a bird", name]), np.array([1.0, -1.0]), relevant))
    return found


def usual_over_sounds(s: Array, w: Array, starts: Array) -> Array:
    """A minus term by the span that is nearest to it, measured by what is usual for the nearest span of a sound."""
    nearest = [one if weight > 0 else np.maximum.reduceat(one, starts) for one, weight in zip(s, w, strict=True)]
    usual = np.array([usual_of(one[None]) for one in nearest])[..., 0]
    return combined(s, w, usual[:, 0], usual[:, 1], starts)


MINUS: dict[str, Callable[[Array, Array, Array], Array]] = {
    "in its own span": lambda s, w, starts: combined(s, w),
    "in the nearest span, usual over sounds": usual_over_sounds,
    "in the nearest span, usual over spans (shipped)": lambda s, w, starts: combined(s, w, starts=starts),
}


def long_sounds(encoder: Any) -> list[tuple[Array, Array, Array, Array, Array]]:
    """X − Y in long sounds. (vectors of spans, where sounds begin, of the terms, weights, which sounds are relevant.)

    Each sound is 1, 3, 6 or 12 ESC-10 recordings of different classes, where there are so many, one after the other.
    """
    rng = np.random.default_rng(5)
    by_class: dict[str, list[Array]] = {}
    for item in data.sounds(SHARED / "sounds" / "esc10"):
        wave = files.read(item.path, encoder.spec.rate_hz).samples
        by_class.setdefault(item.label, []).append(wave / max(1e-4, float(np.sqrt(np.mean(wave**2)))) * 0.05)
    names = sorted(by_class)
    rows, starts, holds, at = [], [], [], 0
    for n in range(LONG_SOUNDS):
        parts = (1, 3, 6, 12)[n % 4]
        few = rng.permutation(names)[:min(parts, 4)]
        order = rng.permutation(np.resize(few, parts))
        wave = np.concatenate([by_class[str(name)][rng.integers(40)] for name in order]).astype(np.float32)
        found = encoder.analyse(iter([wave])).vectors
        rows.append(found)
        starts.append(at)
        holds.append(set(map(str, few)))
        at += len(found)
    vectors, begins = np.concatenate(rows), np.array(starts)
    texts = dict(zip(names, encoder.embed_texts(names), strict=True))
    weights = np.array([1.0, -1.0])
    return [(vectors, begins, np.array([texts[a], texts[b]]), weights, np.array([a in one and b not in one for one in holds]))
            for a in names for b in names if a != b]


def main() -> None:
    import sys

    models = Models(Weights(), "cpu")
    encoder = models.joint() if len(sys.argv) < 2 else models.joint_named(sys.argv[1])  # type: ignore[attr-defined]
    tasks = queries(encoder)
    rows = []
    for name, rule in RULES.items():
        means = [float(np.mean([average_precision(np.asarray(rule(terms @ library.T, weights)), relevant)
                                for library, terms, weights, relevant in found])) for found in tasks.values()]
        rows.append([name, *(f"{m:.3f}" for m in means), f"{np.mean(means):.3f}"])
    sizes = ", ".join(f"{name}: {len(found)}" for name, found in tasks.items())
    lengths = long_sounds(encoder)
    minus = [[name, f"{np.mean([average_precision(*nearest_first(rule, one)) for one in lengths]):.3f}"]
             for name, rule in MINUS.items()]
    print(table(["rule", *tasks, "mean"], rows)
          + f"\n\nMean average precision; encoder: {encoder.spec.name}. Queries: {sizes}.\n\n"
          + table(["a minus term counts", "X − Y in long sounds"], minus)
          + f"\n\n{LONG_SOUNDS} sounds of 5 to 60 s, {len(lengths)} queries.")


def nearest_first(rule: Callable[[Array, Array, Array], Array],
                  one: tuple[Array, Array, Array, Array, Array]) -> tuple[Array, Array]:
    vectors, starts, terms, weights, relevant = one
    return np.maximum.reduceat(rule(terms @ vectors.T, weights, starts), starts), relevant


if __name__ == "__main__":
    main()
