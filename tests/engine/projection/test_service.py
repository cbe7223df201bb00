"""Maps of voices and sounds: what is fitted, what is placed, and that refits do not jump."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from engine.errors import Cancelled, ShapeError, UsageError
from engine.projection.maps import MapSource, sound_sources, voice_sources
from engine.projection.service import Maps
from engine.records import Embedding, Sample, Sound, Tag, Voice
from engine.tasks import Ticket

DIM = 12


def voices(per_voice: int = 6, seed: int = 0) -> list[MapSource]:
    rng = np.random.default_rng(seed)
    people = [Voice(i, f"Voice {i}", i, "enrolled", datetime(2026, 1, 1), 1, per_voice, 10.0) for i in (1, 2, 3)]
    samples = []
    for person in people:
        centre = rng.normal(size=DIM)
        for _ in range(per_voice):
            vector = centre + 0.2 * rng.normal(size=DIM)
            unit = (vector / np.linalg.norm(vector)).astype(np.float32)
            samples.append(Sample(len(samples), 1, person.id, Embedding(unit), 2.0, 0.9))
    return voice_sources(people, samples)


def test_pca_of_voices_fits_samples_and_places_centroids() -> None:
    sources = voices()
    drawn = Maps(lambda space: sources).project("voices", "pca", query=sources[0].vector)
    assert drawn.fitted == 18
    assert [p.kind for p in drawn.points] == ["sample"] * 18 + ["centroid"] * 3 + ["query"]
    assert (drawn.points[-1].x, drawn.points[-1].y) == pytest.approx((drawn.points[0].x, drawn.points[0].y), abs=1e-6)
    assert drawn.place(sources[4].vector) == pytest.approx((drawn.points[4].x, drawn.points[4].y), abs=1e-6)
    assert drawn.variance and len(drawn.variance) >= 5 and sum(drawn.variance) <= 1 + 1e-9
    assert drawn.seed is None and drawn.params == {}
    assert drawn.points[0].group == "Voice 1" and drawn.points[0].colour == 1
    middle = np.mean([(p.x, p.y) for p in drawn.points[:6]], axis=0)
    assert np.linalg.norm(middle - (drawn.points[18].x, drawn.points[18].y)) < 0.1


def test_centroid_is_the_unit_mean() -> None:
    sources = voices()
    mean = np.mean([s.vector for s in sources[:6]], axis=0)
    np.testing.assert_allclose(sources[18].vector, mean / np.linalg.norm(mean), atol=1e-6)


def test_a_tsne_refit_with_one_more_point_stays_put() -> None:
    sources = voices(10)
    maps = Maps(lambda space: sources)
    first = maps.project("voices", "tsne", {"iterations": 200})
    assert first.params["perplexity"] == pytest.approx(29 / 3)
    assert first.seed == 7 and first.variance is None
    extra = replace(sources[0], id="sample-new", vector=sources[1].vector)
    sources = [extra, *sources]
    second = maps.project("voices", "tsne", {"iterations": 200, "seed": 8})
    old = {p.id: np.array((p.x, p.y)) for p in first.points}
    moved = np.mean([np.linalg.norm(old[p.id] - (p.x, p.y)) for p in second.points if p.id in old])
    spread = np.mean([np.linalg.norm(place) for place in old.values()])
    assert moved < 0.5 * spread
    assert second.quality.trustworthiness and second.quality.trustworthiness > 0.8


def test_a_pca_refit_is_mirrored_only() -> None:
    sources = voices()
    maps = Maps(lambda space: sources)
    first = maps.project("voices", "pca")
    flipped = {**first.__dict__, "points": tuple(replace(p, x=-p.x) for p in first.points)}
    maps._last["voices"] = type(first)(**flipped)
    second = maps.project("voices", "pca")
    assert second.points[0].x == pytest.approx(-first.points[0].x)
    assert second.points[0].y == pytest.approx(first.points[0].y)
    assert second.place(sources[0].vector) == pytest.approx((second.points[0].x, second.points[0].y), abs=1e-6)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_few_points(count: int) -> None:
    sources = [MapSource(str(i), str(i), "sound", np.eye(DIM, dtype=np.float32)[i]) for i in range(count)]
    for method in ("pca", "tsne"):
        drawn = Maps(lambda space: sources).project("sounds", method, query=sources[0].vector)  # type: ignore[arg-type]
        assert len(drawn.points) == count + 1
        assert all(np.isfinite((p.x, p.y)).all() for p in drawn.points)


def test_one_voice_with_one_sample_is_a_map() -> None:
    drawn = Maps(lambda space: [s for s in voices(1) if s.group == "Voice 1"]).project("voices", "umap")
    assert [p.kind for p in drawn.points] == ["sample", "centroid"]


def test_nothing_to_draw_and_wrong_queries_say_so() -> None:
    with pytest.raises(UsageError, match="enroll"):
        Maps(lambda space: []).project("voices", "pca")
    with pytest.raises(UsageError, match="folder"):
        Maps(lambda space: []).project("sounds", "pca")
    with pytest.raises(ShapeError):
        Maps(lambda space: voices()).project("voices", "pca", query=np.zeros(3))


def test_a_cancelled_ticket_draws_nothing() -> None:
    ticket = Ticket()
    ticket.cancel()
    with pytest.raises(Cancelled):
        Maps(lambda space: voices()).project("voices", "tsne", ticket=ticket)


def sound(number: int, tag: str) -> tuple[Sound, np.ndarray]:
    path = Path(f"/library/folder{number % 2}/{number}.wav")
    record = Sound(number, 1, path, 1.0, 44100, 1, "wav", "", (Tag(tag, 0.9),), np.zeros(4, np.uint8))
    return record, np.eye(DIM, dtype=np.float32)[[number % DIM, (number + 1) % DIM]]


def test_sounds_are_one_point_each_coloured_by_their_commonest_tags() -> None:
    rows = [sound(i, "Rain") for i in range(5)] + [sound(5 + i, f"Rare {i:02}") for i in range(20)]
    sources = sound_sources(rows)
    assert len(sources) == 25
    assert sources[0].group == "Rain" and sources[0].colour == 0
    assert {s.colour for s in sources} == set(range(12))
    assert sum(s.colour == 11 for s in sources) == 10
    np.testing.assert_allclose(np.linalg.norm(sources[0].vector), 1, atol=1e-6)
    assert {s.group for s in sound_sources(rows, by_folder=True)} == {"folder0", "folder1"}
