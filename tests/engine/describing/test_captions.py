"""The bank of captions: the nearest, without saying one thing twice; its vectors on disk, whole or not at all."""

from __future__ import annotations

import errno
import gc
import os
import signal
import subprocess
import sys
import textwrap
import weakref
from pathlib import Path

import numpy as np
import pytest

from engine.describing.captions import CaptionBank, default_captions
from engine.describing.kept import KEPT
from engine.describing.service import Describing
from engine.errors import ShapeError, UsageError
from engine.weights import Weights
from tests.engine.describing.conftest import DIM, Directions, sound

CAPTIONS = ("rain", "wind", "dog", "a car passes")


def test_the_nearest_with_their_spans(directions):
    found = CaptionBank(directions, CAPTIONS).nearest(sound([1, 0.1], [0, 0.4, 1]), 2)
    assert [(one.caption, one.span) for one in found] == [("rain", 0), ("dog", 1)]
    assert found[0].similarity > found[1].similarity


def test_the_same_thing_is_not_said_twice():
    encoder = Directions({"a dog barks": [1], "the dog barks": [1, 0.01], "dog barks while the": [1, 0.02], "rain": [1, 1]})
    found = CaptionBank(encoder, ("dog barks while the", "the dog barks", "a dog barks", "rain")).nearest(sound([1]), 3)
    assert [one.caption for one in found] == ["a dog barks", "rain"]


def test_of_equal_captions_the_first_comes_first():
    encoder = Directions({name: [1] for name in ("one", "two", "three")})
    assert [m.caption for m in CaptionBank(encoder, ("two", "three", "one")).nearest(sound([1]), 3)] == ["two", "three", "one"]


def test_more_than_there_are(directions):
    assert len(CaptionBank(directions, CAPTIONS).nearest(sound([1]), 99)) == len(CAPTIONS)


def test_what_makes_no_sense(directions):
    with pytest.raises(UsageError):
        CaptionBank(directions, ())
    bank = CaptionBank(directions, CAPTIONS)
    with pytest.raises(UsageError):
        bank.nearest(sound([1]), 0)
    for wrong in (np.zeros((0, DIM), np.float32), np.zeros(DIM, np.float32), np.zeros((1, DIM - 1), np.float32)):
        with pytest.raises(ShapeError):
            bank.nearest(wrong)


def test_vectors_are_kept_by_encoder_and_captions(directions, tmp_path):
    first = CaptionBank(directions, CAPTIONS, tmp_path)
    directions.embedded.clear()
    assert (CaptionBank(directions, CAPTIONS, tmp_path).vectors == first.vectors).all()
    assert not directions.embedded
    other = Directions(name="another")
    assert CaptionBank(other, CAPTIONS, tmp_path).vectors.tolist() == other.embed_texts(CAPTIONS).tolist()
    CaptionBank(directions, CAPTIONS[:2], tmp_path)
    assert directions.embedded == ["rain", "wind"]
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("harm", ["cut", "empty", "text", "pickle", "shape", "nan", "kind"])
def test_a_file_that_is_not_what_it_was_is_made_anew(directions, tmp_path, harm):
    expected = CaptionBank(directions, CAPTIONS, tmp_path).vectors
    (file,) = tmp_path.iterdir()
    if harm in ("cut", "empty", "text"):
        file.write_bytes({"cut": file.read_bytes()[:-5], "empty": b"", "text": b"rain"}[harm])
    else:
        wrong = {"pickle": np.array([{"a": 1}], object), "shape": expected[:2], "nan": expected * np.nan,
                 "kind": expected.astype(np.float64)}[harm]
        np.save(file, wrong, allow_pickle=True)
    assert (CaptionBank(directions, CAPTIONS, tmp_path).vectors == expected).all()
    assert (np.load(file) == expected).all()


def test_only_the_youngest_files_stay(directions, tmp_path):
    for n in range(KEPT + 3):
        CaptionBank(directions, (f"caption {n}",), tmp_path)
        for age, path in enumerate(sorted(tmp_path.iterdir(), key=lambda p: p.stat().st_mtime_ns)):
            os.utime(path, (age, age))
    assert len(list(tmp_path.glob("*.npy"))) == KEPT
    directions.embedded.clear()
    CaptionBank(directions, (f"caption {KEPT + 2}",), tmp_path)
    assert not directions.embedded


def test_where_nothing_can_be_kept_it_works_all_the_same(directions, tmp_path):
    (tmp_path / "file").write_text("no folder")
    assert len(CaptionBank(directions, CAPTIONS, tmp_path / "file").vectors) == len(CAPTIONS)


def test_a_full_disk_leaves_nothing_half_written(directions, tmp_path, monkeypatch):
    def full(file, rows, **options):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    assert len(CaptionBank(directions, CAPTIONS, tmp_path).vectors) == len(CAPTIONS)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="kills with a signal")
def test_a_kill_while_writing_leaves_no_half_a_bank(directions, tmp_path):
    """A process that dies in the middle of the file, as np.save writes it; the next one makes the bank and goes on."""
    code = textwrap.dedent(f"""
        import os, signal
        import numpy as np
        from engine.describing.captions import CaptionBank
        from tests.engine.describing.conftest import Directions
        def half(file, rows, **options):
            file.write(b"\\x93NUMPY" + rows.tobytes()[:40])
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        np.save = half
        CaptionBank(Directions(), {CAPTIONS!r}, __import__("pathlib").Path({str(tmp_path)!r}))
    """)
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=False, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    made = CaptionBank(Directions(), CAPTIONS, tmp_path)
    assert (made.vectors == Directions().embed_texts(CAPTIONS)).all()
    assert len(list(tmp_path.glob("*.npy"))) == 1


def test_the_bank_that_comes_with_the_program():
    captions = default_captions()
    assert len(captions) > 500
    assert len({" ".join(c.split()).casefold() for c in captions}) == len(captions)
    assert all(c == c.strip() and c for c in captions)


def test_forgetting_takes_memory_and_disk(tmp_path):
    encoder = Directions()
    service = Describing(lambda: encoder, Weights(), tmp_path / "kept")
    service.bank()
    assert list((tmp_path / "kept").iterdir())
    encoder.embedded.clear()
    service.bank()
    assert not encoder.embedded
    service.forget()
    assert not (tmp_path / "kept").exists()
    service.bank()
    assert len(encoder.embedded) == len(default_captions())


def test_only_the_last_banks_stay_in_memory(tmp_path):
    service = Describing(Directions, Weights())
    own = tmp_path / "own.txt"
    banks = []
    for n in range(5):
        own.write_text(f"caption {n}")
        banks.append(weakref.ref(service.bank(own)))
    assert service.bank(own) is banks[-1]()
    gc.collect()
    assert [bank() is not None for bank in banks] == [False, False, True, True, True]


def test_captions_that_cannot_be_read_are_refused(tmp_path):
    from tests.true_models import models

    with pytest.raises(UsageError, match="cannot read the caption “狗叫”"):
        CaptionBank(models().joint_named("compact"), ("rain", "狗叫"), tmp_path)
    assert not list(tmp_path.iterdir())
