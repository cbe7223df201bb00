"""The index of spans against the plainest search there is, through many changes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from engine.errors import ShapeError
from engine.index import Changes, ExactIndex, spans, unit, unit_mean
from engine.records import Span

DIM = 16


@dataclass
class Plain:
    """Sounds with their folder and spans in a dictionary, and an index that is told of every change."""

    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(5))
    sounds: dict[int, tuple[int, list[int], list[Span]]] = field(default_factory=dict)  # folder, rows, spans
    matrix: np.ndarray = field(default_factory=lambda: np.zeros((0, DIM), np.float32))
    index: ExactIndex = field(default_factory=lambda: ExactIndex.empty(DIM))
    version: int = 0

    def change(self, *ids: int, gone: tuple[int, ...] = (), lost: tuple[int, ...] = ()) -> None:
        """ids: sounds that are new or get other spans."""
        for one in gone:
            del self.sounds[one]
        for one in ids:
            count = int(self.rng.integers(1, 5))
            rows = list(range(len(self.matrix), len(self.matrix) + count))
            self.matrix = np.concatenate([self.matrix, unit(self.rng.normal(size=(count, DIM)).astype(np.float32))])
            self.sounds[one] = (one % 3, rows, [Span(5.0 * n, 5.0 * n + 10) for n in range(count)])
        self.version += 1
        told = sorted({*ids, *gone, *lost})
        there = [one for one in told if one in self.sounds and one not in lost]
        table = [(one, self.sounds[one][0], row, span.start_s, span.end_s) for one in there
                 for row, span in zip(*self.sounds[one][1:], strict=True)]
        columns = np.array(table, np.float64).reshape(-1, 5)
        whole = [columns[:, at].astype(np.int64) for at in range(3)]
        self.index = self.index.applied(self.version, self.matrix, Changes(
            np.array(told, np.int64), *whole, columns[:, 3], columns[:, 4], np.array(sorted(lost), np.int64)))
        for one in lost:
            del self.sounds[one]

    def nearest(self, query: np.ndarray, allowed=lambda one: True) -> list[tuple[int, Span]]:
        found = []
        for one in sorted(self.sounds):
            _, rows, places = self.sounds[one]
            cosines = [float(self.matrix[row] @ query) for row in rows]
            if allowed(one):
                found.append((-max(cosines), one, places[int(np.argmax(cosines))]))
        return [(one, place) for _, one, place in sorted(found, key=lambda entry: entry[:2])]


@pytest.fixture
def changed() -> Plain:
    """Sounds that came, changed and went, in an order of their own."""
    made = Plain()
    made.change(*range(1, 41))
    made.change(7, 50, 51)
    made.change(gone=(3, 4, 50))
    made.change(52, 2, gone=(1,))
    made.change(51)
    return made


def asked(seed: int, count: int = 1) -> np.ndarray:
    return unit(np.random.default_rng([9, seed]).normal(size=(count, DIM)).astype(np.float32))


def test_after_any_changes_it_finds_what_is_there(changed):
    query = asked(1)
    hits = changed.index.search(query, 100)
    expected = changed.nearest(query[0])
    assert [(one, Span(a, b)) for one, a, b in zip(hits.ids.tolist(), hits.start_s, hits.end_s, strict=True)] == expected
    assert hits.compared == len(changed.index) == len(changed.sounds)
    assert changed.index.sound_ids.tolist() == sorted(changed.sounds)
    assert changed.index.version == changed.version
    page = changed.index.search(query, 5, offset=3)
    assert page.ids.tolist() == [one for one, _ in expected[3:8]]


def test_what_is_allowed_alone_is_compared(changed):
    query = asked(2)
    among = np.array([2, 5, 6, 7, 8, 11, 52, 3])
    allowed = changed.index.only(folder_id=2, among=[among], without=[8])
    hits = changed.index.search(query, 100, allowed=allowed)
    assert hits.ids.tolist() == [one for one, _ in changed.nearest(query[0], lambda one: one in (2, 5, 11))]
    assert hits.compared == 3


def test_an_older_index_shows_what_it_showed(changed):
    before, query = changed.index, asked(3)
    expected = changed.nearest(query[0])
    changed.change(60, 61)
    first = changed.index
    first_expected = changed.nearest(query[0])
    changed.index = before  # two changes of the same index: neither sees the other
    changed.change(5, 62, gone=(60, 61, 9))
    for index, wanted in ((before, expected), (first, first_expected), (changed.index, changed.nearest(query[0]))):
        assert index.search(query, 100).ids.tolist() == [one for one, _ in wanted]


def test_a_change_shares_the_columns_of_what_was_there(changed):
    before = changed.index
    changed.change(60)  # makes room, as a rule
    behind = changed.index
    changed.change(61)
    assert np.shares_memory(behind._rows, changed.index._rows)
    assert not np.shares_memory(before._alive, changed.index._alive)


def test_what_is_gone_is_left_out_for_good_when_it_is_much(changed, monkeypatch):
    monkeypatch.setattr(spans, "LEAST_GONE", 5)
    for number in range(12):
        changed.change(2, 7, 100 + number)
        assert changed.index.search(asked(4), 100).ids.tolist() == [one for one, _ in changed.nearest(asked(4)[0])]
    kept = len(changed.index._rows)
    assert kept < sum(len(rows) for _, rows, _ in changed.sounds.values()) * 1.6


def test_a_matrix_that_ends_sooner_keeps_nothing_from_being_found(changed):
    changed.change(90)
    changed.change(91)
    changed.sounds.pop(91)
    changed.matrix = changed.matrix[:changed.sounds[90][1][-1] + 1]
    changed.version += 1
    none = np.zeros(0, np.int64)
    changed.index = changed.index.applied(changed.version, changed.matrix, Changes(
        np.array([91]), none, none, none, np.zeros(0), np.zeros(0)))
    assert changed.index.search(asked(4), 100).ids.tolist() == [one for one, _ in changed.nearest(asked(4)[0])]


def test_what_is_lost_is_counted_until_it_changes(changed):
    changed.change(lost=(5, 6))
    assert (changed.index.damaged, 5 in changed.index.sound_ids) == (2, False)
    changed.change(5)
    assert (changed.index.damaged, 5 in changed.index.sound_ids) == (1, True)
    changed.sounds[6] = (0, [], [])
    changed.change(gone=(6,))
    assert changed.index.damaged == 0


def test_the_vectors_and_spans_of_a_sound(changed):
    _, rows, places = changed.sounds[7]
    assert (changed.index.vectors(7) == changed.matrix[rows]).all()
    assert changed.index.spans(7) == tuple(places)
    assert (changed.index.vectors(3).shape, changed.index.spans(3)) == ((0, DIM), ())


def test_what_is_usual_is_that_of_all_spans_or_of_those_allowed(changed):
    queries = asked(5, 3)
    every = np.concatenate([changed.matrix[rows] for _, rows, _ in changed.sounds.values()]) @ queries.T
    mean, deviation = changed.index.moments(queries)
    assert (mean, deviation) == (pytest.approx(every.mean(axis=0), abs=1e-6), pytest.approx(every.std(axis=0), abs=1e-6))
    some = changed.matrix[changed.sounds[7][1]] @ queries.T
    mean, deviation = changed.index.moments(queries, changed.index.only(among=[np.array([7])]))
    assert (mean, deviation) == (pytest.approx(some.mean(axis=0), abs=1e-6), pytest.approx(some.std(axis=0), abs=1e-6))


def test_several_queries_are_put_together_as_one_is_told(changed):
    queries = asked(6, 2)
    hits = changed.index.search(queries, 100, combine=lambda each, starts, usual: each[1] - each[0])
    difference = queries[1] - queries[0]
    assert hits.ids.tolist() == [one for one, _ in changed.nearest(difference)]


def test_portions_hold_every_sound_whole_and_not_much_at_once(changed):
    seen = {}
    for portion in changed.index.portions(7):
        assert len(portion.vectors) <= 7
        for one, vectors in zip(portion.ids.tolist(), np.split(portion.vectors, portion.starts[1:]), strict=True):
            seen[one] = vectors
    assert sorted(seen) == sorted(changed.sounds)
    assert all((seen[one] == changed.matrix[rows]).all() for one, (_, rows, _) in changed.sounds.items())
    assert [one for part in changed.index.portions(7, np.array([2, 3, 7])) for one in part.ids.tolist()] == [7, 2]


def test_every_sound_as_one_vector(changed):
    ids, means = changed.index.means()
    assert ids.tolist() == sorted(changed.sounds)
    expected = [unit_mean(changed.matrix[changed.sounds[one][1]]) for one in ids.tolist()]
    assert means == pytest.approx(np.array(expected), abs=1e-6)


def test_the_same_question_reads_the_matrix_once(changed):
    query = asked(7)
    first = changed.index._compared(query)
    assert changed.index._compared(query.copy()) is first
    assert changed.index._compared(asked(8)) is not first
    changed.change(70)
    assert changed.index._compared(query).shape[1] > first.shape[1]


def test_an_empty_one_finds_nothing():
    empty = ExactIndex.empty(DIM)
    assert (len(empty), empty.damaged, empty.sound_ids.tolist()) == (0, 0, [])
    assert empty.search(asked(1), 5).ids.tolist() == []
    assert [part.tolist() for part in empty.moments(asked(1, 2))] == [[0, 0], [0, 0]]
    assert (empty.means()[1].shape, list(empty.portions(5))) == ((0, DIM), [])


@pytest.mark.parametrize("query", [np.zeros((1, 3)), np.zeros(DIM), np.full((1, DIM), np.nan)])
def test_a_query_that_does_not_fit_is_refused(changed, query):
    with pytest.raises(ShapeError):
        changed.index.search(query.astype(np.float32), 1)
