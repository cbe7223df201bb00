"""Finding sounds by words and by example."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from engine.errors import DecodeError, LibraryError, UsageError
from engine.records import Term
from tests.engine.library.conftest import RATE_HZ


@pytest.fixture
def filled(world):
    world.tone("low/a.wav", 200)
    world.tone("low/b.wav", 300)
    world.tone("high/c.wav", 1900)
    low, high = (0.5 * np.sin(2 * np.pi * hz * np.arange(3 * RATE_HZ) / RATE_HZ + 0.1) for hz in (150, 1950))
    with (world.folder / "both.wav").open("wb") as file:
        soundfile.write(file, np.concatenate([low, high]), RATE_HZ, format="WAV")
    world.scan(added=4)
    return world


def test_words_find_the_nearest_first_with_the_best_span(filled):
    result = filled.library.search("high", k=2)
    assert [match.sound.path.name for match in result.matches] == ["both.wav", "c.wav"]
    assert result.matches[0].span.start_s >= 3.0
    assert result.matches[0].similarity > result.matches[1].similarity > 0.9
    assert (result.query, result.sounds) == ("high", 4)
    assert filled.library.search("low", k=1).matches[0].span.end_s <= 3.0


def test_pages_follow_each_other(filled):
    whole = filled.top("low", k=4)
    assert filled.top("low", k=2) + filled.top("low", k=2, offset=2) == whole
    assert filled.top("low", k=2, offset=4) == []


def test_the_same_question_gets_the_same_answer(filled):
    first = filled.library.search("low")
    filled.reopen()
    assert [(m.sound.id, m.similarity) for m in filled.library.search("low").matches] == [
        (m.sound.id, m.similarity) for m in first.matches]


def test_a_sound_of_the_library_finds_its_like_but_not_itself(filled):
    a = next(sound for sound in filled.library.sounds() if sound.path.name == "a.wav")
    result = filled.library.search(like=a.id)
    assert [match.sound.path.name for match in result.matches][:2] == ["both.wav", "b.wav"]
    assert a.id not in [match.sound.id for match in result.matches]
    assert (result.query, result.sounds) == ("a.wav", 3)


def test_a_file_finds_its_like(filled):
    example = filled.tone("../example.wav", 1850)
    result = filled.library.search(like=example)
    assert result.matches[0].sound.path.name in ("c.wav", "both.wav")
    assert result.query == "example.wav"


def test_words_and_a_sound_together_find_what_is_near_to_both(filled):
    c = next(sound for sound in filled.library.sounds() if sound.path.name == "c.wav")
    both = filled.library.search("low", like=c.id)
    assert both.query == "low + c.wav"
    assert len(both.matches) == 3


def test_what_a_sound_holds_anywhere_leaves_all_of_it_out(filled):
    assert filled.top("high", k=2) == ["both.wav", "c.wav"]
    assert filled.top("high", k=1, terms=[Term("low", weight=-1.0)]) == ["c.wav"]


def test_a_folder_filters_inside_the_search(filled, tmp_path):
    filled.tone("../more/d.wav", 400)
    other = filled.library.add(tmp_path / "more")
    filled.scan(added=1, unchanged=4)
    result = filled.library.search("high", folder_id=other.id)
    assert [match.sound.path.name for match in result.matches] == ["d.wav"]
    assert result.sounds == 1
    assert len(filled.library.sounds(other.id)) == 1


def test_a_sub_folder_filters_inside_the_search(filled, tmp_path):
    filled.tone("lower/e.wav", 210)
    filled.tone("../more/low/d.wav", 220)
    more = filled.library.add(tmp_path / "more")
    filled.scan(added=2, unchanged=4)
    low = filled.folder / "low"
    result = filled.library.search("high", k=1, under=low)  # the worst of all, and still found
    assert ([match.sound.path.name for match in result.matches], result.sounds) == (["b.wav"], 2)
    assert filled.top("high", k=1, offset=1, under=low) == ["a.wav"]
    assert filled.top("high", k=1, offset=2, under=low) == []
    a, b = filled.library.sounds(under=low)
    assert (a.path.name, b.path.name) == ("a.wav", "b.wav")
    assert filled.top(like=a.id, under=low) == ["b.wav"]
    assert filled.top("low", folder_id=more.id, under=low) == []
    assert filled.top("low", folder_id=more.id, under=more.path / "low") == ["d.wav"]
    assert filled.library.search("low", under=filled.root / "nothing").sounds == 0


def test_nothing_asked_is_wrong_usage(filled):
    with pytest.raises(UsageError):
        filled.library.search("  ")


def test_an_empty_library_has_no_answer_and_loads_no_encoder(world):
    def loaded():
        raise AssertionError("the encoder was loaded")

    world.library._joint = loaded
    result = world.library.search("a dog barking")
    assert (result.matches, result.sounds) == ((), 0)


def test_examples_that_are_not_there_are_said(filled):
    with pytest.raises(LibraryError):
        filled.library.search(like=999)
    with pytest.raises(LibraryError):
        filled.library.sound(999)
    with pytest.raises(DecodeError):
        filled.library.search(like=filled.folder / "nothing.wav")


def test_results_follow_every_change_of_the_library(filled):
    assert filled.library.search("low").sounds == 4
    (filled.folder / "low" / "a.wav").unlink()
    filled.library.scan()
    assert "a.wav" not in filled.top("low")
    filled.library.remove(filled.folder)
    assert filled.library.search("low").sounds == 0


def test_another_window_on_the_workspace_sees_what_was_indexed(filled):
    from engine.library import Library
    from engine.store import Store

    with Store(filled.store.folder) as second:
        reader = Library(second, lambda: filled.encoder, lambda: filled.encoder.spec)
        assert reader.search("low").sounds == 4
        filled.tone("new.wav", 250)
        filled.library.scan()
        assert reader.search("low").sounds == 5


def test_figures_of_the_library(filled):
    stats = filled.library.stats()
    assert (stats.folders, stats.sounds, stats.spans) == (1, 4, 9)
    assert stats.audio_s == pytest.approx(7.5)
    assert stats.vectors_bytes == 9 * 2 * 4
    assert stats.database_bytes > 0
