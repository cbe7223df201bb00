"""Changes to voices taken back and made again: rows, recordings and centroids as before, in memory and from the journal."""

from __future__ import annotations

import pytest

from engine.app import Earmark
from engine.errors import EnrollmentError
from tests.traces import traces
from tests.true_models import models, spoken, write_takes

ANNA, BERT = 1, 2


@pytest.fixture
def voices(earmark):
    """Anna and Bert with two kept takes each, of 4 s and 8 s."""
    for name, voice in (("Anna", ANNA), ("Bert", BERT)):
        made = earmark.voices.begin(name)
        earmark.voices.add_take(made.id, spoken(voice, 0), keep=True)
        earmark.voices.add_take(made.id, spoken(voice, 1, 8.0), keep=True)
        earmark.voices.finish(made.id)
    return earmark.voices


def everything(voices):
    """All that anybody can see of the voices."""
    samples = [(s.id, s.take_id, s.voice_id, s.embedding.vector.tobytes(), s.span) for s in voices.samples()]
    takes = [take for voice in voices.list() for take in voices.takes(voice.id)]
    return voices.list(), samples, takes, [voices.recording(take.id).samples.tobytes() for take in takes if take.recording]


def rename(voices):
    voices.rename("Anna", "Grace")


def remove(voices):
    voices.remove("Anna")


def remove_take(voices):
    voices.remove_take(voices.takes(voices.get("Anna").id)[0].id)


def remove_sample(voices):
    voices.remove_sample(voices.samples(voices.get("Anna").id)[-1].id)


def remove_last_sample_of_a_take(voices):
    voices.remove_sample(voices.samples(voices.get("Anna").id)[0].id)


def move(voices):
    voices.move_sample(voices.samples(voices.get("Anna").id)[-1].id, "bert", anyway=True)


def move_last_sample_of_a_take(voices):
    voices.move_sample(voices.samples(voices.get("Anna").id)[0].id, "Bert", anyway=True)


def add_take(voices):
    voices.add_take(voices.get("Anna").id, spoken(ANNA, 5), keep=True)


def begin(voices):
    voices.begin("Carla")


CHANGES = [rename, remove, remove_take, remove_sample, remove_last_sample_of_a_take, move, move_last_sample_of_a_take, add_take,
           begin]


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_can_be_taken_back_and_made_again(voices, change):
    before = everything(voices)
    centroids = voices.identifier().centroids.copy()
    change(voices)
    after = everything(voices)
    assert after != before
    assert voices.history.next_undo() == voices.undo()
    assert everything(voices) == before
    assert voices.identifier().centroids == pytest.approx(centroids, abs=1e-6)
    assert voices.history.next_redo() == voices.redo()
    assert everything(voices) == after
    voices.undo()
    assert everything(voices) == before


def test_many_changes_in_order_and_no_redo_after_another_change(voices):
    states = [everything(voices)]
    for change in (remove_sample, rename):
        change(voices)
        states.append(everything(voices))
    voices.remove("Grace")
    assert [voices.undo().kind for _ in range(3)] == ["remove", "rename", "remove-sample"]
    assert everything(voices) == states[0]
    assert [voices.redo().kind for _ in range(2)] == ["remove-sample", "rename"]
    assert everything(voices) == states[2]
    voices.rename("Bert", "Berta")
    with pytest.raises(EnrollmentError, match="nothing to make again"):
        voices.redo()


def test_enrolled_files_are_one_change(earmark, tmp_path):
    voices = earmark.voices
    voices.enroll_files("Anna", write_takes(tmp_path, ANNA, 3))
    assert voices.get("Anna").takes == 3
    change = voices.undo()
    assert (change.kind, change.voice) == ("enroll", "Anna")
    assert voices.list() == []
    voices.redo()
    assert (voices.get("Anna").takes, voices.get("Anna").state) == (3, "enrolled")


def test_what_was_changed_again_since_is_not_undone(voices, earmark):
    move(voices)
    earmark.store.voices.remove(voices.get("Bert").id)  # behind the back of the history
    with pytest.raises(EnrollmentError, match="changed again since"):
        voices.undo()
    assert [voice.name for voice in voices.list()] == ["Anna"]


def reopened(earmark):
    earmark.close()
    again = Earmark(earmark.workspace)
    again.__dict__["models"] = models()
    return again


@pytest.mark.parametrize("change", [rename, remove_sample, move, add_take])
def test_the_next_program_undoes_from_the_journal(voices, earmark, change):
    before = everything(voices)
    change(voices)
    with reopened(earmark) as again:
        assert again.voices.undo().kind
        assert everything(again.voices) == before


@pytest.mark.parametrize("change", [remove, remove_take, remove_last_sample_of_a_take])
def test_what_was_removed_for_good_is_in_no_journal(voices, earmark, change):
    remove_sample(voices)  # of the second take, for whose sake nothing of the first may stay
    samples = voices.samples(voices.get("Anna").id)
    gone = [sample.embedding.vector for sample in (samples if change is remove else samples[:1])]
    change(voices)
    with reopened(earmark) as again:
        assert traces(again.workspace, gone) == []
        with pytest.raises(EnrollmentError, match="nothing to undo"):
            for _ in range(9):
                assert again.voices.undo().voice != "Anna"


def test_what_is_made_again_leaves_as_little_as_it_did_the_first_time(voices, earmark):
    """A removal that is taken back and made again, with the removal of a sample before it."""
    gone = [sample.embedding.vector for sample in voices.samples(voices.get("Anna").id)]
    remove_sample(voices)
    remove(voices)
    for _ in range(2):
        voices.undo()
    for _ in range(2):
        voices.redo()
    with reopened(earmark) as again:
        assert traces(again.workspace, ["Anna", *gone]) == []


def test_a_sample_that_was_removed_is_gone_when_it_leaves_the_journal(voices, earmark, monkeypatch):
    from engine.store import changes

    monkeypatch.setattr(changes, "JOURNAL", 2)
    gone = voices.samples(voices.get("Anna").id)[-1].embedding.vector
    remove_sample(voices)
    assert traces(earmark.workspace, [gone])  # it can be taken back
    for number in range(2):
        voices.rename(voices.list()[-1].name, f"Bert {number}")
    assert traces(earmark.workspace, [gone]) == []
    assert voices.get("Anna").takes == 2


def test_forgetting_everything_forgets_what_could_be_undone(voices, earmark):
    voices.remove("Anna")
    earmark.forget_everything()
    with pytest.raises(EnrollmentError, match="nothing to undo"):
        voices.undo()


def test_history_and_journal_are_bounded(voices, earmark, monkeypatch):
    from engine.store import changes
    from engine.voices import undo

    monkeypatch.setattr(undo, "CHANGES", 3)
    monkeypatch.setattr(changes, "JOURNAL", 3)
    for number in range(6):
        voices.rename(voices.list()[0].name, f"A{number}")
    for number in (4, 3, 2):
        voices.undo()
        assert voices.list()[0].name == f"A{number}"
    with pytest.raises(EnrollmentError, match="nothing to undo"):
        voices.undo()


def test_sealed_voices_too(voices, earmark):
    earmark.privacy.encrypt("a long passphrase of ours")
    before = everything(voices)
    for change in (move, remove_sample, remove):
        change(voices)
    for _ in range(3):
        voices.undo()
    assert everything(voices) == before
    move(voices)
    earmark.privacy.decrypt()
    with pytest.raises(EnrollmentError):
        voices.undo()
