"""Tags of a library, and saved searches."""

from __future__ import annotations

import numpy as np
import pytest

from engine.describing.lists import TagList
from engine.describing.zero_shot import LabelMatcher
from engine.errors import Cancelled, LibraryError, UsageError
from engine.records import Term, UnfinishedScan
from engine.tasks import Ticket

LIST = TagList("Pitch", ("Low", "High: shrill"), ("low", "high"))


@pytest.fixture
def tagged(world):
    world.tone("a.wav", 100)
    world.tone("b.wav", 1990)
    world.scan(added=2)
    world.library.tagging.tag(LIST, least=0.9)
    return world


def counts(world):
    (info,) = world.library.tagging.lists()
    return {one.label: one.sounds for one in info.counts}


def test_sounds_get_the_labels_that_are_probable_and_are_found_by_them(tagged):
    assert counts(tagged) == {"Low": 1, "High: shrill": 1}
    assert tagged.top("high", tags=["LOW"]) == ["a.wav"]
    assert tagged.top("low", tags=["pitch:high"]) == ["b.wav"]
    assert tagged.top("low", tags=["pitch:high: shrill"]) == ["b.wav"]
    assert tagged.top("low", tags=["low", "high"]) == []
    match = tagged.library.search("low").matches[0]
    assert [(one.list_name, one.name) for one in match.labels] == [("Pitch", "Low")]
    assert 0.9 <= match.labels[0].probability <= 1


def test_a_list_of_sounds_is_narrowed_by_tags(tagged):
    library = tagged.library
    assert [one.path.name for one in library.sounds(tags=["pitch:low"])] == ["a.wav"]
    assert [one.path.name for one in library.sounds(tags=["high"])] == ["b.wav"]
    assert library.sounds(tags=["low", "high"]) == [] and library.sounds(under=tagged.folder / "none", tags=["low"]) == []
    assert (library.count(), library.count(tags=["low"]), library.count(tags=["low", "high"])) == (2, 1, 0)
    with pytest.raises(LibraryError, match="No list has the tag “loud”"):
        library.sounds(tags=["loud"])
    a, b = library.sounds()
    assert {key: [one.name for one in labels] for key, labels in library.labels([a.id, b.id]).items()} == {
        a.id: ["Low"], b.id: ["High: shrill"]}


def test_a_tag_may_name_very_many_labels(tagged):
    many = tuple(f"Pitch: {number}" for number in range(1_500))
    tagged.library.tagging.tag(TagList("many", many, ("low",) * len(many)), least=0.0, top=1)
    assert [one.path.name for one in tagged.library.sounds(tags=["many:pitch"])] == ["a.wav", "b.wav"]
    assert sorted(tagged.top("low", tags=["many:pitch"])) == ["a.wav", "b.wav"]


def test_a_list_whose_name_holds_a_colon_names_its_tags(tagged):
    tagged.library.tagging.tag(LIST, "my: list", least=0.9)
    assert tagged.top("low", tags=["my: list:low"]) == ["a.wav"]


def test_a_label_is_found_however_its_accents_are_written(tagged):
    tagged.library.tagging.tag(TagList("Caf\u00e9", ("R\u00e9cit", "High"), ("low", "high")), least=0.9)
    for tag in ("r\u00e9cit", "re\u0301cit", "cafe\u0301:re\u0301cit"):
        assert tagged.top("low", tags=[tag]) == ["a.wav"]


def test_a_list_is_called_as_its_file_as_far_as_that_can_be_read(tagged):
    for file, name in (("my\nlist.txt", "my list.txt"), ("\udcff\udcfe.txt", ".txt"), ("n" * 240 + ".txt", "n" * 200)):
        assert tagged.library.tagging.tag(TagList(file, ("Low",), ("low",))).name == name


def test_a_label_that_is_no_tag_is_refused(tagged):
    with pytest.raises(UsageError, match="has 201 characters"):
        tagged.library.tagging.tag(TagList("Pitch", ("low", "x" * 201), ("low", "x")))
    assert counts(tagged) == {"Low": 1, "High: shrill": 1}


def test_the_spans_of_a_sound_come_with_their_vectors(tagged):
    spans, vectors = tagged.library.spans(tagged.library.sounds()[0].id)
    assert len(spans) == len(vectors) > 0 and vectors.shape[1] == 2
    assert tagged.library.spans(999)[0] == () and len(tagged.library.spans(999)[1]) == 0


def test_tags_do_not_depend_on_how_much_is_compared_at_once(tagged, monkeypatch):
    tagged.tone("long.wav", 1990, seconds=40)
    tagged.scan(added=1, unchanged=2)
    whole = tagged.library.labels([one.id for one in tagged.library.sounds()])
    seen = []
    compare = LabelMatcher.similarities
    monkeypatch.setattr("engine.library.tagging.AT_ONCE", 1)
    monkeypatch.setattr(LabelMatcher, "similarities", lambda self, rows: (seen.append(len(rows)), compare(self, rows))[1])
    tagged.library.tagging.tag(LIST, least=0.9)
    assert seen == [1, 1, 40]
    assert tagged.library.labels([one.id for one in tagged.library.sounds()]) == whole


def test_a_scan_tags_what_is_new_and_removing_takes_tags_along(tagged):
    tagged.tone("c.wav", 120)
    tagged.scan(added=1, unchanged=2)
    assert counts(tagged) == {"Low": 2, "High: shrill": 1}
    (tagged.folder / "b.wav").unlink()
    tagged.library.scan()
    assert counts(tagged) == {"Low": 2}
    tagged.library.remove(tagged.folder)
    assert tagged.library.tagging.lists()[0].sounds == 0


def test_a_scan_tags_the_sounds_that_changed_and_no_others_as_if_it_tagged_all(tagged, monkeypatch):
    seen = []
    compare = LabelMatcher.similarities
    monkeypatch.setattr(LabelMatcher, "similarities", lambda self, rows: (seen.append(len(rows)), compare(self, rows))[1])
    tagged.tone("c.wav", 120, seconds=3)
    tagged.tone("a.wav", 1980, seconds=2)  # low before
    (tagged.folder / "b.wav").rename(tagged.folder / "d.wav")
    tagged.library.scan()
    assert seen and sum(seen) <= 6  # a second each; what was moved may be looked at again
    found = tagged.library.labels([one.id for one in tagged.library.sounds()])
    tagged.library.tagging.tag(LIST, least=0.9)
    assert tagged.library.labels([one.id for one in tagged.library.sounds()]) == found
    assert counts(tagged) == {"Low": 1, "High: shrill": 2}


def test_nothing_is_tagged_where_nothing_changed(tagged, monkeypatch):
    monkeypatch.setattr(LabelMatcher, "similarities", None)
    tagged.library.scan()
    tagged.library.add(tagged.folder)  # is there already
    assert tagged.library.tagging.refresh() == 0


def test_a_scan_that_is_stopped_while_it_tags_is_not_at_its_end(tagged, monkeypatch):
    monkeypatch.setattr("engine.library.tagging.AT_ONCE", 1)
    tagged.tone("c.wav", 120)

    def stop(progress):
        if progress.note == LIST.name:
            ticket.cancel()

    ticket = Ticket(stop)
    with pytest.raises(Cancelled):
        tagged.library.scan(ticket)
    assert counts(tagged) == {"Low": 1, "High: shrill": 1}
    assert tagged.library.unfinished() == UnfinishedScan(1, 1)  # so whoever starts next goes on with it
    tagged.library.scan()
    assert counts(tagged) == {"Low": 2, "High: shrill": 1} and tagged.library.unfinished() is None


def test_tags_are_made_anew_for_another_encoder(tagged, other_encoder):
    tagged.encoder = other_encoder
    other_encoder.embed_texts = lambda texts: np.array([[0, 1] if text == "low" else [1, 0] for text in texts], np.float32)
    tagged.library.scan()
    assert tagged.top("high", tags=["low"]) == ["b.wav"]


def test_where_nothing_changed_nothing_is_made_again(tagged):
    assert tagged.library.tagging.refresh() == 0
    tagged.reopen()
    assert tagged.library.tagging.refresh() == 0


def test_lists_are_replaced_and_removed_by_name(tagged):
    again = tagged.library.tagging.tag(TagList("x", ("Other",), ("low",)), name=" PITCH ", least=0.0, top=1)
    assert (again.name, again.labels, again.sounds) == ("PITCH", 1, 2)
    tagged.library.tagging.remove("pitch")
    assert tagged.library.tagging.lists() == []
    with pytest.raises(LibraryError):
        tagged.library.tagging.remove("pitch")
    with pytest.raises(LibraryError, match="library tag"):
        tagged.library.search("low", tags=["Low"])


@pytest.mark.parametrize("options", [{"top": 0}, {"least": 1.5}, {"least": float("nan")}, {"name": "\x00"}])
def test_settings_without_sense_change_nothing(tagged, options):
    before = counts(tagged)
    with pytest.raises(UsageError):
        tagged.library.tagging.tag(LIST, **options)
    assert counts(tagged) == before


def test_a_saved_search_is_the_same_search(tagged):
    a = next(one for one in tagged.library.sounds() if one.path.name == "a.wav")
    queries = tagged.library.queries
    queries.save(" Deep  one ", "low", terms=[Term(like=a.id, weight=0.5), Term("high", weight=-2)], tags=["Low"],
                 under=tagged.folder)
    tagged.reopen()
    query = tagged.library.queries.open("DEEP ONE")
    assert (query.name, query.tags, query.under) == ("Deep one", ("Low",), tagged.folder)
    assert query.terms == (Term("low"), Term(like=a.path, weight=0.5), Term("high", weight=-2))
    assert tagged.top(terms=query.terms, tags=query.tags, under=query.under) == ["a.wav"]


def test_a_saved_search_whose_sound_is_gone_says_so(tagged):
    example = tagged.tone("../example.wav", 300)
    tagged.library.queries.save("x", like=example)
    example.unlink()
    with pytest.raises(LibraryError, match=r"example\.wav"):
        tagged.library.queries.open("x")
    assert [one.name for one in tagged.library.queries.list()] == ["x"]
    a = next(one for one in tagged.library.sounds() if one.path.name == "a.wav")
    tagged.library.queries.save("x", like=a.path)
    a.path.unlink()  # its vectors are still there
    assert tagged.library.queries.open("x").terms == (Term(like=a.id),)


def test_saved_searches_are_renamed_removed_and_forgotten(tagged):
    queries = tagged.library.queries
    queries.save("x", "low")
    queries.save("y", "high")
    with pytest.raises(LibraryError):
        queries.rename("x", "Y")
    queries.rename("x", "X")
    queries.rename("X", "z")
    assert [one.name for one in queries.list()] == ["y", "z"]
    queries.remove("Z")
    with pytest.raises(LibraryError):
        queries.open("z")
    with pytest.raises(UsageError):
        queries.save("  ", "low")
    tagged.store.forget_everything()
    assert (queries.list(), tagged.library.tagging.lists()) == ([], [])


def test_a_damaged_saved_search_is_a_sentence(tagged):
    tagged.library.queries.save("x", "low")
    with tagged.store.writing() as connection:
        connection.exec_driver_sql("UPDATE saved_query SET query = '{\"terms\": 3}'")
    with pytest.raises(LibraryError, match="damaged"):
        tagged.library.queries.open("x")


@pytest.mark.parametrize("text", ["🐶", "дождь", "dog\x00\x07bark", "dog\ud800", "dog " * 10_000],
                         ids=["emoji", "russian", "control", "surrogate", "long"])
def test_odd_texts_are_searched_with_the_true_encoder(text):
    from engine.library.terms import asked
    from tests.true_models import models

    (term,) = asked(text)
    vector = models().joint().embed_texts([term.text])[0]
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("samples", [320, 16_000], ids=["20 ms", "silence"])
def test_odd_examples_are_searched_with_the_true_encoder(tmp_path, samples):
    from engine.audio import files
    from engine.library.terms import vector
    from engine.records import Audio
    from tests.true_models import models

    wave = np.zeros(samples, np.float32)
    if samples == 320:
        wave[::20] = 0.5
    files.write(tmp_path / "odd.wav", Audio(wave, 16_000))
    found = vector(Term(like=tmp_path / "odd.wav"), models().joint(), files)
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-4)
