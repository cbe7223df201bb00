"""Every removal there is, plain and sealed: what it promised to be gone stands nowhere in the workspace, in no coding.

The whole workspace is looked through while it is open and once it is closed: database, its log, the journal of changes, backups,
recordings and their names.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from engine.audio import files
from engine.records import Embedding, Span
from engine.settings import SettingsFile
from engine.store import Store
from engine.store.records import NewTimeline, NewTrack
from engine.voices.service import Voices
from engine.voices.timeline.service import Timelines
from tests.engine.privacy.conftest import NOW, PASSPHRASE, SPEC, contents, sound_of, vectors_of
from tests.traces import Value, traces

ANNA = "Anna Wintergreen"


def voices_of(store: Store) -> Voices:
    def not_loaded():
        raise AssertionError("nothing is to be embedded here")

    return Voices(store, SettingsFile(store.folder / "settings.toml"), not_loaded, lambda: SPEC, not_loaded, not_loaded)


def stored(workspace: Path, query: str) -> list[Value]:
    """What stands in the rows themselves: sealed records are traces, too."""
    with closing(sqlite3.connect(f"{(workspace / 'earmark.db').as_uri()}?mode=ro", uri=True)) as connection:
        return [value for row in connection.execute(query) for value in row if isinstance(value, bytes | str)]


def of_take(workspace: Path, take: int, seed: int, samples: slice = slice(None)) -> list[Value]:
    found: list[Value] = list(vectors_of(seed)[samples])
    if samples == slice(None):
        found += [f"Wintergreen {seed}.wav", files.wav_bytes(sound_of(seed))[44:400]]
        found += stored(workspace, f"SELECT source FROM take WHERE id = {take}")
        found += [Path(name).name for name in map(str, stored(workspace, f"SELECT recording FROM take WHERE id = {take}"))]
    vectors = stored(workspace, f"SELECT vector FROM sample WHERE take_id = {take} ORDER BY id")
    return found + vectors[samples]


def a_voice(voices: Voices, workspace: Path) -> list[Value]:
    gone = [ANNA, *of_take(workspace, 1, 1), *of_take(workspace, 2, 2)]
    voices.remove(ANNA)
    return gone


def a_voice_that_was_renamed(voices: Voices, workspace: Path) -> list[Value]:
    voices.rename(ANNA, "Clara Fernhollow")
    gone = [ANNA, "Clara Fernhollow", *of_take(workspace, 1, 1), *of_take(workspace, 2, 2)]
    voices.remove("Clara Fernhollow")
    return gone


def a_take(voices: Voices, workspace: Path) -> list[Value]:
    gone = of_take(workspace, 1, 1)
    voices.remove_take(1)
    return gone


def a_take_of_which_a_sample_was_removed(voices: Voices, workspace: Path) -> list[Value]:
    gone = of_take(workspace, 1, 1)
    voices.remove_sample(1)
    voices.remove_take(1)
    return gone


def the_last_sample_of_a_take(voices: Voices, workspace: Path) -> list[Value]:
    gone = of_take(workspace, 1, 1)
    assert [voices.remove_sample(sample) for sample in (2, 1, 3)] == [False, False, True]
    return gone


def a_sample_that_was_moved_and_the_voice_that_got_it(voices: Voices, workspace: Path) -> list[Value]:
    gone = of_take(workspace, 1, 1, slice(0, 1))
    voices.move_sample(1, "Bert Oakenshaw")
    gone += of_take(workspace, 4, 1, slice(0, 1))[1:]
    voices.remove("Bert Oakenshaw")
    return gone


def the_last_sample_of_a_take_after_the_others_were_moved(voices: Voices, workspace: Path) -> list[Value]:
    gone = of_take(workspace, 1, 1, slice(2, 3))
    for sample in (1, 2):
        voices.move_sample(sample, "Bert Oakenshaw")
    voices.remove_sample(3)
    return gone


def an_enrollment_that_is_taken_back(voices: Voices, workspace: Path) -> list[Value]:
    from tests.engine.privacy.conftest import add_take

    store = voices._store
    with voices.history.change("add-take", ANNA, (1,)):
        add_take(store, voices.get(ANNA), 7, keep=True)
    gone = of_take(workspace, 4, 7)
    voices.undo()
    return gone


def all_of_it(voices: Voices, workspace: Path) -> list[Value]:
    gone = [ANNA, *of_take(workspace, 1, 1), *of_take(workspace, 2, 2)]
    voices.rename("Bert Oakenshaw", "Bertram")
    voices._store.forget_everything()
    return gone


def timelines_of(voices: Voices) -> Timelines:
    def not_loaded():
        raise AssertionError("nothing is to be embedded here")

    return Timelines(voices._store, voices, not_loaded, lambda: SPEC, not_loaded, not_loaded)


def talk(voices: Voices, voice_id: int | None = None) -> int:
    strangers = tuple((Embedding(one, 1.0), 3.0) for one in vectors_of(8))
    made = voices._store.timelines.add(NewTimeline(
        Path("Wintergreen at home.wav"), "ee" * 32, 9.0, -60.0, NOW, SPEC, (NewTrack(
            voice_id, 1, "unknown", None, -20.0, 0, (Span(0.0, 4.0),), strangers),)))
    assert made.id is not None
    return made.id


def of_strangers(workspace: Path) -> list[Value]:
    return [*vectors_of(8), *stored(workspace, "SELECT vector FROM stranger_sample")]


def a_timeline(voices: Voices, workspace: Path) -> list[Value]:
    number = talk(voices)
    gone = [*of_strangers(workspace), "Wintergreen at home.wav", *stored(workspace, "SELECT path FROM timeline")]
    timelines_of(voices).remove(number)
    return gone


def a_timeline_that_is_made_again(voices: Voices, workspace: Path) -> list[Value]:
    talk(voices)
    gone = stored(workspace, "SELECT vector FROM stranger_sample") if not voices._store.plain else []
    talk(voices)
    return gone


def a_stranger_that_was_named_and_is_removed_as_a_voice(voices: Voices, workspace: Path) -> list[Value]:
    timelines_of(voices).name_stranger(talk(voices), 1, "Dora Appleyard")
    gone = ["Dora Appleyard", *of_strangers(workspace), *stored(workspace, "SELECT vector FROM sample WHERE take_id = 4")]
    voices.remove("Dora Appleyard")
    return gone


def a_naming_that_is_undone(voices: Voices, workspace: Path) -> list[Value]:
    timelines = timelines_of(voices)
    timelines.name_stranger(talk(voices), 1, "Dora Appleyard")
    gone: list[Value] = ["Dora Appleyard"]
    if not voices._store.plain:
        gone += stored(workspace, "SELECT vector FROM sample WHERE take_id = 4")
    timelines.undo_naming()
    return gone


REMOVALS = [a_voice, a_voice_that_was_renamed, a_take, a_take_of_which_a_sample_was_removed, the_last_sample_of_a_take,
            a_sample_that_was_moved_and_the_voice_that_got_it, the_last_sample_of_a_take_after_the_others_were_moved,
            an_enrollment_that_is_taken_back, all_of_it, a_timeline, a_timeline_that_is_made_again,
            a_stranger_that_was_named_and_is_removed_as_a_voice, a_naming_that_is_undone]


@pytest.mark.parametrize("sealed", [False, True], ids=["plain", "sealed"])
@pytest.mark.parametrize("removal", REMOVALS)
def test_what_is_removed_stands_nowhere(workspace: Path, removal: Callable[[Voices, Path], list[Value]], sealed: bool) -> None:
    with Store(workspace) as store:
        if sealed:
            store.encrypting.turn_on(PASSPHRASE)
        (store.backups / "earmark-0002-20250101-000000.db").write_bytes((workspace / "earmark.db").read_bytes())
        gone = removal(voices_of(store), workspace)
        assert traces(workspace, gone) == []
        assert not store.encrypting.state().unclean
        assert store.unfinished() is None
    assert traces(workspace, gone) == []


def test_a_sample_that_is_taken_along_by_undo_comes_back_whole(workspace: Path) -> None:
    """In the session, where a take that went with its last sample is held in memory."""
    with Store(workspace) as store:
        before, voices = contents(store), voices_of(store)
        for sample in (1, 2, 3):
            voices.remove_sample(sample)
        assert traces(workspace, [*vectors_of(1)]) == []
        for _ in range(3):
            voices.undo()
        assert contents(store) == before
