"""After a change no more is read than what changed, whoever made it, and it gives what a program sees that has just begun."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from engine.index import unit
from engine.records import EncoderSpec, Span
from engine.store import FileKey, NewSound, SameAs, Store, sound_changes, spans
from engine.store.vectors import whole_rows

DIM = 8
SPEC = EncoderSpec("joint", "1", "ab" * 32, "joint", DIM, 16000)


def new_sound(name: int, seed: int | None = None, folder_id: int = 1, place: str = "/sounds", **options) -> NewSound:
    seed = name if seed is None else seed
    rng = np.random.default_rng([3, seed])
    count = 1 + seed % 3
    return NewSound(Path(place) / f"{name}.wav", folder_id, FileKey(100, seed), f"{seed:064}", duration_s=20.0, rate_hz=44100,
                    channels=2, format="wav", spans=tuple(Span(5.0 * n, 5.0 * n + 10) for n in range(count)),
                    vectors=unit(rng.normal(size=(count, DIM)).astype(np.float32)), **options)


@pytest.fixture
def two(tmp_path: Path):
    """A program that writes, and another one that has searched what was there."""
    with Store(tmp_path / "workspace") as writer, Store(tmp_path / "workspace") as reader:
        writer.sounds.add_folder(Path("/sounds"))
        writer.sounds.put(SPEC, [new_sound(number) for number in range(1, 31)])
        assert len(reader.sounds.index(SPEC)) == 30
        yield writer, reader


@pytest.fixture
def work(monkeypatch) -> dict[str, list[int]]:
    """How many spans were read from the database, and how many rows of the matrix were looked at, each time."""
    counts: dict[str, list[int]] = {"read": [], "looked": []}
    real = spans.table_of

    def table_of(connection, statement, kinds):
        found = real(connection, statement, kinds)
        if "start_s" in kinds:
            counts["read"].append(len(found["rows"]))
        return found

    def looked(matrix, rows):
        counts["looked"].append(len(rows))
        return whole_rows(matrix, rows)

    monkeypatch.setattr(spans, "table_of", table_of)
    monkeypatch.setattr(spans, "whole_rows", looked)
    return counts


def state(store: Store) -> list[tuple]:
    """All that can be found out from an index."""
    index = store.sounds.index(SPEC)
    folders = {one: folder for folder in store.sounds.folder_ids()
               for one in index._ids[index._alive & index.only(folder)].tolist()}
    return [(one, folders[one], index.spans(one), index.vectors(one).round(6).tolist()) for one in index.sound_ids.tolist()]


def fresh(store: Store) -> list[tuple]:
    with Store(store.folder) as another:
        return state(another)


def test_what_another_program_added_is_read_alone(two, work):
    writer, reader = two
    writer.sounds.put(SPEC, [new_sound(31), new_sound(32)])
    assert len(reader.sounds.index(SPEC)) == 32
    assert work == {"read": [5], "looked": [5]}
    assert state(reader) == fresh(writer)


def test_what_this_program_added_is_read_alone(two, work):
    writer, _ = two
    writer.sounds.index(SPEC)
    for counts in work.values():
        counts.clear()
    writer.sounds.put(SPEC, [new_sound(31)])
    writer.sounds.index(SPEC)
    assert work == {"read": [2], "looked": [2]}


def test_every_kind_of_change_is_seen(two, work):
    writer, reader = two
    inner = writer.sounds.add_folder(Path("/more/inner"))
    writer.sounds.put(SPEC, [new_sound(number, folder_id=inner, place="/more/inner") for number in (41, 42)])
    reader.sounds.index(SPEC)
    work["read"].clear()

    def changes():
        writer.sounds.remove([3, 4])
        yield
        writer.sounds.put(SPEC, [new_sound(5, seed=77, id=5)])
        yield
        writer.sounds.put(SPEC, [NewSound(Path("/sounds/copy.wav"), 1, FileKey(1, 1), f"{6:064}", same_as=SameAs(6))])
        yield
        writer.sounds.place(7, Path("/more/inner/7.wav"), inner, FileKey(100, 7))
        yield
        writer.sounds.put(SPEC, [new_sound(33)])
        writer.sounds.remove([33 + 2, 8])
        yield
        writer.sounds.remove_folder(inner)
        yield
        writer.sounds.add_folder(Path("/other"))
        yield

    for _ in changes():
        assert state(reader) == fresh(writer)
    alone = [count for count in work["read"] if count < 20]  # the fresh ones read everything
    assert len(alone) >= 5 and max(alone) <= 6


def test_a_folder_that_takes_over_others_is_read_anew(two):
    writer, reader = two
    outer = writer.sounds.add_folder(Path("/"), absorbing=[1])
    index = reader.sounds.index(SPEC)
    assert index.only(outer).all() and len(index) == 30
    assert state(reader) == fresh(writer)


def test_a_change_that_is_taken_back_changes_nothing(two, work):
    writer, reader = two
    with pytest.raises(ZeroDivisionError), writer.writing():
        writer.sounds.put(SPEC, [new_sound(31)])
        raise ZeroDivisionError
    assert len(reader.sounds.index(SPEC)) == 30
    writer.sounds.put(SPEC, [new_sound(32)])
    assert state(reader) == fresh(writer)


def test_what_was_seen_inside_a_change_that_is_taken_back_is_not_taken_for_the_next(two):
    writer, _ = two
    with pytest.raises(ZeroDivisionError), writer.writing():
        writer.sounds.remove([4])
        assert len(writer.sounds.index(SPEC)) == 29
        raise ZeroDivisionError
    assert len(writer.sounds.index(SPEC)) == 30
    writer.sounds.remove([9])  # has the number of the version that was taken back
    assert 4 in writer.sounds.index(SPEC).sound_ids and 9 not in writer.sounds.index(SPEC).sound_ids
    assert state(writer) == fresh(writer)


def test_what_somebody_else_wrote_between_two_changes_is_looked_at(two, work):
    writer, reader = two
    file = next(writer.vectors.glob("*.f32"))
    raw = bytearray(file.read_bytes())
    raw[:4] = b"\xff\xff\xff\xff"  # NaN in the first row
    file.write_bytes(raw)
    writer.sounds.put(SPEC, [new_sound(31)])
    assert (reader.sounds.index(SPEC).damaged, len(reader.sounds.index(SPEC))) == (1, 30)
    assert work["looked"][-1] > 50
    assert state(reader) == fresh(writer)
    writer.sounds.begin_scan(SPEC)
    assert (reader.sounds.index(SPEC).damaged, len(reader.sounds.index(SPEC))) == (0, 30)


@pytest.mark.parametrize("way", ["removed", "emptied", "cut"])
def test_a_matrix_that_is_lost_before_a_write_is_noticed_by_whoever_reads(two, way):
    writer, reader = two
    writer.sounds.begin_scan(SPEC)
    file = next(writer.vectors.glob("*.f32"))
    if way == "removed":
        file.unlink()
    else:
        os.truncate(file, 0 if way == "emptied" else 4 * DIM * 10)
    writer.sounds.put(SPEC, [new_sound(31)])
    for store in (writer, reader):
        index = store.sounds.index(SPEC)
        assert len(index) + index.damaged == 31 and index.damaged >= 20
        assert index.search(new_sound(31).vectors[:1], 40).compared == len(index)
        assert len(index.means()[0]) == len(index)
    assert state(reader) == state(writer) == fresh(writer)
    writer.sounds.begin_scan(SPEC)
    assert writer.sounds.index(SPEC).damaged == reader.sounds.index(SPEC).damaged == 0
    assert state(reader) == fresh(writer)


def test_two_spaces_are_held_at_once(two, work):
    writer, _ = two
    other = EncoderSpec("joint", "2", "cd" * 32, "joint", DIM, 16000)
    writer.sounds.put(other, [new_sound(1, id=1)])
    first = writer.sounds.index(SPEC)
    assert len(writer.sounds.index(other)) == 1
    assert writer.sounds.index(SPEC) is first


def test_changes_that_are_too_many_or_too_old_are_not_noted(two, work, monkeypatch):
    writer, reader = two
    since = writer.sounds.version()
    writer.sounds.put(SPEC, [new_sound(31)])
    assert writer.sounds.changed_since(since).tolist() == [31]
    assert writer.sounds.changed_since(writer.sounds.version()).tolist() == []
    monkeypatch.setattr(sound_changes, "MOST", 3)
    writer.sounds.put(SPEC, [new_sound(number) for number in range(32, 37)])
    assert writer.sounds.changed_since(since) is None
    assert state(reader) == fresh(writer)
    monkeypatch.setattr(sound_changes, "KEPT", 2)
    since = writer.sounds.version()
    for number in (40, 41, 42):
        writer.sounds.put(SPEC, [new_sound(number)])
    writer.sounds.begin_scan(SPEC)
    assert writer.sounds.changed_since(since) is None
    assert writer.sounds.changed_since(since + 1).tolist() == [38, 39]
    assert state(reader) == fresh(writer)


def test_a_sound_is_noted_once_however_often_it_changes(two):
    writer, _ = two
    since = writer.sounds.version()
    for seed in (50, 51, 52):
        writer.sounds.put(SPEC, [new_sound(9, seed=seed, id=9)])
    assert writer.sounds.changed_since(since).tolist() == [9]


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_in_whatever_order(two, seed):
    writer, reader = two
    rng = np.random.default_rng([4, seed])
    name = 100
    for _ in range(25):
        there = writer.sounds.index(SPEC).sound_ids.tolist() if rng.random() < 0.3 else [one.id for one in writer.sounds.list()]
        kind = rng.integers(5)
        with writer.writing():
            if kind == 0 and len(there) > 5:
                writer.sounds.remove(rng.choice(there, 3, replace=False).tolist())
            elif kind == 1:
                one = int(rng.choice(there))
                path = writer.sounds.sound(one).path
                writer.sounds.put(SPEC, [new_sound(int(path.stem), seed=int(rng.integers(1000, 9999)), id=one)])
            else:
                for _ in range(int(rng.integers(1, 4))):
                    name += 1
                    writer.sounds.put(SPEC, [new_sound(name)])
        if kind == 4:
            writer.sounds.begin_scan(SPEC)
        if rng.random() < 0.5:
            assert state(reader) == fresh(writer)
    assert state(reader) == state(writer) == fresh(writer)
