"""Vectors that can be made again are believed only where they are what was written."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from engine.describing import kept
from engine.index import unit

SHAPE = (20, 16)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    kept.write(tmp_path / "a.npy", rows())
    return tmp_path / "a.npy"


def rows() -> np.ndarray:
    return unit(np.random.default_rng(0).normal(size=SHAPE).astype(np.float32))


def test_what_was_written_comes_back(file):
    found = kept.read(file, SHAPE)
    assert found is not None
    assert np.array_equal(found, rows())
    assert kept.read(file, (20, 17)) is None
    assert kept.read(file.with_name("other.npy"), SHAPE) is None


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_file_is_nothing_and_no_error(file, seed):
    random = np.random.default_rng(seed)
    data = bytearray(file.read_bytes())
    at = int(random.integers(0, len(data) - 8)) if seed % 2 else int(random.integers(0, 120))  # anywhere, or in the header
    data[at:at + 8] = random.bytes(8)
    file.write_bytes(data[:int(random.integers(0, len(data)))] if seed % 4 == 3 else data)
    found = kept.read(file, SHAPE)
    assert found is None or np.abs(np.linalg.norm(found, axis=1) - 1).max() < 0.01


def test_random_numbers_are_not_believed(file):
    data = file.read_bytes()
    file.write_bytes(data[:128] + np.random.default_rng(1).normal(size=SHAPE).astype(np.float32).tobytes())
    assert kept.read(file, SHAPE) is None


def test_a_header_that_promises_endless_rows_takes_no_memory(file):
    data = file.read_bytes()
    file.write_bytes(data[:128].replace(b"(20, 16), }        ", b"(9999999999, 16), }") + data[128:])
    assert b"9999999999" in file.read_bytes()
    assert kept.read(file, SHAPE) is None


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.npy")
    assert kept.read(tmp_path / "a.npy", SHAPE) is None
