"""Timelines in the store: what is kept, what naming changes and undoing restores, and that nothing is left behind."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from engine.errors import EnrollmentError, VoiceUnknown
from engine.index import unit
from engine.records import Embedding, EncoderSpec, Span
from engine.store import NewTake, Store
from engine.store.records import NewTimeline, NewTrack

SPEC = EncoderSpec("small", "1", "ab" * 32, "voice", 64, 16_000)


def embedding(seed: int) -> Embedding:
    vector = np.random.default_rng(seed).normal(size=64).astype(np.float32)
    return Embedding(vector / np.linalg.norm(vector), 1.5)


def track(voice_id=None, stranger=None, spans=((0, 1),), seeds=()):
    return NewTrack(voice_id, stranger, "match" if voice_id else "unknown", 0.8 if voice_id else None, -20.0, 0,
                    tuple(Span(*span) for span in spans), tuple((embedding(seed), 3.0) for seed in seeds))


def timeline(*tracks, sha="aa", path="talk.wav"):
    return NewTimeline(Path("/somewhere") / path, sha, 10.0, -60.0, datetime(2026, 1, 2, tzinfo=UTC), SPEC, tracks)


def take(seed: int) -> NewTake:
    return NewTake("talk.wav", f"t{seed}", datetime.now(UTC), 10.0, 3.0, -20.0, 30.0, 0, None, None, SPEC,
                   [(embedding(seed), 3.0)])


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "workspace") as opened:
        yield opened


def bytes_of(store: Store) -> bytes:
    return b"".join(path.read_bytes() for path in store.folder.rglob("*") if path.is_file())


def vector_bytes(seed: int) -> bytes:
    return unit(embedding(seed).vector).astype("<f4").tobytes()


def test_a_timeline_comes_back_with_tracks_in_the_order_of_their_first_turns(store):
    anna = store.voices.create("Anna")
    kept = store.timelines.add(timeline(track(stranger=1, spans=((3, 4), (6, 7.5)), seeds=(1, 2)),
                                        track(anna.id, spans=((0, 2.5), (4, 5)))))
    assert store.timelines.list() == [kept]
    assert [(t.label, t.speech_s, t.samples, t.status) for t in kept.tracks] == [
        ("Anna", 3.5, 0, "match"), ("Stranger 1", 2.5, 2, "unknown")]
    assert [(turn.track, turn.span.start_s) for turn in kept.turns] == [(0, 0), (1, 3), (0, 4), (1, 6)]
    assert (kept.path, kept.duration_s, kept.speech_s) == (Path("/somewhere/talk.wav"), 10.0, 6.0)
    store.voices.rename(anna.id, "Zoë")
    assert store.timelines.get(kept.id).tracks[0].label == "Zoë"


def test_the_same_file_again_takes_the_place_of_the_older_timeline(store):
    first = store.timelines.add(timeline(track(stranger=1, seeds=(1,))))
    second = store.timelines.add(timeline(track(stranger=1, seeds=(2,))))
    other = store.timelines.add(timeline(track(stranger=1, seeds=(3,)), sha="bb"))
    assert {one.id for one in store.timelines.list()} == {second.id, other.id}
    assert first.id not in (second.id, other.id)
    assert vector_bytes(1) not in bytes_of(store)
    assert vector_bytes(2) in bytes_of(store)


def test_a_timeline_with_nobody_in_it(store):
    kept = store.timelines.add(timeline())
    assert (store.timelines.get(kept.id).tracks, kept.turns, kept.speech_s) == ((), (), 0)


def named(store, timeline_id, number, name="Anna", more=()):
    stranger = store.timelines.stranger(timeline_id, number, SPEC)
    voice = store.voices.create(name, state="enrolled")
    made = store.voices.add_take(voice.id, take(50))
    return voice, store.timelines.name(voice.id, made.id, True, [stranger.track_id, *more])


def test_naming_and_undoing_restore_every_timeline_exactly(store):
    first = store.timelines.add(timeline(track(stranger=1, seeds=(1,)), track(stranger=2, spans=((2, 3),), seeds=(2,))))
    second = store.timelines.add(timeline(track(stranger=1, seeds=(3,)), sha="bb"))
    before = store.timelines.list()
    voice, naming = named(store, first.id, 2, more=[store.timelines.stranger(second.id, 1, SPEC).track_id])
    assert [[t.label for t in one.tracks] for one in store.timelines.list()] == [["Anna"], ["Stranger 1", "Anna"]]
    assert [(n.voice, n.tracks, n.made_voice) for n in store.timelines.namings()] == [("Anna", 2, True)]
    with pytest.raises(VoiceUnknown, match="no Stranger 2 here, or it has a name"):
        store.timelines.stranger(first.id, 2, SPEC)
    assert [s.number for s in store.timelines.strangers(SPEC)] == [1]
    assert store.timelines.unname(naming)[2] is True
    store.voices.remove(voice.id)
    assert store.timelines.list() == before
    assert store.timelines.namings() == []
    with pytest.raises(EnrollmentError, match="no naming"):
        store.timelines.unname(naming)


def test_a_stranger_of_another_space_is_not_given_out(store):
    """Also where both spaces have vectors of the same size."""
    kept = store.timelines.add(timeline(track(stranger=1, seeds=(1,))))
    other = replace(SPEC, name="other", sha256="cd" * 32)
    with pytest.raises(EnrollmentError, match="heard by another voice encoder"):
        store.timelines.stranger(kept.id, 1, other)
    assert store.timelines.strangers(other) == []
    assert store.timelines.stranger(kept.id, 1, SPEC).samples


def test_a_timeline_made_after_the_naming_keeps_its_turns_when_it_is_undone(store):
    first = store.timelines.add(timeline(track(stranger=1, seeds=(1,))))
    voice, naming = named(store, first.id, 1)
    later = store.timelines.add(timeline(track(voice.id), track(stranger=1, spans=((2, 3),), seeds=(4,)), sha="bb"))
    store.timelines.unname(naming)
    store.voices.remove(voice.id)
    assert [t.label for t in store.timelines.get(later.id).tracks] == ["Stranger 2", "Stranger 1"]


def test_a_removed_voice_leaves_no_trace_in_timelines(store):
    kept = store.timelines.add(timeline(track(stranger=1, spans=((0, 1), (4, 5)), seeds=(1, 2)),
                                        track(stranger=2, spans=((2, 3),), seeds=(3,))))
    voice, _ = named(store, kept.id, 1)
    assert vector_bytes(1) in bytes_of(store)
    store.voices.remove(voice.id)
    left = store.timelines.get(kept.id)
    assert ([t.label for t in left.tracks], len(left.turns)) == (["Stranger 2"], 1)
    assert store.timelines.namings() == []
    found = bytes_of(store)
    assert not any(vector_bytes(seed) in found for seed in (1, 2, 50))
    assert vector_bytes(3) in found


def test_removing_a_timeline_and_forgetting_everything_leave_no_vectors(store):
    one = store.timelines.add(timeline(track(stranger=1, seeds=(1,))))
    store.timelines.add(timeline(track(stranger=1, seeds=(2,)), sha="bb"))
    store.timelines.remove(one.id)
    assert vector_bytes(1) not in bytes_of(store)
    with pytest.raises(EnrollmentError, match="not there any more"):
        store.timelines.remove(one.id)
    named(store, store.timelines.list()[0].id, 1)
    store.forget_everything()
    assert (store.timelines.list(), store.timelines.namings(), store.voices.list()) == ([], [], [])
    assert vector_bytes(2) not in bytes_of(store)


def test_a_voice_that_is_gone_is_said_and_nothing_is_kept(store):
    with pytest.raises(EnrollmentError, match="removed meanwhile"):
        store.timelines.add(timeline(track(99)))
    assert store.timelines.list() == []


def test_a_path_need_not_be_text(store, tmp_path):
    path = Path(bytes(tmp_path).decode() + "/caf\udce9.wav")
    made = timeline(track(stranger=1))
    kept = store.timelines.add(NewTimeline(path, made.sha256, 1.0, -60.0, made.made_at, SPEC, made.tracks))
    store.close()
    with closing(Store(store.folder)) as again:
        assert again.timelines.get(kept.id).path == path


def test_sealed_with_a_passphrase_timelines_read_the_same_and_the_files_tell_nothing(store):
    first = store.timelines.add(timeline(track(stranger=1, seeds=(1,)), path="secret talk.wav"))
    named(store, first.id, 1)
    before = store.timelines.list()
    store.encrypting.turn_on("a long passphrase")
    store.timelines.add(timeline(track(stranger=1, seeds=(2,)), sha="bb", path="secret call.wav"))
    found = bytes_of(store)
    assert not any(secret in found for secret in (vector_bytes(1), vector_bytes(2), b"secret", b"Anna"))
    assert store.timelines.list()[-1:] == before
    assert [one.samples[0][1] for one in store.timelines.strangers(SPEC)] == [3.0]
    assert store.timelines.strangers(SPEC)[0].samples[0][0].vector == pytest.approx(embedding(2).vector)
    assert [one.voice for one in store.timelines.namings()] == ["Anna"]
    store.encrypting.turn_off()
    assert store.timelines.list()[-1:] == before
    assert vector_bytes(2) in bytes_of(store)
