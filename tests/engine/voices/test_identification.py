"""Who is it: hand-worked centroids, the four answers, and what scale does to a dot product."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest

from engine.errors import ShapeError, UsageError
from engine.records import Embedding, Sample, Voice
from engine.settings import CHOICES, Settings
from engine.voices.backends import Scale
from engine.voices.choice import Method, choose
from engine.voices.identification import Identifier, centroid, margin_unit_of
from engine.voices.probability import Calibration

NOW = datetime(2026, 5, 4, tzinfo=UTC)


def unit(*values):
    vector = np.array(values, np.float32)
    return vector / np.linalg.norm(vector)


def voice(number, name):
    return Voice(number, name, number % 12, "enrolled", NOW, 1, 1, 3.0)


def sample(voice_id, *values, norm=1.0):
    return Sample(0, voice_id, voice_id, Embedding(unit(*values), norm), 3.0, 1.0)


def along(similarity):
    """A unit query with this cosine to the first axis and 0 to the second."""
    return Embedding(np.array([similarity, 0, np.sqrt(1 - similarity ** 2)], np.float32))


ANNA, BERT = voice(1, "Anna"), voice(2, "Bert")
TWO = [sample(1, 1, 0, 0), sample(2, 0, 1, 0)]


def test_the_centroid_is_the_unit_mean_of_unit_samples():
    """(1, 0) and (0, 1) meet in the middle; a third (1, 0) pulls it to (2, 1) / √5."""
    assert centroid(np.array([[1, 0], [0, 1]])) == pytest.approx([0.5 ** 0.5, 0.5 ** 0.5])
    assert centroid(np.array([[1, 0], [0, 1], [1, 0]])) == pytest.approx([2 / 5 ** 0.5, 1 / 5 ** 0.5])
    with pytest.raises(ShapeError):
        centroid(np.array([[1.0, 0], [-1, 0]]))  # they cancel each other out


@pytest.mark.parametrize(("similarity", "status", "name"), [
    (0.9, "match", "Anna"), (0.7501, "match", "Anna"), (0.7499, "unknown", None), (-0.2, "unknown", None)])
def test_the_threshold_decides_between_a_name_and_unknown(similarity, status, name):
    found = Identifier([ANNA, BERT], TWO, threshold=0.75, margin=0.05).identify(along(similarity), 3.0)
    assert (found.status, found.voice) == (status, name)
    assert found.nearest == ("Anna" if similarity > 0 else "Bert")
    assert found.similarity == pytest.approx(max(similarity, 0), abs=1e-6)
    assert found.margin == pytest.approx(abs(similarity), abs=1e-6)
    assert [c.voice for c in found.candidates] == (["Anna", "Bert"] if similarity > 0 else ["Bert", "Anna"])


def test_a_runner_up_that_is_close_makes_it_tentative():
    """The query lies at 0.722 and 0.692 of two voices: similar enough, but the lead is 0.03."""
    query = Embedding(unit(0.722, 0.692, 0.0))
    likeness = query.vector[:2]
    identifier = Identifier([ANNA, BERT], TWO, threshold=0.5, margin=0.05)
    found = identifier.identify(query, 3.0)
    assert (found.status, found.voice, found.nearest) == ("tentative", None, "Anna")
    assert found.margin == pytest.approx(float(likeness[0] - likeness[1]), abs=1e-6)
    assert Identifier([ANNA, BERT], TWO, 0.5, 0.02).identify(query, 3.0).status == "match"
    assert Identifier([ANNA, BERT], TWO, 0.75, 0.05).identify(query, 3.0).status == "unknown"


def test_with_one_voice_there_is_no_margin_and_the_threshold_alone_decides():
    alone = Identifier([ANNA], TWO[:1], threshold=0.75, margin=0.9)
    found = alone.identify(along(0.8), 3.0)
    assert (found.status, found.voice, found.margin) == ("match", "Anna", None)
    assert alone.identify(along(0.7), 3.0).status == "unknown"


def test_with_nobody_enrolled_everything_is_unknown():
    found = Identifier([], [], 0.75, 0.05).identify(along(0.99), 3.0)
    assert (found.status, found.voice, found.nearest) == ("unknown", None, None)
    assert (found.similarity, found.margin) == (None, None)
    assert found.candidates == ()


def test_under_a_second_of_speech_nobody_is_named():
    identifier = Identifier([ANNA, BERT], TWO, 0.75, 0.05)
    found = identifier.identify(along(0.99), 0.99)
    assert (found.status, found.voice, found.nearest, found.similarity) == ("too-short", None, None, None)
    assert found.speech_s == 0.99
    assert identifier.identify(along(0.99), 1.0).status == "match"


def test_a_voice_without_samples_is_not_compared():
    identifier = Identifier([ANNA, BERT], TWO[:1], 0.75, 0.05)
    assert [v.name for v in identifier.voices] == ["Anna"]
    assert identifier.identify(along(0.9), 3.0).margin is None


def test_equal_similarities_keep_the_order_of_the_voices():
    identifier = Identifier([BERT, ANNA], [sample(1, 1, 0, 0), sample(2, 1, 0, 0)], 0.5, 0.0)
    assert [c.voice for c in identifier.identify(along(0.9), 2.0).candidates] == ["Bert", "Anna"]


def test_scale_changes_the_winner_of_a_dot_product_but_not_of_a_cosine():
    """Anna's samples are 1 long, Bert's 3; the query (0.8, 0.6) of length 1 points more to Anna.

    Mean squared length: (1 + 9) / 2 = 5. Dot: Anna 0.8 · 1 / 5 = 0.16, Bert 0.6 · 3 / 5 = 0.36.
    """
    voices, samples = [ANNA, BERT], [sample(1, 1, 0, norm=1.0), sample(2, 0, 1, norm=3.0)]
    query = Embedding(unit(0.8, 0.6), 1.0)
    cosine = Identifier(voices, samples, 0.5, 0.05, "cosine")
    assert cosine.similarities(query) == pytest.approx([0.8, 0.6])
    assert cosine.identify(query, 3.0).voice == "Anna"
    dot = Identifier(voices, samples, 0.3, 0.05, "dot")
    assert dot.similarities(query) == pytest.approx([0.16, 0.36])
    assert dot.identify(query, 3.0).voice == "Bert"
    # a query that is twice as long is twice as similar by dot product, and just as similar by cosine
    longer = Embedding(query.vector, 2.0)
    assert cosine.similarities(longer) == pytest.approx([0.8, 0.6])
    assert dot.similarities(longer) == pytest.approx([0.32, 0.72])


def test_a_scattered_voice_gets_less_by_dot_product_than_a_compact_one():
    """Anna's samples are at right angles: their raw mean is 0.71 long, while both centroids are 1."""
    samples = [sample(1, 1, 0, 0), sample(1, 0, 1, 0), sample(2, 0, 0, 1), sample(2, 0, 0, 1)]
    to_anna, to_bert = Embedding(unit(1, 1, 0)), Embedding(unit(0, 0, 1))
    dot = Identifier([ANNA, BERT], samples, 0.5, 0.05, "dot")
    assert dot.similarities(to_anna)[0] == pytest.approx(0.5 ** 0.5)
    assert dot.similarities(to_bert)[1] == pytest.approx(1.0)
    cosine = Identifier([ANNA, BERT], samples, 0.5, 0.05)
    assert cosine.similarities(to_anna)[0] == pytest.approx(cosine.similarities(to_bert)[1]) == pytest.approx(1.0)


def test_another_measure_is_refused():
    with pytest.raises(UsageError, match="cosine or dot"):
        Identifier([], [], 0.75, 0.05, "euclidean")


@pytest.mark.parametrize("vector", [[np.nan, 0, 0], [2, 0, 0], [0, 0, 0]])
def test_a_query_that_is_no_unit_vector_is_refused(vector):
    with pytest.raises(ShapeError):
        Identifier([ANNA], TWO[:1], 0.75, 0.05).identify(Embedding(np.array(vector, np.float32)), 3.0)


def test_a_back_end_without_its_statistics_is_cosine_on_the_same_scale():
    """0.75, the threshold of a cosine, is read as one half."""
    method = choose("two-covariance", None)
    assert method.instead_of
    identifier = Identifier([ANNA, BERT], TWO, threshold=0.5, margin=0.05, method=method)
    found = identifier.identify(along(0.75), 3.0)
    assert found.similarity == pytest.approx(0.5, abs=1e-5)
    assert (found.probability, choose("cosine", None).instead_of) == (None, "")
    assert [identifier.identify(along(c), 3.0).status for c in (0.74, 0.76)] == ["unknown", "match"]


@pytest.mark.parametrize(("snr_db", "status"), [(None, "unknown"), (25.0, "unknown"), (40.0, "match"), (10.0, "unknown")])
def test_what_a_query_has_to_reach_hangs_on_its_noise(snr_db, status):
    method = replace(likely(20.0), scale=Scale(23.0, 20.0, by_noise=-0.5))
    assert Identifier([ANNA], TWO[:1], 0.5, 0.0, method=method).identify(along(1.0), 3.0, snr_db).status == status


def test_the_back_end_is_told_the_band():
    asked = []
    method = likely(20.0)
    method.backend.fit = lambda enrolled, background: SimpleNamespace(
        similarities=lambda queries, narrow: asked.append(narrow) or np.array([[20.0]], np.float32))
    identifier = Identifier([ANNA], TWO[:1], 0.5, 0.0, method=method)
    for narrow in (False, True):
        identifier.identify(along(1.0), 3.0, narrow=narrow)
        identifier.similarities(along(1.0), narrow=narrow)
    assert sorted(set(asked[:2])) == [False] and sorted(set(asked[2:])) == [True]


def likely(*raw: float) -> Method:
    """A back-end that gives these log-likelihoods whatever it is asked, shown on the scale of two covariances."""
    fitted = SimpleNamespace(similarities=lambda queries, narrow=False: np.array([raw], np.float32))
    backend = SimpleNamespace(name="made", title="made", needs_background=False, log_likelihood=True,
                              fit=lambda enrolled, background: fitted)
    return Method(backend, scale=Scale(23.0, 20.0))


@pytest.mark.parametrize("level", [23.0, 100.0, 400.0])
def test_a_likelihood_of_five_to_one_is_the_same_margin_at_every_similarity(level):
    """On the scale 0 to 1 the ends are flat: at 0.98 two voices that were 7,000 : 1 apart were called too alike."""
    nats = Settings().margin_in("nats")
    for ahead, status in ((nats + 0.01, "match"), (nats - 0.01, "tentative")):
        found = Identifier([ANNA, BERT], TWO, 0.5, nats, method=likely(level, level + ahead)).identify(along(1.0), 3.0)
        assert (found.status, found.nearest, found.margin_unit) == (status, "Bert", "nats")
        assert found.margin == pytest.approx(ahead, abs=1e-4)


def test_voices_keep_their_order_where_the_scale_shows_one_for_all():
    found = Identifier([ANNA, BERT], TWO, 0.5, 0.0, method=likely(900.0, 950.0)).identify(along(1.0), 3.0)
    assert found.nearest == "Bert" and [c.similarity for c in found.candidates] == [1.0, 1.0]


def test_a_scale_without_likelihoods_counts_a_lead_as_at_the_threshold():
    """s-norm, for instance: what 0.05 of the scale is at its middle is 0.05 everywhere."""
    made = likely(100.0, 104.0)
    method = replace(made, backend=SimpleNamespace(**{**vars(made.backend), "log_likelihood": False}))
    found = Identifier([ANNA, BERT], TWO, 0.5, 0.05, method=method).identify(along(1.0), 3.0)
    assert (found.margin, found.margin_unit, found.status) == (pytest.approx(4 / 80), "similarity", "match")


def test_which_back_ends_measure_margins_in_nats():
    cohort = SimpleNamespace(background=None, scales={}, calibrations={})
    units = {name: choose(name, cohort).margin_unit for name in CHOICES["backend"]}
    assert units == {"two-covariance": "nats", "lda": "nats", "s-norm": "similarity", "cosine": "similarity",
                     "best": "similarity", "top": "similarity"}
    assert choose("two-covariance", None).margin_unit == "similarity"  # no statistics: cosine stands in
    assert margin_unit_of(choose("two-covariance", cohort), "dot") == "similarity"


def test_a_probability_is_that_of_the_nearest_voice():
    method = Method(choose("cosine", None).backend, calibration=Calibration(20.0, 1.0, 0.0, -14.0))
    identifier = Identifier([ANNA, BERT], TWO, 0.75, 0.05, method=method)
    assert identifier.identify(along(0.7), 1.0).probability == pytest.approx(0.5, abs=1e-5)
    assert identifier.identify(along(0.7), 4.0).probability == pytest.approx(0.8, abs=1e-5)  # odds 4
    assert identifier.identify(along(0.9), 0.9).probability is None
