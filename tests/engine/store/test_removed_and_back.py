"""A voice that was removed and comes back has what timelines said of it again."""

from __future__ import annotations

import pytest

from engine.store import Store
from engine.voices.undo import History
from tests.engine.store.test_timelines import SPEC, named, timeline, track


@pytest.fixture(params=["plain", "sealed"])
def store(request, tmp_path):
    with Store(tmp_path / "workspace") as opened:
        if request.param == "sealed":
            opened.encrypting.turn_on("a long passphrase")
        yield opened


def remove(store, history, voice):
    with history.change("remove", voice.name, (voice.id,), hold=True):
        store.voices.remove(voice.id)


def test_what_it_said_comes_back_with_it_and_goes_when_the_removal_is_made_again(store):
    history = History(store)
    talk = store.timelines.add(timeline(track(stranger=1, spans=((0, 1), (4, 5)), seeds=(1, 2)),
                                        track(stranger=2, spans=((2, 3),))))
    voice, _ = named(store, talk.id, 1)
    other = store.timelines.add(timeline(track(voice.id, spans=((1, 2), (3, 4))), sha="bb"))
    namings, before = store.timelines.namings(), shown(store)

    remove(store, history, voice)
    after = shown(store)
    assert after == {talk.id: [("Stranger 2", [(2, 3)], 0)], other.id: []}
    history.undo()
    assert (store.timelines.namings(), shown(store)) == (namings, before)
    history.redo()
    assert shown(store) == after
    history.undo()
    assert shown(store) == before
    store.timelines.unname(namings[0].id)  # its samples open, so it is a stranger who can be named
    assert store.timelines.stranger(talk.id, 1, SPEC).samples


def test_what_was_heard_meanwhile_stays_and_a_timeline_that_went_stays_away(store):
    """Rows of the timeline that was made meanwhile may have taken the numbers of those that come back."""
    history = History(store)
    gone = store.timelines.add(timeline(track(stranger=1, seeds=(1,))))
    voice, _ = named(store, gone.id, 1)
    kept = store.timelines.add(timeline(track(voice.id, spans=((1, 2),)), sha="bb"))
    remove(store, history, voice)
    store.timelines.remove(gone.id)
    meanwhile = store.timelines.add(timeline(track(stranger=1, spans=((5, 6),), seeds=(3,)), sha="cc"))
    history.undo()
    assert shown(store) == {kept.id: [("Anna", [(1, 2)], 0)], meanwhile.id: [("Stranger 1", [(5, 6)], 1)]}


def shown(store):
    """By timeline: who speaks, when, and how many samples are kept."""
    return {one.id: [(t.label, [(turn.span.start_s, turn.span.end_s) for turn in one.turns if turn.track == at], t.samples)
                     for at, t in enumerate(one.tracks)] for one in store.timelines.list()}
