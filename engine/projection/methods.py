"""Three ways to draw many dimensions in two: PCA, t-SNE, UMAP.

Every method takes vectors float32 (n, dim) and gives coordinates float64 (n, 2). Same vectors, parameters and seed: the
same map. t-SNE and UMAP start from the PCA layout, so that neighbours of neighbours do not land anywhere by chance
(Kobak & Linderman 2021, Nature Biotechnology 39). With fewer than MIN_POINTS points both give the PCA layout itself.

Sources: Pearson 1901; van der Maaten & Hinton 2008, JMLR 9 (openTSNE: Poličar et al. 2024, J. Stat. Softw. 109);
McInnes, Healy & Melville 2018, arXiv 1802.03426.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.errors import Cancelled, ShapeError, UsageError
from engine.records import FloatArray
from engine.tasks import Ticket

Method = Literal["pca", "tsne", "umap"]
Coordinates = NDArray[np.float64]
METHODS: tuple[Method, ...] = ("pca", "tsne", "umap")

MIN_POINTS = 5  # t-SNE and UMAP need a neighbourhood to keep
COMPONENTS = 8  # principal components whose variance is told
EXAGGERATED_STEPS = 250  # openTSNE's early exaggeration
INITIAL_SPREAD = 1e-4  # standard deviation of t-SNE's start (van der Maaten & Hinton 2008)
FULL_SVD_ROWS = 2000  # above, the (dim, dim) covariance is decomposed instead: the same axes, faster

DEFAULTS: Mapping[Method, Mapping[str, Any]] = {
    "pca": {},
    "tsne": {"perplexity": 30.0, "iterations": 500, "metric": "cosine", "seed": 7},
    "umap": {"n_neighbors": 15, "min_dist": 0.1, "epochs": None, "metric": "cosine", "seed": 7},
}
_RANGES: Mapping[str, tuple[float, float]] = {
    "perplexity": (1, 500), "iterations": (50, 5000), "n_neighbors": (2, 500), "min_dist": (0, 0.99),
    "epochs": (10, 5000), "seed": (0, 2**31 - 1),
}
_METRICS = ("cosine", "euclidean")


@dataclass(frozen=True)
class PCA:
    """A fitted projection. mean: (dim,); axes: (2, dim), unit rows, largest loading positive (zeros: no second axis).

    variance: shares of the whole variance that the first components hold, falling.
    """

    mean: Coordinates
    axes: Coordinates
    variance: tuple[float, ...]

    def transform(self, vectors: ArrayLike) -> Coordinates:
        """Coordinates (n, 2) of vectors (n, dim), or (2,) of one vector (dim,): exact, for seen and unseen alike."""
        return np.asarray((np.asarray(vectors, dtype=np.float64) - self.mean) @ self.axes.T)


def validated(method: Method, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return params with the method's defaults filled in. Raises UsageError for unknown names and impossible values."""
    if method not in METHODS:
        raise UsageError(f"There is no projection called {method!r}; there are pca, tsne and umap.")
    merged = {**DEFAULTS[method], **(params or {})}
    if strange := sorted(set(merged) - set(DEFAULTS[method])):
        raise UsageError(f"{method} has no parameter {', '.join(strange)}.")
    for name, value in merged.items():
        if name == "metric":
            if value not in _METRICS:
                raise UsageError(f"metric must be one of {', '.join(_METRICS)}, not {value!r}.")
        elif value is None and DEFAULTS[method][name] is None:
            continue
        else:
            low, high = _RANGES[name]
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
                raise UsageError(f"{name} must lie between {low:g} and {high:g}, not {value!r}.")
            if not isinstance(DEFAULTS[method][name], float):
                if value != int(value):
                    raise UsageError(f"{name} must be a whole number, not {value!r}.")
                merged[name] = int(value)
    return merged


def checked(vectors: ArrayLike) -> FloatArray:
    """Return vectors as float32 (n, dim). Raises ShapeError when there are none or they hold NaN or infinity."""
    rows = np.asarray(vectors, dtype=np.float32)
    if rows.ndim != 2 or 0 in rows.shape:
        raise ShapeError(f"A map needs vectors (n, dim), not {rows.shape}.")
    if not np.isfinite(rows).all():
        raise ShapeError("A vector holds NaN or infinity.")
    return rows


def fit_pca(vectors: ArrayLike) -> PCA:
    """Fit the two axes of greatest variance to vectors (n, dim); any n from 1 on."""
    from sklearn.decomposition import PCA as SklearnPCA

    rows = checked(vectors).astype(np.float64)
    mean, axes = rows.mean(axis=0), np.zeros((2, rows.shape[1]))
    if len(rows) == 1 or np.allclose(rows, mean, atol=1e-12):
        return PCA(mean, axes, ())
    model = SklearnPCA(n_components=min(COMPONENTS, *rows.shape),
                       svd_solver="full" if len(rows) <= FULL_SVD_ROWS else "covariance_eigh").fit(rows)
    found = model.components_[:2]
    sign = np.sign(found[np.arange(len(found)), np.abs(found).argmax(axis=1)])
    axes[: len(found)] = found * sign[:, None]
    variance = tuple(float(max(0.0, share)) for share in model.explained_variance_ratio_)
    return PCA(np.asarray(model.mean_), axes, variance)


def fit_tsne(vectors: ArrayLike, params: Mapping[str, Any], ticket: Ticket | None = None) -> Coordinates:
    """t-SNE of vectors (n, dim). params: of `validated`; perplexity is capped at (n − 1) / 3. Raises Cancelled."""
    rows, ticket = checked(vectors), ticket or Ticket()
    ticket.report(0, None, "neighbours")
    start = fit_pca(rows).transform(rows)
    if len(rows) < MIN_POINTS:
        return start
    from openTSNE import TSNE

    total, every, steps = EXAGGERATED_STEPS + params["iterations"], 10, 0

    def step(iteration: int, error: float, embedding: Any) -> None:
        nonlocal steps
        steps = min(total, steps + every)
        ticket.report(steps, total, "t-SNE", "steps")

    fitted = TSNE(
        perplexity=capped_perplexity(params["perplexity"], len(rows)), metric=params["metric"],
        initialization=_start(start, params["seed"]), random_state=params["seed"], n_jobs=1,
        early_exaggeration_iter=EXAGGERATED_STEPS, n_iter=params["iterations"],
        callbacks=step, callbacks_every_iters=every,
    ).fit(rows)
    ticket.report(total, total, "t-SNE", "steps")
    return _centred(np.asarray(fitted, dtype=np.float64))


def fit_umap(vectors: ArrayLike, params: Mapping[str, Any], ticket: Ticket | None = None) -> Coordinates:
    """UMAP of vectors (n, dim). params: of `validated`; n_neighbors is capped at n − 1. Raises Cancelled.

    It is compiled at the first use in every process, which takes seconds; cancelling is heard between its steps.
    """
    rows, ticket = checked(vectors), ticket or Ticket()
    ticket.report(0, None, "neighbours")
    start = fit_pca(rows).transform(rows)
    if len(rows) < MIN_POINTS:
        return start
    from umap import UMAP

    ticket.report(0, None, "neighbours")
    fitted = UMAP(
        n_neighbors=min(params["n_neighbors"], len(rows) - 1), min_dist=params["min_dist"], metric=params["metric"],
        n_epochs=params["epochs"], init=_start(start, params["seed"]) / INITIAL_SPREAD, random_state=params["seed"],
        n_jobs=1, verbose=False,
        tqdm_kwds={"disable": False, "file": _BarToTicket(ticket), "bar_format": "{n_fmt}/{total_fmt}",
                   "mininterval": _Always(ticket), "miniters": 1, "leave": False},
    ).fit_transform(rows)
    ticket.report(1, 1, "UMAP")
    return _centred(np.asarray(fitted, dtype=np.float64))


def capped_perplexity(perplexity: float, points: int) -> float:
    """A third of the other points at most, since t-SNE looks at three times as many neighbours."""
    return max(1.0, min(perplexity, (points - 1) / 3))


class _BarToTicket:
    """The file that umap-learn's progress bar is written to: reads the count off it and tells the ticket.

    It never raises: tqdm holds its lock while it writes, the one lock of all its bars, and does not let go of it when a file
    raises. Every later bar of the program, also those of the text encoder, would wait for ever. `_Always` raises instead.
    """

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket

    def write(self, text: str) -> None:
        done, slash, total = text.strip().partition("/")
        if slash and done.isdigit() and total.isdigit():
            with suppress(Cancelled):
                self._ticket.report(int(done), int(total), "UMAP", "steps")

    def flush(self) -> None:
        """Nothing is buffered."""


class _Always(float):
    """The interval between two writes of a bar: none. tqdm compares with it after each step, before it takes its lock; so this
    is where a cancelled fit stops."""

    def __new__(cls, ticket: Ticket) -> _Always:
        made = super().__new__(cls, 0.0)
        made._ticket = ticket
        return made

    _ticket: Ticket

    def __le__(self, other: float) -> bool:
        self._ticket.check()
        return super().__le__(other)


def _start(layout: Coordinates, seed: int) -> Coordinates:
    """The PCA layout scaled to INITIAL_SPREAD along x, with a little seeded noise so that no two points coincide."""
    spread = float(layout[:, 0].std())
    scaled = layout / spread if spread > 1e-12 else np.zeros_like(layout)
    return (scaled + 1e-3 * np.random.default_rng(seed).standard_normal(layout.shape)) * INITIAL_SPREAD


def _centred(layout: Coordinates) -> Coordinates:
    return layout - layout.mean(axis=0)
