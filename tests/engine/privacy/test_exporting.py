"""Voices in a file: what comes out is what went in, and a file that is not right changes nothing."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.audio import files
from engine.errors import Cancelled, ExportUnreadable, StoreError, UsageError, WrongPassphrase
from engine.privacy.envelope import HEADER_BYTES, PIECE_BYTES, SealedReader, SealedWriter
from engine.privacy.sealing import TAG_BYTES
from engine.records import Embedding, Span
from engine.store import NewTake, Store
from engine.tasks import Ticket
from engine.voices.exporting import Clash, Imported, export, import_
from tests.engine.privacy.conftest import NOW, OTHER, PASSPHRASE, SPEC, add_take, contents, secrets, sound_of, vectors_of
from tests.traces import codings, traces


@pytest.fixture
def exported(workspace: Path, tmp_path: Path) -> Path:
    """All voices of the workspace in a file; Anna has samples of another encoder too."""
    path = tmp_path / "voices.earmark"
    with Store(workspace) as store:
        anna = store.voices.find("Anna Wintergreen")
        assert anna is not None
        add_take(store, anna, 9, spec=OTHER)
        done = export(store, store.voices.list(), path, PASSPHRASE, Ticket())
    assert (done.voices, done.takes, done.samples, done.recordings) == (2, 4, 12, 2)
    return path


def bring(store: Store, path: Path, clash: Clash = "rename", passphrase: str = PASSPHRASE) -> list[Imported]:
    return import_(store, path, passphrase, clash, SPEC, Ticket())


@pytest.mark.parametrize("sealed", [False, True])
def test_a_voice_comes_out_as_it_went_in(workspace, exported, tmp_path, sealed):
    with Store(workspace) as store, Store(tmp_path / "new") as other:
        if sealed:
            store.encrypting.turn_on(PASSPHRASE)
            export(store, store.voices.list(), exported, PASSPHRASE, Ticket())
            other.encrypting.turn_on("quite another passphrase")
        done = bring(other, exported)
        assert [(one.name, one.action, one.takes, one.samples, one.other_encoder) for one in done] == [
            ("Anna Wintergreen", "made", 3, 9, 3), ("Bert Oakenshaw", "made", 1, 3, 0)]
        assert contents(other) == contents(store)
        assert contents(other, OTHER) == contents(store, OTHER)
        assert bool(traces(tmp_path / "new", secrets())) != sealed
    assert traces(exported.parent, ["Anna Wintergreen"]) == ([] if sealed else ["earmark.db", "earmark.db"])
    assert not any(needle in exported.read_bytes() for needle in set().union(*map(codings, secrets())))


def test_a_take_with_samples_of_two_encoders_stays_one_take_with_one_recording(workspace, tmp_path):
    with Store(workspace) as store:
        anna = store.voices.find("Anna Wintergreen")
        assert anna is not None
        store.voices.add_samples(store.voices.takes(anna.id)[0].id, OTHER, [
            (Embedding(vector, 1.0), 1.0) for vector in vectors_of(50, OTHER)])
        done = export(store, [anna], tmp_path / "one", PASSPHRASE, Ticket())
        assert (done.takes, done.samples, done.recordings) == (2, 9, 1)
        with Store(tmp_path / "new") as other:
            brought = bring(other, tmp_path / "one")[0]
            assert (brought.takes, brought.samples, brought.other_encoder) == (2, 9, 3)
            there = other.voices.list()[0]
            assert (there.takes, there.samples) == (2, 9)
            for spec in (SPEC, OTHER):
                vectors = [[one.embedding.vector.tobytes() for one in where.voices.samples(spec, voice.id)]
                           for where, voice in ((other, there), (store, anna))]
                assert vectors[0] == vectors[1]
                assert vectors[0]
            assert [other.voices.recording(one.id) for one in other.voices.takes(there.id) if one.recording] == [
                store.voices.recording(one.id) for one in store.voices.takes(anna.id) if one.recording]
            assert bring(other, tmp_path / "one", "merge")[0].action == "nothing"


def test_what_is_here_already_is_not_doubled(workspace, exported):
    with Store(workspace) as store:
        before = contents(store)
        for clash in ("rename", "merge"):
            assert {one.action for one in bring(store, exported, clash)} == {"nothing"}
            assert contents(store) == before


def test_a_name_that_is_taken(workspace, exported, tmp_path):
    with Store(tmp_path / "new") as other:
        bert = other.voices.create("BERT OAKENSHAW")
        add_take(other, bert, 77)
        add_take(other, bert, 3)
        before = len(other.voices.takes(bert.id))
        done = bring(other, exported, "merge")
        assert [(one.name, one.action) for one in done] == [("Anna Wintergreen", "made"), ("BERT OAKENSHAW", "nothing")]
        assert len(other.voices.takes(bert.id)) == before
        other.voices.remove_take(other.voices.takes(bert.id)[1].id)
        assert bring(other, exported, "rename")[1].name == "Bert Oakenshaw (2)"
        again = bring(other, exported, "rename")[1]
        assert (again.name, again.action) == ("Bert Oakenshaw (2)", "nothing")
        assert len(other.voices.takes(bert.id)) == 1
        merged = bring(other, exported, "merge")[1]
        assert (merged.name, merged.action, merged.takes) == ("BERT OAKENSHAW", "merged", 1)
        kept = other.voices.samples(SPEC, bert.id)
        assert any(np.allclose(sample.embedding.vector, vectors_of(3)[0], atol=1e-6) for sample in kept)


def test_one_of_several_voices(workspace, tmp_path):
    with Store(workspace) as store:
        bert = store.voices.find("bert oakenshaw")
        assert bert is not None
        export(store, [bert], tmp_path / "one", PASSPHRASE, Ticket())
    with Store(tmp_path / "new") as other:
        bring(other, tmp_path / "one")
        assert [voice.name for voice in other.voices.list()] == ["Bert Oakenshaw"]


def test_a_file_that_is_not_right_is_told_in_one_sentence_and_changes_nothing(workspace, exported, tmp_path):
    whole = exported.read_bytes()

    def flipped(at: int) -> bytes:
        return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:]

    with Store(tmp_path / "new") as other:
        def told(data: bytes, passphrase: str = PASSPHRASE) -> str:
            exported.write_bytes(data)
            with pytest.raises(StoreError) as caught:
                bring(other, exported, passphrase=passphrase)
            assert other.voices.list() == []
            assert isinstance(caught.value, WrongPassphrase | ExportUnreadable)
            assert str(caught.value).endswith("Nothing was changed.")
            return str(caught.value)

        assert told(whole, "wrong " + PASSPHRASE) == "This passphrase is wrong. Nothing was changed."
        for at in (9, 12, 25, 40, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 500, len(whole) - 9):
            assert told(flipped(at)).startswith("This file is damaged"), at
        for end in (20, HEADER_BYTES + 3, len(whole) // 2, len(whole) - 1):
            assert told(whole[:end]).startswith("This file is cut off"), end
        assert told(whole[:8] + b"\x02" + whole[9:]).startswith("This file was exported by a newer Earmark")
        for other_file in (b"", b"RIFF" * 100, b"EARM"):
            assert told(other_file).startswith("This is not a file of exported voices")
        assert told(whole[:-8] + b"more" + whole[-8:]).startswith("This file is damaged")
        with pytest.raises(ExportUnreadable, match="cannot be read"):
            bring(other, tmp_path / "nowhere")
        exported.write_bytes(whole)
        assert len(bring(other, exported)) == 2


def test_where_samples_come_from_in_their_take_is_carried_along(workspace, tmp_path):
    """Otherwise a sample could not be played by itself any more, and re-embedding would bring removed ones back."""
    spans = [Span(0.25, 1.5), None, Span(2.0, 2.75)]
    with Store(workspace) as store, Store(tmp_path / "new") as other:
        carla = store.voices.create("Carla")
        store.voices.add_take(carla.id, NewTake(
            "c.wav", "5" * 64, NOW, 3.0, 2.5, -21.0, 30.0, 0, None, None, SPEC,
            [(Embedding(vector, 2.0), 1.25) for vector in vectors_of(5)], spans))
        export(store, [carla], tmp_path / "one", PASSPHRASE, Ticket())
        bring(other, tmp_path / "one")
        assert [sample.span for sample in other.voices.samples(SPEC)] == spans
        assert [sample.span for sample in store.voices.samples(SPEC, carla.id)] == spans


def test_only_its_owner_can_read_an_exported_file(workspace, tmp_path):
    path = tmp_path / "voices.earmark"
    path.touch(0o644)
    before = os.umask(0)
    try:
        with Store(workspace) as store:
            export(store, store.voices.list(), path, PASSPHRASE, Ticket())
    finally:
        os.umask(before)
    assert os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o600


def crafted(path: Path, wav: bytes | None = None, voice: dict[str, Any] | None = None, vectors: bytes | None = None,
            words: bytes | None = None, more: bytes = b"", **take: Any) -> Path:
    """A file with one voice and one take, as somebody who knows the passphrase might write it, with fields of their own."""
    vectors = vectors_of(1, n=1).astype("<f4").tobytes() if vectors is None else vectors
    wav = files.wav_bytes(sound_of(1)) if wav is None else wav
    entries: list[dict[str, Any]] = [
        {"kind": "voices", "voices": 1},
        {"kind": "voice", "name": "Mallory", "colour": 1, "created_at": NOW.isoformat(), "takes": 1, **(voice or {})},
        {"kind": "take", "source": "x.wav", "sha256": "ab" * 32, "recorded_at": NOW.isoformat(), "duration_s": 3.0,
         "speech_s": 2.0, "level_dbfs": -20.0, "snr_db": 30.0, "clipped": 0, "consent_at": NOW.isoformat(), "spec": asdict(SPEC),
         "samples": [[1.0, 1.0]], "vectors_bytes": len(vectors), "recording_bytes": len(wav), **take}]
    with SealedWriter(path, PASSPHRASE) as out:
        for entry in entries:
            said = words if words is not None and entry["kind"] == "take" else json.dumps(entry).encode()
            out.write(len(said).to_bytes(4, "big") + said)
        out.write(vectors + wav + more)
        out.finish()
    return path


NAN, INFINITE = float("nan"), float("inf")
HOSTILE: list[dict[str, Any]] = [
    *({"sha256": one} for one in ("/../../../up", "../" * 21 + "a", "A" * 64, "ab", 7, None, "/etc/passwd", "a" * 63 + "\n")),
    *({"vectors": np.full(64, one, "<f4").tobytes()} for one in (NAN, INFINITE, 0.0)), {"vectors": b""}, {"vectors": bytes(252)},
    *({field: one} for field in ("duration_s", "speech_s", "level_dbfs", "snr_db", "clipped")
      for one in (NAN, INFINITE, 10 ** 400, "3", None, True, [])),
    *({"clipped": one} for one in (-1, 10 ** 30, 0.5)), {"speech_s": -1.0},
    *({"samples": one} for one in ([], [[1.0]], [[NAN, 1.0]], [[0.0, 1.0]], [[1.0, NAN]], [[1.0, -1.0]], [[1.0, 1.0, 0.5]],
                                   [[1.0, 1.0, 2.0, 1.0]], [[1.0, 1.0, 0.0, NAN]], [[1.0, 1.0], [1.0, 1.0]], "a", 7)),
    *({"recorded_at": one} for one in ("yesterday", 7, None, "0001-01-01T00:00:00+14:00")), {"consent_at": "x"},
    {"source": "\ud800"}, {"source": "x" * 5_000}, {"source": 7},
    *({"spec": asdict(SPEC) | one} for one in (
        {"kind": "joint"}, {"kind": "x"}, {"dim": 0}, {"dim": -64}, {"dim": 64.0}, {"dim": 2 ** 62}, {"dim": "64"},
        {"rate_hz": "x"}, {"rate_hz": -1}, {"name": {"a": 1}}, {"version": None}, {"sha256": "x"}, {"more": 1})), {"spec": None},
    *({"voice": one} for one in ({"name": ""}, {"name": " "}, {"name": "a\0b"}, {"name": "\ud800"}, {"name": "x" * 5_000},
                                 {"name": 7}, {"colour": 12}, {"colour": -1}, {"colour": INFINITE}, {"takes": 2}, {"takes": 0},
                                 {"takes": -1}, {"takes": 10 ** 12}, {"kind": "take"})),
    {"vectors_bytes": -256}, {"vectors_bytes": 10 ** 15}, {"recording_bytes": -1}, {"recording_bytes": 10 ** 15},
    {"wav": b"no sound at all"}, {"more": b"more"},
    *({"words": one} for one in (b"[" * 100_000, b"7", b"\xff", b"{}", b"")),
]


@pytest.mark.parametrize("clash", ["rename", "merge"])
def test_a_file_of_somebody_who_means_harm_changes_nothing(workspace, tmp_path, clash, monkeypatch):
    """The seal is right, and what stands behind it is not: told in one sentence, with no byte written anywhere."""
    monkeypatch.setattr("engine.privacy.passphrases.LOG2_N", 4)
    monkeypatch.setattr("engine.privacy.passphrases.Stretching.new",
                        classmethod(lambda cls: cls(os.urandom(16), 4)))  # a hundred files: not 0.3 s for each
    file = tmp_path / "file"
    with Store(workspace) as store:
        before = contents(store)
        there = sorted(one for one in tmp_path.rglob("*") if not one.name.startswith("earmark"))
        for case in HOSTILE:
            with pytest.raises(ExportUnreadable) as caught:
                bring(store, crafted(file, **case), clash)
            assert str(caught.value).endswith("Nothing was changed."), case
            file.unlink()
            assert contents(store) == before, case
        assert sorted(one for one in tmp_path.rglob("*") if not one.name.startswith("earmark")) == there
        assert [one.action for one in bring(store, crafted(file), clash)] == ["made"]  # unchanged, it is taken


def test_a_take_whose_hash_begins_like_anothers_does_not_replace_its_recording(workspace, tmp_path):
    with Store(workspace) as store:
        anna = store.voices.find("Anna Wintergreen")
        file = crafted(tmp_path / "file", files.wav_bytes(sound_of(66)), {"name": anna.name}, sha256="0" * 63 + "f")
        assert [one.action for one in bring(store, file, "merge")] == ["merged"]  # Anna's own are 63 zeros and a 1 or a 2
        assert [store.voices.recording(take.id) for take in store.voices.takes(anna.id) if take.recording] == [
            files.wav_bytes(sound_of(1)), files.wav_bytes(sound_of(66))]


def test_an_import_that_fails_half_way_leaves_nothing(workspace, exported, tmp_path, monkeypatch):
    with Store(tmp_path / "new") as other:
        add = other.voices.add_take

        def fails_late(voice_id, new):
            if new.source.startswith("Bert"):
                raise StoreError("The disk of the workspace is full.")
            return add(voice_id, new)

        monkeypatch.setattr(other.voices, "add_take", fails_late)
        with pytest.raises(StoreError, match="full"):
            bring(other, exported)
        assert other.voices.list() == []
        assert [file for file in other.recordings.rglob("*") if file.is_file()] == []


def test_an_export_that_fails_leaves_no_file_and_keeps_the_old_one(workspace, tmp_path):
    path = tmp_path / "out" / "voices.earmark"
    path.parent.mkdir()
    path.write_bytes(b"the old one")
    with Store(workspace) as store:
        ticket = Ticket()
        ticket.cancel()
        with pytest.raises(Cancelled):
            export(store, store.voices.list(), path, PASSPHRASE, ticket)
        with pytest.raises(UsageError, match="at least 8"):
            export(store, store.voices.list(), path, "short", Ticket())
        with pytest.raises(StoreError, match="cannot be written"):
            export(store, store.voices.list(), tmp_path / "no folder" / "x", PASSPHRASE, Ticket())
    assert [file.name for file in path.parent.iterdir()] == ["voices.earmark"]
    assert path.read_bytes() == b"the old one"


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES])
def test_a_sealed_file_of_any_length(tmp_path, size):
    data = os.urandom(size)
    with SealedWriter(tmp_path / "file", PASSPHRASE) as out:
        for at in range(0, size, 700_000):
            out.write(data[at:at + 700_000])
        assert not (tmp_path / "file").exists()
        out.finish()
    with SealedReader(tmp_path / "file", PASSPHRASE) as source:
        for _ in range(2):
            assert source.exactly(size) == data
            if size:
                assert source.ended
            source.again()


def test_pieces_that_are_left_out_or_exchanged_are_noticed(tmp_path):
    with SealedWriter(tmp_path / "file", PASSPHRASE) as out:
        out.write(bytes(3 * PIECE_BYTES + 10))
        out.finish()
    whole = (tmp_path / "file").read_bytes()
    piece = PIECE_BYTES + TAG_BYTES
    pieces = [whole[HEADER_BYTES + piece * n:HEADER_BYTES + piece * (n + 1)] for n in range(3)]
    head, tail = whole[:HEADER_BYTES], whole[HEADER_BYTES + 3 * piece:]
    for order in ([0, 2, 1], [0, 1], [0, 0, 1, 2]):
        (tmp_path / "file").write_bytes(head + b"".join(pieces[n] for n in order) + tail)
        with SealedReader(tmp_path / "file", PASSPHRASE) as source, pytest.raises(ExportUnreadable, match="damaged"):
            source.exactly(PIECE_BYTES * len(order) + 10)
    (tmp_path / "file").write_bytes(head + b"".join(pieces) + whole[-8:])  # the last piece is gone, the end is not
    with SealedReader(tmp_path / "file", PASSPHRASE) as source, pytest.raises(ExportUnreadable, match="damaged"):
        source.exactly(3 * PIECE_BYTES)


@pytest.mark.parametrize("label", ["Stranger 1", "UNKNOWN", "perhaps Anna"])
@pytest.mark.parametrize("clash", ["rename", "merge"])
def test_a_voice_called_as_the_program_calls_strangers_is_kept_under_another_name(workspace, tmp_path, monkeypatch, label, clash):
    with monkeypatch.context() as before, Store(workspace) as store:
        before.setattr("engine.store.voices.name_fault", lambda name: None)
        anna = store.voices.find("Anna Wintergreen")
        store.voices.rename(anna.id, label)
        export(store, [store.voices.get(anna.id)], tmp_path / "one", PASSPHRASE, Ticket())
        store.voices.remove_take(store.voices.takes(anna.id)[0].id)
        back = bring(store, tmp_path / "one", clash)[0]  # to where the old name stands: it goes on working
        assert (back.name, back.action) == ((label, "merged") if clash == "merge" else (f"Imported {label}", "renamed"))
    with Store(tmp_path / "new") as other:
        first = bring(other, tmp_path / "one", clash)[0]
        assert (first.name, first.named, first.action, first.takes) == (f"Imported {label}", label, "renamed", 2)
        again = bring(other, tmp_path / "one", clash)[0]
        assert (again.name, again.action, again.takes) == (f"Imported {label}", "nothing", 0)
        assert [(voice.name, voice.takes, voice.state) for voice in other.voices.list()] == [(f"Imported {label}", 2, "enrolled")]
        other.voices.remove_take(other.voices.takes(other.voices.list()[0].id)[0].id)
        third = bring(other, tmp_path / "one", clash)[0]
        assert (third.name, third.action) == ((f"Imported {label}", "merged") if clash == "merge"
                                              else (f"Imported {label} (2)", "renamed"))
