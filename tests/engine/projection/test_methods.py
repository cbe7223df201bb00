"""PCA by hand; t-SNE and UMAP: progress, cancelling, determinism, few points."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest

from engine.errors import Cancelled, ShapeError, UsageError
from engine.projection.methods import capped_perplexity, fit_pca, fit_tsne, fit_umap, validated
from engine.tasks import Progress, Ticket

FITS = {"tsne": fit_tsne, "umap": fit_umap}
QUICK = {"tsne": {"iterations": 60}, "umap": {"epochs": 60}}


def clusters(n: int = 60, dim: int = 16, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(3, dim)) * 2
    rows = centres[np.arange(n) % 3] + 0.3 * rng.normal(size=(n, dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_pca_is_the_svd() -> None:
    rows = clusters().astype(np.float64)
    centred = rows - rows.mean(axis=0)
    u, s, vt = np.linalg.svd(centred, full_matrices=False)
    pca = fit_pca(rows)
    np.testing.assert_allclose(np.abs(pca.transform(rows)), np.abs(u[:, :2] * s[:2]), atol=1e-5)
    np.testing.assert_allclose(pca.variance, (s**2 / (s**2).sum())[:8], atol=1e-6)
    np.testing.assert_allclose(np.abs(pca.axes), np.abs(vt[:2]), atol=1e-5)


def test_pca_of_four_points_by_hand() -> None:
    rows = [[3.0, 0, 1], [-3, 0, 1], [0, 1, 1], [0, -1, 1]]
    pca = fit_pca(rows)
    np.testing.assert_allclose(pca.transform(rows), [[3, 0], [-3, 0], [0, 1], [0, -1]], atol=1e-9)
    np.testing.assert_allclose(pca.variance, [0.9, 0.1, 0.0], atol=1e-9)
    np.testing.assert_allclose(pca.transform([1.0, 2.0, 5.0]), [1, 2], atol=1e-9)


def test_pca_signs_do_not_depend_on_the_order_of_the_points() -> None:
    rows = clusters()
    order = np.random.default_rng(1).permutation(len(rows))
    np.testing.assert_allclose(fit_pca(rows).axes, fit_pca(rows[order]).axes, atol=1e-5)
    for axis in fit_pca(rows).axes:
        assert axis[np.abs(axis).argmax()] > 0


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_progress_arrives_and_the_same_seed_gives_the_same_map(method: str) -> None:
    seen: list[Progress] = []
    params = validated(method, QUICK[method])  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        first = FITS[method](clusters(), params, Ticket(seen.append))
    second = FITS[method](clusters(), params)
    np.testing.assert_array_equal(first, second)
    assert first.shape == (60, 2) and np.isfinite(first).all()
    counted = [p for p in seen if p.total]
    assert len(counted) >= 3
    shares = [p.done / p.total for p in counted if p.total]
    assert shares == sorted(shares)
    assert counted[-1].fraction == 1.0
    own = np.linalg.norm(first[0::3] - first[0::3].mean(axis=0), axis=1).mean()
    other = np.linalg.norm(first[1::3] - first[0::3].mean(axis=0), axis=1).mean()
    assert other > 2 * own  # clusters stay clusters


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_cancelling_while_it_runs_stops_it(method: str) -> None:
    steps: list[float] = []

    def stop(progress: Progress) -> None:
        if progress.total:
            steps.append(progress.done)
            if progress.done >= 20:
                ticket.cancel()

    ticket = Ticket(stop)
    with pytest.raises(Cancelled):
        FITS[method](clusters(), validated(method), ticket)  # type: ignore[arg-type]
    assert max(steps) < 100


@pytest.mark.parametrize("after", [1, 20])
def test_a_cancelled_umap_holds_up_no_other_progress_bar(after: int) -> None:
    """All bars of a process share one lock, and the text encoder makes a bar for each query."""
    from tqdm import tqdm

    def stop(progress: Progress) -> None:
        if progress.total and progress.done >= after:
            ticket.cancel()

    ticket = Ticket(stop)
    with pytest.raises(Cancelled):
        fit_umap(clusters(), validated("umap"), ticket)
    other = threading.Thread(target=lambda: tqdm(total=1, disable=True), daemon=True)
    other.start()
    other.join(10)
    assert not other.is_alive(), "the bar of UMAP went away with the lock of all bars"


@pytest.mark.parametrize("method", ["tsne", "umap"])
@pytest.mark.parametrize("n", [1, 2, 3, 5, 6])
def test_few_points_give_a_map(method: str, n: int) -> None:
    layout = FITS[method](clusters(n), validated(method, QUICK[method]))  # type: ignore[arg-type]
    assert layout.shape == (n, 2) and np.isfinite(layout).all()
    assert fit_pca(clusters(n)).transform(clusters(n)).shape == (n, 2)


@pytest.mark.parametrize("method", ["tsne", "umap"])
def test_equal_points_give_a_map(method: str) -> None:
    same = np.repeat(clusters(1), 8, axis=0)
    assert fit_pca(same).variance == ()
    assert np.isfinite(FITS[method](same, validated(method, QUICK[method]))).all()  # type: ignore[arg-type]


def test_parameters_are_checked() -> None:
    assert validated("tsne")["perplexity"] == 30
    assert validated("umap") == {"n_neighbors": 15, "min_dist": 0.1, "epochs": None, "metric": "cosine", "seed": 7}
    for method, params in (("lda", {}), ("tsne", {"neighbours": 3}), ("tsne", {"perplexity": 0}),
                           ("umap", {"min_dist": 2}), ("umap", {"metric": "hamming"}), ("umap", {"n_neighbors": 3.5}),
                           ("umap", {"n_neighbors": float("nan")}), ("tsne", {"seed": True}), ("pca", {"seed": 1})):
        with pytest.raises(UsageError):
            validated(method, params)  # type: ignore[arg-type]
    assert capped_perplexity(30, 1000) == 30
    assert capped_perplexity(30, 31) == 10
    assert capped_perplexity(30, 3) == 1


@pytest.mark.parametrize("bad", [np.zeros((0, 3)), np.zeros(3), np.array([[1.0, np.nan]])])
def test_bad_vectors_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(ShapeError):
        fit_pca(bad)
