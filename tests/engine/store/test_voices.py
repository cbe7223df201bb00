"""Voices in the store: names, takes, samples, and that what is removed is gone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from engine.errors import EnrollmentError, ShapeError, StoreError, UsageError, VoiceExists
from engine.records import Embedding, EncoderSpec
from engine.store import NewTake, Store
from engine.store.database import Database
from engine.store.seals import soiled
from tests.traces import traces

SPEC = EncoderSpec("small", "1", "ab" * 32, "voice", 8, 16000)
OTHER = EncoderSpec("small", "2", "cd" * 32, "voice", 8, 16000)
NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path):
    with Store(tmp_path / "workspace") as opened:
        yield opened


def embedding(*values: float, norm: float = 2.0) -> Embedding:
    vector = np.zeros(8, np.float32)
    vector[:len(values)] = values
    return Embedding(vector / np.float32(np.linalg.norm(vector) or 1), norm)


def new_take(*embeddings: Embedding, sha256: str = "aa", spec: EncoderSpec = SPEC, recording: Path | None = None,
             consent_at: datetime | None = None) -> NewTake:
    return NewTake("microphone", sha256, NOW, 3.0, 2.5, -21.0, 30.0, 0, recording, consent_at, spec,
                   [(one, 1.25) for one in embeddings])


def test_a_voice_is_found_whatever_the_case_and_the_way_its_accents_are_written(store):
    made = store.voices.create("  Zoë  Ångström ")
    assert made.name == "Zoë Ångström"
    assert store.voices.find("ZOE\u0308 A\u030angstro\u0308m") == made
    assert store.voices.find("Zoe Angstrom") is None
    with pytest.raises(VoiceExists):
        store.voices.create("zoë ångström")


@pytest.mark.parametrize("name", ["", "   ", "a\x00b", "a\udcff"])
def test_a_name_that_cannot_be_shown_is_refused(store, name):
    with pytest.raises(UsageError):
        store.voices.create(name)


@pytest.mark.parametrize("name", ["Stranger 1", "ｓtranger_１２", "UNKNOWN", "Perhaps Anna"])
def test_what_the_program_says_for_somebody_unknown_names_no_new_voice_and_an_old_one_stays(store, monkeypatch, name):
    anna = store.voices.create("Anna")
    for refused in (lambda: store.voices.create(name), lambda: store.voices.rename(anna.id, name)):
        with pytest.raises(UsageError, match="what Earmark itself says"):
            refused()
    assert [voice.name for voice in store.voices.list()] == ["Anna"]
    with monkeypatch.context() as before:
        before.setattr("engine.store.voices.name_fault", lambda name: None)
        old = store.voices.create(name)
    assert store.voices.find(name.upper()) == old
    store.voices.add_take(old.id, new_take(embedding(1.0)))
    store.voices.set_state(old.id, "enrolled")
    assert [(voice.name, voice.takes) for voice in store.voices.list() if voice.id == old.id] == [(name, 1)]
    assert store.voices.rename(old.id, "Bert").name == "Bert"


def test_renaming_keeps_names_unique_but_lets_a_voice_change_its_own_case(store):
    anna, bert = store.voices.create("anna"), store.voices.create("Bert")
    assert store.voices.rename(anna.id, "Anna").name == "Anna"
    with pytest.raises(VoiceExists):
        store.voices.rename(bert.id, "ANNA")
    assert [voice.name for voice in store.voices.list()] == ["Anna", "Bert"]


def test_a_new_voice_gets_the_least_used_colour(store):
    voices = [store.voices.create(f"voice {number}") for number in range(14)]
    assert [voice.colour for voice in voices] == [*range(12), 0, 1]
    store.voices.remove(voices[5].id)
    assert store.voices.create("late").colour == 5


def test_a_voice_counts_its_takes_samples_and_speech(store):
    voice = store.voices.create("Anna")
    first = store.voices.add_take(voice.id, new_take(embedding(1), embedding(1, 1)))
    store.voices.add_take(voice.id, new_take(embedding(0, 1), sha256="bb"))
    voice = store.voices.set_state(voice.id, "enrolled")
    assert (voice.takes, voice.samples, voice.speech_s, voice.state) == (2, 3, 5.0, "enrolled")
    assert first.samples == 2
    assert first.recorded_at == NOW
    assert store.voices.take_hashes(voice.id) == {"aa", "bb"}
    assert store.voices.take_hashes(voice.id, SPEC) == {"aa", "bb"}
    assert store.voices.take_hashes(voice.id, OTHER) == set()


def test_similarity_of_a_sample_is_its_cosine_to_the_unit_mean_of_the_voice(store):
    voice = store.voices.create("Anna")
    other = store.voices.create("Bert")
    store.voices.add_take(voice.id, new_take(embedding(1, 0), embedding(0, 1, norm=7.0)))
    store.voices.add_take(other.id, new_take(embedding(1, 0)))
    samples = store.voices.samples(SPEC)
    assert [sample.similarity for sample in samples] == pytest.approx([0.5 ** 0.5, 0.5 ** 0.5, 1.0])
    assert samples[1].embedding.raw[:2] == pytest.approx([0.0, 7.0])


def test_samples_of_another_space_and_of_unfinished_voices_stay_out(store):
    done = store.voices.create("Anna", state="enrolled")
    begun = store.voices.create("Bert")
    store.voices.add_take(done.id, new_take(embedding(1), spec=OTHER))
    store.voices.add_take(done.id, new_take(embedding(1)))
    store.voices.add_take(begun.id, new_take(embedding(1)))
    assert [sample.voice_id for sample in store.voices.samples(SPEC)] == [done.id, begun.id]
    assert [sample.voice_id for sample in store.voices.samples(SPEC, enrolled_only=True)] == [done.id]
    assert [sample.voice_id for sample in store.voices.samples(SPEC, voice_id=begun.id)] == [begun.id]


@pytest.mark.parametrize("bad", [
    Embedding(np.full(8, np.nan, np.float32)),
    Embedding(np.full(8, np.inf, np.float32)),
    Embedding(np.zeros(8, np.float32)),
    Embedding(np.full(8, 1e-9, np.float32)),
    Embedding(np.ones(8, np.float32), norm=float("nan")),
    Embedding(np.ones(8, np.float32), norm=0.0),
    Embedding(np.ones(7, np.float32)),
])
def test_a_vector_without_direction_is_refused_and_nothing_of_its_take_is_stored(store, bad):
    voice = store.voices.create("Anna")
    with pytest.raises(ShapeError):
        store.voices.add_take(voice.id, new_take(embedding(1), bad))
    assert store.voices.takes(voice.id) == []
    assert store.voices.samples(SPEC) == []


def test_a_recording_needs_consent_and_goes_with_its_take(store):
    voice = store.voices.create("Anna")
    recording = store.recordings / "takes" / "anna-1.flac"
    recording.parent.mkdir()
    recording.write_bytes(b"sound")
    with pytest.raises(EnrollmentError):
        store.voices.add_take(voice.id, new_take(embedding(1), recording=recording))
    take = store.voices.add_take(voice.id, new_take(embedding(1), recording=recording, consent_at=NOW))
    assert (take.recording, take.consent_at) == (recording, NOW)
    store.voices.remove_take(take.id)
    assert not recording.exists()
    assert store.voices.get(voice.id).samples == 0
    with pytest.raises(EnrollmentError):
        store.voices.take(take.id)


def test_a_file_outside_the_workspace_is_never_taken_for_a_recording(store, tmp_path):
    mine = tmp_path / "mine.flac"
    mine.write_bytes(b"sound")
    voice = store.voices.create("Anna")
    with pytest.raises(StoreError):
        store.voices.add_take(voice.id, new_take(embedding(1), recording=mine, consent_at=NOW))


@pytest.mark.parametrize("together", [False, True])
def test_a_removed_voice_leaves_no_byte_of_itself_in_the_workspace(store, together):
    rng = np.random.default_rng(3)
    voices = [store.voices.create(f"Voice {number}") for number in range(4)]
    vectors: dict[int, list[np.ndarray]] = {voice.id: [] for voice in voices}
    for number in range(40):  # enough for pages to be split and rebalanced
        voice = voices[number % 4]
        one = rng.normal(size=8).astype(np.float32)
        one /= np.linalg.norm(one)
        store.voices.add_take(voice.id, new_take(Embedding(one), sha256=str(number)))
        vectors[voice.id].append(store.voices.samples(SPEC, voice.id)[-1].embedding.vector)
    (store.backups / "earmark-0000-20260101-000000.db").write_bytes(vectors[voices[1].id][0].tobytes())
    if together:
        with store.writing():
            store.voices.remove(voices[1].id)
    else:
        store.voices.remove(voices[1].id)
    for vector in vectors[voices[1].id]:
        assert traces(store.folder, [vector]) == []
    assert traces(store.folder, ["Voice 1"]) == []
    assert traces(store.folder, [vectors[voices[0].id][0]]) == ["earmark.db"]


def test_names_of_sources_that_are_no_text_are_kept_escaped(store):
    voice = store.voices.create("Anna")
    new = new_take(embedding(1))
    take = store.voices.add_take(voice.id, NewTake(**{**new.__dict__, "source": "caf\udce9.wav"}))
    assert take.source == "caf\\xe9.wav"


def test_what_is_not_there_is_said(store):
    for ask in (lambda: store.voices.get(9), lambda: store.voices.remove(9), lambda: store.voices.rename(9, "x"),
                lambda: store.voices.set_state(9, "enrolled"),
                lambda: store.voices.add_take(9, new_take(embedding(1)))):
        with pytest.raises(EnrollmentError):
            ask()


def test_a_program_that_reads_does_not_stop_a_removal_and_nothing_is_left_once_both_are_closed(tmp_path):
    first, second = Store(tmp_path / "shared"), Store(tmp_path / "shared")
    voice = first.voices.create("Anna Secret")
    first.voices.add_take(voice.id, new_take(embedding(1, 2, 3, 4, 5, 6, 7, 8)))
    needle = first.voices.samples(SPEC)[0].embedding.vector
    with second._opened().reading() as connection:
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM voice").scalar_one() == 1
        first.voices.remove(voice.id)
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM voice").scalar_one() == 1
    assert second.voices.list() == []
    second.close()
    first.close()
    assert traces(tmp_path / "shared", [needle]) == []
    assert traces(tmp_path / "shared", ["Anna Secret"]) == []


def test_what_another_thread_removes_during_a_wiping_stays_to_be_wiped(store, monkeypatch):
    """Should the program be killed before that thread wipes, the next one has to know."""
    wipe = Database.wipe

    def meanwhile(self):
        done = wipe(self)
        with store.writing() as connection:
            soiled(connection)
        return done

    store.voices.create("Anna")
    anna = store.voices.find("Anna").id
    with monkeypatch.context() as patched:
        patched.setattr(Database, "wipe", meanwhile)
        store.voices.remove(anna)
    assert store.encrypting.state().unclean
    assert store.encrypting.finish()
    assert not store.encrypting.state().unclean
