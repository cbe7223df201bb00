"""Sounds in the store: rows of the vector file, indexes, and that what is forgotten is gone."""

from __future__ import annotations

import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from engine.errors import LibraryError, ShapeError, StoreError
from engine.index import unit
from engine.records import Embedding, EncoderSpec, Span, Tag
from engine.store import FileKey, NewSound, NewTake, SameAs, Store

DIM = 8
SPEC = EncoderSpec("joint", "1", "ab" * 32, "joint", DIM, 16000)
OTHER = EncoderSpec("joint", "2", "cd" * 32, "joint", DIM, 16000)
VOICE = EncoderSpec("voice", "1", "ef" * 32, "voice", DIM, 16000)


@pytest.fixture
def store(tmp_path: Path):
    with Store(tmp_path / "workspace") as opened:
        yield opened


def vectors(seed: int, count: int = 1) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32))


def new_sound(name: str, seed: int, spans: int = 1, folder_id: int = 1, **options) -> NewSound:
    return NewSound(Path("/sounds") / name, folder_id, FileKey(100, seed), f"{seed:064}", duration_s=5.0 * spans,
                    rate_hz=44100, channels=2, format="wav", peaks=np.arange(160, dtype=np.uint8),
                    tags=(Tag("Rain", 0.75),), spans=tuple(Span(5.0 * n, 5.0 * n + 10) for n in range(spans)),
                    vectors=vectors(seed, spans), **options)


@pytest.fixture
def filled(store):
    folder_id = store.sounds.add_folder(Path("/sounds"))
    assert folder_id == 1
    store.sounds.put(SPEC, [new_sound("a.wav", 1), new_sound("b.wav", 2, spans=3), new_sound("c.wav", 3)])
    return store


def held(store: Store, sound_id: int, spec: EncoderSpec = SPEC) -> np.ndarray:
    return store.sounds.index(spec).vectors(sound_id)


def file_rows(store: Store) -> int:
    return next(store.vectors.glob("*.f32")).stat().st_size // (4 * DIM)


def test_what_is_put_comes_back(filled):
    sound = filled.sounds.sound(2)
    assert (sound.path, sound.duration_s, sound.rate_hz, sound.channels, sound.format) == (
        Path("/sounds/b.wav"), 15.0, 44100, 2, "wav")
    assert sound.tags == (Tag("Rain", 0.75),)
    assert sound.peaks.tolist() == list(range(160))
    assert [one.id for one in filled.sounds.list(offset=1, limit=1)] == [2]
    assert filled.sounds.find(Path("/sounds/c.wav")).id == 3
    index = filled.sounds.index(SPEC)
    assert len(index) == 3
    assert held(filled, 2) == pytest.approx(vectors(2, 3))
    assert index.spans(2)[1] == Span(5.0, 15.0)


def test_vectors_of_different_specs_never_meet(filled):
    assert len(filled.sounds.index(OTHER)) == 0
    filled.sounds.put(OTHER, [new_sound("a.wav", 1, id=1)])
    assert filled.sounds.index(OTHER).sound_ids.tolist() == [1]
    assert filled.sounds.index(SPEC).sound_ids.tolist() == [1, 2, 3]
    filled.sounds.put(OTHER, [new_sound("a.wav", 9, id=1)])  # other content: what SPEC knew of it is wrong now
    assert filled.sounds.index(SPEC).sound_ids.tolist() == [2, 3]
    assert len(list(filled.vectors.glob("*.f32"))) == 2


def test_an_index_is_kept_until_the_library_changes(filled):
    first = filled.sounds.index(SPEC)
    filled.voices.create("Anna")
    assert filled.sounds.index(SPEC) is first
    filled.sounds.remove([2])
    assert filled.sounds.index(SPEC).sound_ids.tolist() == [1, 3]
    assert first.sound_ids.tolist() == [1, 2, 3]


def test_rows_of_removed_sounds_are_written_again_but_not_before_the_next_scan(filled):
    before = held(filled, 1).copy()
    filled.sounds.remove([2])
    filled.sounds.put(SPEC, [new_sound("d.wav", 4)])
    assert file_rows(filled) == 6
    filled.sounds.begin_scan(SPEC)
    ids = filled.sounds.put(SPEC, [new_sound("e.wav", 5, spans=4)])
    assert file_rows(filled) == 7  # three holes and one new
    assert held(filled, ids[0]) == pytest.approx(vectors(5, 4))
    assert held(filled, 1) == pytest.approx(before)


def test_a_transaction_that_is_taken_back_leaves_only_rows_that_nobody_names(filled):
    with pytest.raises(ZeroDivisionError), filled.writing():
        filled.sounds.put(SPEC, [new_sound("d.wav", 4, spans=2)])
        raise ZeroDivisionError
    assert len(filled.sounds.index(SPEC)) == 3
    assert file_rows(filled) == 7
    filled.sounds.begin_scan(SPEC)
    filled.sounds.put(SPEC, [new_sound("d.wav", 4, spans=2)])
    assert file_rows(filled) == 7


def test_rows_that_a_kill_left_unnamed_are_used_and_a_torn_one_is_overwritten(filled):
    filled.close()
    file = next((filled.folder / "vectors").glob("*.f32"))
    file.write_bytes(file.read_bytes() + b"\7" * (4 * DIM + 11))  # one row and a torn one that no transaction names
    with Store(filled.folder) as store:
        assert len(store.sounds.index(SPEC)) == 3
        ids = store.sounds.put(SPEC, [new_sound("d.wav", 4, spans=2)])
        assert file_rows(store) == 7
        assert held(store, ids[0]) == pytest.approx(vectors(4, 2))


def test_spans_whose_rows_are_lost_are_left_out_and_dropped_by_the_next_scan(filled):
    filled.close()
    file = next((filled.folder / "vectors").glob("*.f32"))
    os.truncate(file, 4 * DIM * 2)
    with Store(filled.folder) as store:
        assert 3 not in store.sounds.index(SPEC).sound_ids
        store.sounds.begin_scan(SPEC)
        assert {known.id: known.indexed for known in store.sounds.known(SPEC)} == {1: True, 2: False, 3: False}


def test_equal_sounds_share_their_rows(filled):
    copy = NewSound(Path("/sounds/copy.wav"), 1, FileKey(1, 1), f"{2:064}", same_as=SameAs(2))
    made, = filled.sounds.put(SPEC, [copy])
    assert file_rows(filled) == 5
    assert held(filled, made) == pytest.approx(vectors(2, 3))
    assert filled.sounds.sound(made).tags == filled.sounds.sound(2).tags
    filled.sounds.remove([2])
    filled.sounds.begin_scan(SPEC)
    filled.sounds.put(SPEC, [new_sound("new.wav", 8)])
    assert held(filled, made) == pytest.approx(vectors(2, 3))
    with pytest.raises(LibraryError):
        filled.sounds.put(SPEC, [NewSound(Path("/sounds/x.wav"), 1, FileKey(1, 1), "0" * 64, same_as=SameAs(99))])


@pytest.mark.parametrize("bad", [np.full((1, DIM), np.nan), np.zeros((1, DIM)), np.ones((1, DIM)),
                                 np.ones((2, DIM)) / 8 ** 0.5, np.ones((1, 7)) / 7 ** 0.5, np.zeros((0, DIM))])
def test_vectors_that_are_not_unit_rows_are_refused_and_nothing_is_written(filled, bad):
    sound = NewSound(Path("/sounds/bad.wav"), 1, FileKey(1, 1), "0" * 64, spans=(Span(0, 1),),
                     vectors=bad.astype(np.float32))
    with pytest.raises(ShapeError):
        filled.sounds.put(SPEC, [new_sound("good.wav", 7), sound])
    assert len(filled.sounds.list()) == 3
    assert file_rows(filled) == 5


def test_a_sound_may_be_copied_from_and_replaced_at_once(filled):
    filled.sounds.put(SPEC, [
        NewSound(Path("/sounds/a.wav"), 1, FileKey(9, 9), f"{2:064}", id=1, same_as=SameAs(2)),
        new_sound("b.wav", 7, id=2)])
    assert held(filled, 1) == pytest.approx(vectors(2, 3))
    assert held(filled, 2) == pytest.approx(vectors(7))


def test_a_path_that_is_taken_frees_itself_for_the_sound_that_stands_there_now(filled):
    filled.sounds.place(1, Path("/sounds/b.wav"), 1, FileKey(5, 5))
    paths = {sound.id: sound.path.name for sound in filled.sounds.list()}
    assert paths == {1: "b.wav", 2: "b.wav.gone-2", 3: "c.wav"}


def test_failures_are_remembered_for_the_encoder_that_refused_or_for_all(filled):
    filled.sounds.remember_failure(Path("/sounds/x.wav"), 1, FileKey(1, 2), "no sound")
    filled.sounds.remember_failure(Path("/sounds/y.wav"), 1, FileKey(1, 2), "silent", SPEC)
    assert sorted(one.reason for one in filled.sounds.failures(SPEC)) == ["no sound", "silent"]
    assert [one.reason for one in filled.sounds.failures(OTHER)] == ["no sound"]
    filled.sounds.forget_failures([Path("/sounds/x.wav")])
    assert [one.reason for one in filled.sounds.failures(SPEC)] == ["silent"]


def test_a_sound_needs_a_folder_that_is_there(filled):
    with pytest.raises(StoreError):
        filled.sounds.put(SPEC, [new_sound("d.wav", 4, folder_id=77)])
    filled.sounds.remove_folder(1)
    assert filled.sounds.list() == []
    assert len(filled.sounds.index(SPEC)) == 0
    with pytest.raises(LibraryError):
        filled.sounds.remove_folder(1)


def test_sounds_below_a_folder_end_at_its_name(store):
    store.sounds.add_folder(Path("/sounds"))
    strange = os.fsdecode(b"caf\xe9")
    names = ["a/b/1.wav", "a/b/c/2.wav", "a/b.wav", "a/b-/3.wav", "a/bc/4.wav", "a/b0/5.wav", "z.wav",
             f"{strange}/6.wav", f"{strange}\udcff/7.wav", "café/8.wav", "ÿ/\udcff\udcff.wav", "100%_/9.wav", "1000/x.wav"]
    ids = dict(zip(names, store.sounds.put(SPEC, [new_sound(n, 50 + i) for i, n in enumerate(names)]), strict=True))

    def below(name: str) -> set[str]:
        under = Path("/sounds") / name
        listed = [str(one.path.relative_to("/sounds")) for one in store.sounds.list(under=under)]
        assert [ids[one] for one in listed] == store.sounds.ids(under).tolist()
        return set(listed)

    assert below("a/b") == {"a/b/1.wav", "a/b/c/2.wav"}
    assert below("a/b/c") == {"a/b/c/2.wav"}
    assert below("a") == {name for name in names if name.startswith("a/")}
    assert below(strange) == {f"{strange}/6.wav"}
    assert below("ÿ") == {"ÿ/\udcff\udcff.wav"}
    assert below("100%_") == {"100%_/9.wav"}
    assert below("A") == below("a/b/1.wav") == below("nothing") == set()
    assert below("") == set(names)
    assert len(store.sounds.list(under=Path("/"))) == len(names)
    assert store.sounds.ids(Path("/nothing")).dtype == np.int64
    places = store.sounds.places(Path("/sounds"))
    assert places == Counter((Path("/sounds") / name).parent for name in names)
    assert store.sounds.places(Path("/sounds/a/b")) == {Path("/sounds/a/b"): 1, Path("/sounds/a/b/c"): 1}
    assert store.sounds.places(Path("/")) == places and store.sounds.places(Path("/nothing")) == {}
    page = store.sounds.list(1, offset=1, limit=1, under=Path("/sounds/a/b"))
    assert [one.path.name for one in page] == ["2.wav"]
    assert store.sounds.list(2, under=Path("/sounds/a")) == []


def test_a_number_of_sounds_beyond_what_one_statement_takes(filled):
    filled.sounds.put(SPEC, [new_sound(f"{number}.wav", 10 + number) for number in range(1200)])
    ids = [known.id for known in filled.sounds.known(SPEC)]
    assert len(filled.sounds.many(ids)) == 1203
    filled.sounds.remove(ids)
    assert filled.sounds.list() == []


def test_forgetting_everything_leaves_no_byte_of_it_in_the_workspace(filled):
    store = filled
    rng = np.random.default_rng(1)
    secrets = [unit(rng.normal(size=DIM).astype(np.float32)) for _ in range(60)]
    recording = store.recordings / "takes" / "anna.flac"
    recording.parent.mkdir()
    recording.write_bytes(secrets[0].tobytes())
    anna = store.voices.create("Anna Secret")
    for number, one in enumerate(secrets):
        store.voices.add_take(anna.id, NewTake(
            "anna.flac", str(number), datetime.now(UTC), 3.0, 2.5, -20.0, 30.0, 0, recording if number == 0 else None,
            datetime.now(UTC), VOICE, [(Embedding(one), 2.5)]))
    (store.backups / f"earmark-0000-{20200101}-000000.db").write_bytes(secrets[1].tobytes())
    (store.folder / "settings.toml").write_text("version = 1\n")
    needles = [*(sample.embedding.vector.tobytes() for sample in store.voices.samples(VOICE)),
               *(vector.tobytes() for vector in vectors(2, 3)), b"Anna Secret", b"/sounds/b.wav", b"anna.flac"]
    present = b"".join(path.read_bytes() for path in store.folder.rglob("*") if path.is_file())
    assert all(needle in present for needle in needles)
    store.sounds.index(SPEC)

    store.forget_everything()

    for path in store.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [needle for needle in needles if needle in content], path.name
    assert (store.folder / "settings.toml").exists()
    assert (store.voices.list(), store.sounds.folders(), store.sounds.list()) == ([], [], [])
    assert len(store.sounds.index(SPEC)) == 0
    assert [list(folder.iterdir()) for folder in (store.vectors, store.recordings, store.backups, store.maps)] == [[]] * 4
    store.sounds.add_folder(Path("/sounds"))
    store.sounds.put(SPEC, [new_sound("a.wav", 1)])
    assert held(store, 1) == pytest.approx(vectors(1))
