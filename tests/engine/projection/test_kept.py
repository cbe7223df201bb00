"""Maps that outlive the program: shown at once while nothing changed, gone when what they show is gone."""

from __future__ import annotations

import gc
import io
import json
import os
import stat
import time
import weakref
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.app import LEFT_S, Earmark
from engine.errors import StoreError
from engine.projection import service
from engine.projection.kept import KEPT, KeptMaps
from engine.projection.maps import MapSource
from engine.projection.service import Maps
from engine.records import Space, Span
from engine.store import FileKey, NewSound, Store
from tests.engine.projection.test_service import voices

FAST = {"iterations": 60, "perplexity": 4.0}


def maps_of(folder: Path, sources: list[MapSource], plain: bool = True) -> Maps:
    """As a program that has just been started."""
    return Maps(lambda space: list(sources), KeptMaps(folder, lambda space: space != "voices" or plain))


@pytest.fixture
def no_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    def fit(*_: object) -> Any:
        raise AssertionError("it was fitted again")

    monkeypatch.setattr(service, "fit_tsne", fit)
    monkeypatch.setattr(service, "fit_umap", fit)


def test_the_next_start_shows_the_same_map_without_fitting_it(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    sources = voices()
    drawn = maps_of(tmp_path, sources).project("voices", "tsne", FAST, keep=True)
    request.getfixturevalue("no_fits")
    found = maps_of(tmp_path, sources).look("voices", "tsne")
    assert found.current and found.map is not None
    assert found.map.points == drawn.points
    assert (found.map.params, found.map.asked, found.map.quality) == (drawn.params, drawn.asked, drawn.quality)
    assert (found.map.took_s, found.map.seed, found.map.fitted) == (drawn.took_s, drawn.seed, 18)
    assert found.map.place(sources[4].vector) == pytest.approx(drawn.place(sources[4].vector))
    assert maps_of(tmp_path, sources).look("voices", "umap").map is None


def test_parameters_are_told_apart_and_the_last_come_first(tmp_path: Path) -> None:
    sources = voices()
    maps = maps_of(tmp_path, sources)
    maps.project("voices", "tsne", FAST, keep=True)
    maps.project("voices", "tsne", {**FAST, "seed": 3}, keep=True)
    later = maps_of(tmp_path, sources)
    first = later.look("voices", "tsne", FAST).map
    assert first is not None and first.seed == 7
    assert maps_of(tmp_path, sources).look("voices", "tsne").map.seed == 3  # type: ignore[union-attr]
    other = later.look("voices", "tsne", {**FAST, "seed": 4})
    assert other.current and other.map is not None and other.map.seed == 7  # shown last, and it says so
    assert maps_of(tmp_path, sources).look("voices", "tsne", {**FAST, "seed": 4}).map is None
    for seed in range(10, 10 + KEPT):
        maps.project("voices", "tsne", {**FAST, "iterations": 50, "seed": seed}, keep=True)
    assert len(list(tmp_path.iterdir())) == KEPT


def test_what_is_gone_is_not_on_the_map_and_what_changed_is_drawn_anew(tmp_path: Path) -> None:
    sources = voices()
    maps = maps_of(tmp_path, sources)
    maps.project("voices", "tsne", FAST, keep=True)
    sources[:] = [source for source in sources if source.group != "Voice 2"]
    found = maps.look("voices", "tsne")
    assert not found.current and found.map is not None
    assert {point.group for point in found.map.points} == {"Voice 1", "Voice 3"}
    assert found.points == 12
    assert list(tmp_path.iterdir()) == []
    assert maps_of(tmp_path, sources).look("voices", "tsne").map is None


def test_as_many_other_vectors_are_another_map(tmp_path: Path) -> None:
    """The number of samples says nothing: one voice went, another came."""
    maps_of(tmp_path, voices(seed=1)).project("voices", "tsne", FAST, keep=True)
    assert maps_of(tmp_path, voices(seed=2)).look("voices", "tsne").map is None


def test_names_and_colours_are_those_of_today(tmp_path: Path) -> None:
    sources = voices()
    maps = maps_of(tmp_path, sources)
    maps.project("voices", "pca")
    sources[:] = [replace(s, group="Renamed", label="Renamed", colour=9) if s.group == "Voice 2" else s for s in sources]
    found = maps.look("voices", "pca")
    assert found.current and found.map is not None
    assert {(p.group, p.colour) for p in found.map.points} == {("Voice 1", 1), ("Renamed", 9), ("Voice 3", 3)}


def test_nothing_of_sealed_voices_is_kept(tmp_path: Path) -> None:
    sources = voices()
    maps_of(tmp_path, sources, plain=False).project("voices", "tsne", FAST, keep=True)
    assert list(tmp_path.iterdir()) == []
    maps_of(tmp_path, sources).project("voices", "tsne", FAST, keep=True)
    assert len(list(tmp_path.iterdir())) == 1
    assert maps_of(tmp_path, sources, plain=False).look("voices", "tsne").map is None  # it was sealed since
    assert list(tmp_path.iterdir()) == []


def test_a_kept_map_holds_no_names_ids_or_vectors_and_is_its_owners(tmp_path: Path) -> None:
    sources = voices()
    maps_of(tmp_path, sources).project("voices", "tsne", FAST, keep=True)
    file, = tmp_path.iterdir()
    with np.load(file, allow_pickle=False) as arrays:
        assert {name: array.shape for name, array in arrays.items() if name != "about"} == {"places": (18, 2)}
        about = arrays["about"].tobytes().decode()
    assert set(json.loads(about)) == {"format", "asked", "took_s", "quality"}
    assert "Voice" not in about and "sample" not in about
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def damaged(**changes: Any) -> bytes:
    about = {"format": 1, "asked": {}, "took_s": 1.0, "quality": [0.9, 0.9, 0.5, 8]}
    content = io.BytesIO()
    np.savez(content, places=np.zeros((18, 2)), about=np.frombuffer(json.dumps({**about, **changes}).encode(), np.uint8))
    return content.getvalue()


@pytest.mark.parametrize("content", [
    b"", b"PK\x03\x04 torn", damaged(format=2), damaged(asked={"perplexity": -1}), damaged(asked=[1]), damaged(took_s="no"),
    damaged(quality=[2, 0, 0, 8]), damaged(quality=None)], ids=range(8))
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: bytes) -> None:
    sources = voices()
    maps_of(tmp_path, sources).project("voices", "tsne", FAST, keep=True)
    file, = tmp_path.iterdir()
    file.write_bytes(content)
    assert maps_of(tmp_path, sources).look("voices", "tsne").map is None


@pytest.mark.parametrize("places", [
    np.zeros((17, 2)), np.zeros((18, 3)), np.zeros((18, 2), np.float32), np.full((18, 2), np.nan),
    np.zeros((3_000_000, 2)), np.full((18, 2), "a" * 9)], ids=range(6))
def test_places_of_another_shape_are_refused(tmp_path: Path, places: np.ndarray) -> None:
    sources = voices()
    maps_of(tmp_path, sources).project("voices", "tsne", FAST, keep=True)
    file, = tmp_path.iterdir()
    about = json.dumps({"format": 1, "asked": {}, "took_s": 1.0, "quality": [0.9, 0.9, 0.5, 8]}).encode()
    content = io.BytesIO()
    np.savez_compressed(content, places=places, about=np.frombuffer(about, np.uint8))
    file.write_bytes(content.getvalue())
    assert maps_of(tmp_path, sources).look("voices", "tsne").map is None


def test_one_space_leaves_the_other_alone(tmp_path: Path) -> None:
    def points_of(space: Space) -> list[MapSource]:
        return [replace(source, kind="sound") for source in voices()] if space == "sounds" else voices()

    maps = Maps(points_of, KeptMaps(tmp_path, lambda space: True))
    maps.project("sounds", "tsne", FAST, keep=True)
    maps.project("voices", "tsne", FAST, keep=True)
    maps.look("voices", "tsne")
    assert sorted(file.name.split("-")[0] for file in tmp_path.iterdir()) == ["sounds", "voices"]


def test_removing_a_voice_and_forgetting_everything_take_the_kept_maps_along(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        kept = [store.maps / "voices-1-umap-1.npz", store.maps / "sounds-1-umap-1.npz"]
        part = store.maps / ".0123456789ab.part"  # a kill left it while a map was written
        store.maps.mkdir()
        for file in (*kept, part):
            file.write_bytes(b"a map")
        store.voices.remove(store.voices.create("Amara").id)
        assert [file.exists() for file in (*kept, part)] == [False, True, False]
        kept[0].write_bytes(b"a map")
        store.forget_everything()
        assert list(store.maps.iterdir()) == []
        assert stat.S_IMODE(store.maps.stat().st_mode) == 0o700


def test_as_long_as_the_stamp_is_the_same_nothing_is_read(tmp_path: Path) -> None:
    read, stamp = list[str](), [object()]
    sources = [replace(source, kind="sound") for source in voices()]

    def points_of(space: Space) -> list[MapSource]:
        read.append(space)
        return list(sources)

    maps = Maps(points_of, KeptMaps(tmp_path, lambda space: True), lambda space: stamp[0])
    drawn = maps.project("sounds", "pca")
    assert maps.look("sounds", "pca").map is drawn and read == ["sounds"]
    sources.pop()
    stamp[0] = object()
    found = maps.look("sounds", "pca")
    assert not found.current and found.map is not None and len(found.map.points) == 20 and read == ["sounds"] * 2


@pytest.mark.parametrize("stamped", [False, True])
def test_a_map_that_was_drawn_while_a_voice_was_removed_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                    stamped: bool) -> None:
    sources, stamp, fit = voices(), [0], service.fit_tsne
    maps = Maps(lambda space: list(sources), KeptMaps(tmp_path / "maps", lambda space: True),
                lambda space: stamp[0] if stamped else None)

    def meanwhile(*args: Any) -> Any:
        sources[:] = [source for source in sources if source.group != "Voice 2"]
        stamp[0] += 1
        return fit(*args)

    with monkeypatch.context() as patched:
        patched.setattr(service, "fit_tsne", meanwhile)
        maps.project("voices", "tsne", FAST, keep=True)
    assert list((tmp_path / "maps").iterdir()) == []
    maps.project("voices", "tsne", FAST, keep=True)
    assert len(list((tmp_path / "maps").iterdir())) == 1
    assert stat.S_IMODE((tmp_path / "maps").stat().st_mode) == 0o700


def test_a_map_of_what_cannot_be_read_any_more_is_not_kept(tmp_path: Path) -> None:
    answers: list[Any] = [voices(), StoreError("locked meanwhile")]

    def points_of(space: Space) -> list[MapSource]:
        answer = answers.pop(0)
        if isinstance(answer, StoreError):
            raise answer
        return list(answer)

    maps = Maps(points_of, KeptMaps(tmp_path / "maps", lambda space: True))
    assert maps.project("voices", "tsne", FAST, keep=True).fitted == 18
    assert list((tmp_path / "maps").iterdir()) == []


def test_what_was_forgotten_is_held_by_nothing(tmp_path: Path) -> None:
    """A stamp that holds a snapshot would keep the matrix mapped, though its file is gone."""
    with Earmark(tmp_path / "workspace", "cpu") as app:
        spec = app.models.spec("joint")
        app.store.sounds.add_folder(tmp_path)
        vectors = np.eye(8, spec.dim, dtype=np.float32)
        app.store.sounds.put(spec, [NewSound(tmp_path / f"{number}.wav", 1, FileKey(1, number), f"{number:064}", duration_s=1.0,
                                             rate_hz=16_000, channels=1, format="wav", spans=(Span(0.0, 1.0),),
                                             vectors=vectors[number:number + 1]) for number in range(8)])
        app.maps.project("sounds", "pca")
        mapped = weakref.ref(app.store.sounds.index(spec))
        assert app.maps.look("sounds", "pca").current
        app.forget_everything()
        gc.collect()
        assert mapped() is None
        assert app.maps._stamps == {}


def test_what_a_kill_left_among_the_maps_goes_once_nobody_can_be_writing_it(tmp_path: Path) -> None:
    with Earmark(tmp_path / "workspace", "cpu") as app:
        app.store.maps.mkdir()
        for name, age_s in ((".0123456789ab.part", 2 * LEFT_S), (".ba9876543210.part", 0.0)):
            (app.store.maps / name).touch()
            os.utime(app.store.maps / name, (time.time() - age_s,) * 2)
        app.tidy()
        assert [file.name for file in app.store.maps.iterdir()] == [".ba9876543210.part"]
