"""A matrix that was lost, cut, emptied or overwritten is noticed, said, and made again; nothing of it is believed."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from engine.errors import StoreError
from engine.index import unit
from engine.records import EncoderSpec, Span
from engine.store import FileKey, NewSound, Store, spans
from engine.store.vectors import VectorFile, whole_rows

DIM = 8
SPEC = EncoderSpec("joint", "1", "ab" * 32, "joint", DIM, 16000)


def vectors(seed: int, count: int = 1) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32))


def new_sound(number: int) -> NewSound:
    return NewSound(Path(f"/sounds/{number}.wav"), 1, FileKey(100, number), f"{number:064}", duration_s=5.0, rate_hz=44100,
                    channels=1, format="wav", spans=(Span(0.0, 2.0), Span(2.0, 5.0)), vectors=vectors(number, 2))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    with Store(tmp_path / "workspace") as store:
        store.sounds.add_folder(Path("/sounds"))
        store.sounds.put(SPEC, [new_sound(number) for number in range(5)])
    return tmp_path / "workspace"


def matrix(workspace: Path) -> Path:
    return next((workspace / "vectors").glob("*.f32"))


def nan(file: Path) -> None:
    rows = np.fromfile(file, "<f4").reshape(-1, DIM)
    rows[3, 2] = np.nan  # a span of the second sound
    rows.tofile(file)


def random_bytes(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[2 * 4 * DIM:4 * 4 * DIM] = np.random.default_rng(1).bytes(2 * 4 * DIM)
    file.write_bytes(data)


def zeros(file: Path) -> None:
    with file.open("r+b") as opened:
        opened.seek(2 * 4 * DIM)
        opened.write(bytes(4 * DIM))


def emptied(file: Path) -> None:
    os.truncate(file, 0)


def cut_in_a_row(file: Path) -> None:
    os.truncate(file, 4 * DIM * 9 + 5)


def folder_instead(file: Path) -> None:
    file.unlink()
    file.mkdir()


def pipe_instead(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


DAMAGE = {nan: 1, random_bytes: 1, zeros: 1, emptied: 5, cut_in_a_row: 1, Path.unlink: 5, folder_instead: 5, pipe_instead: 5}


@pytest.mark.parametrize(("damage", "lost"), DAMAGE.items(), ids=lambda one: getattr(one, "__name__", str(one)))
def test_what_is_damaged_is_left_out_and_counted_and_made_again_by_the_next_scan(workspace, damage, lost):
    damage(matrix(workspace))
    with Store(workspace) as store:
        index = store.sounds.index(SPEC)
        assert (len(index), index.damaged) == (5 - lost, lost)
        held = [index.vectors(one) for one in index.sound_ids.tolist()]
        assert all(len(one) == 2 and np.isfinite(one).all() for one in held)  # a sound is whole or not there
        store.sounds.begin_scan(SPEC)
        assert sum(not known.indexed for known in store.sounds.known(SPEC)) == lost
        assert store.sounds.index(SPEC).damaged == 0


def test_a_file_that_changes_under_a_running_program_is_noticed_by_the_next_search(workspace):
    with Store(workspace) as store:
        first = store.sounds.index(SPEC)
        assert store.sounds.index(SPEC) is first
        nan(matrix(workspace))
        assert store.sounds.index(SPEC).damaged == 1
        os.truncate(matrix(workspace), 0)
        assert store.sounds.index(SPEC).damaged == 5


def test_what_stands_in_the_way_of_the_matrix_is_said_and_not_waited_for(workspace):
    pipe_instead(matrix(workspace))
    with Store(workspace) as store, pytest.raises(StoreError, match=r"cannot be written: this is a named pipe, not a file\."):
        store.sounds.begin_scan(SPEC)
        store.sounds.put(SPEC, [new_sound(7)])


def test_rows_that_were_written_are_whole_and_looking_costs_little(tmp_path):
    rows = unit(np.random.default_rng(0).normal(size=(20_000, 512)).astype(np.float32))
    file = VectorFile(tmp_path / "m.f32", 512)
    file.write(np.arange(len(rows)), rows)
    began = time.process_time()
    assert whole_rows(file.open(), np.arange(len(rows))).all()
    assert time.process_time() - began < 1.0  # 0.02 s here; 100,000 rows are five times that


# --- looking, and how often ---------------------------------------------------------------------------------------------


@pytest.fixture
def looked(monkeypatch) -> list[int]:
    """How many rows were looked at, each time."""
    counts: list[int] = []

    def counted(matrix, rows):
        counts.append(len(rows))
        return whole_rows(matrix, rows)

    monkeypatch.setattr(spans, "whole_rows", counted)
    return counts


def test_only_what_is_new_is_looked_at_while_this_program_writes(workspace, looked):
    with Store(workspace) as store:
        store.sounds.index(SPEC)
        for number in (5, 6):
            store.sounds.put(SPEC, [new_sound(number)])
            assert len(store.sounds.index(SPEC)) == number + 1
        assert looked == [10, 2, 2]
        nan(matrix(workspace))
        assert store.sounds.index(SPEC).damaged == 1
        store.sounds.put(SPEC, [new_sound(7)])
        assert (len(store.sounds.index(SPEC)), store.sounds.index(SPEC).damaged) == (7, 1)
        assert looked == [10, 2, 2, 14, 3]


def test_damage_before_a_write_is_not_covered_by_it(workspace, looked):
    with Store(workspace) as store:
        store.sounds.index(SPEC)
        nan(matrix(workspace))
        store.sounds.put(SPEC, [new_sound(5)])
        assert store.sounds.index(SPEC).damaged == 1
        assert looked == [10, 12]


def test_what_is_removed_while_the_vectors_are_looked_at_is_wiped(workspace, monkeypatch):
    with Store(workspace) as store:
        anna = store.voices.create("Anna")

        def meanwhile(matrix, rows):
            remover = threading.Thread(target=store.voices.remove, args=(anna.id,))
            remover.start()
            remover.join(30)
            return whole_rows(matrix, rows)

        monkeypatch.setattr(spans, "whole_rows", meanwhile)
        assert len(store.sounds.index(SPEC)) == 5
        assert store.voices.pending is None
        assert not store.encrypting.state().unclean
