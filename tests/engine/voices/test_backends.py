"""Back-ends: by hand where that can be done, and by what they are for where it cannot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import UsageError
from engine.voices.backends import Background, Enrolled, Scale, all_backends, make
from engine.voices.backends.scatter import shrunk, within_of
from engine.voices.backends.two_covariance import ALIKE, SPREAD, TwoCovariance

DIM = 24
NAMES = [b.name for b in all_backends()]


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def world(seed=0, loud=3.0):
    """People who differ along all axes alike, and vary much along the first four: mean, within, between, and a drawer."""
    rng = np.random.default_rng(seed)
    mean = np.zeros(DIM)
    mean[-1] = 6.0
    within = np.diag([loud ** 2] * 4 + [0.2 ** 2] * (DIM - 4))
    between = np.eye(DIM) * 0.5 ** 2

    def people(count, samples):
        centres = mean + rng.normal(size=(count, DIM)) * 0.5
        return unit(centres[:, None] + rng.normal(size=(count, samples, DIM)) * np.sqrt(np.diag(within)))

    strangers = people(120, 1)[:, 0]
    scale = 1 / 36  # vectors are about 6 long before they become unit vectors
    return people, Background(mean / 6, within * scale, between * scale, strangers)


def enrolled_of(samples):
    count, each, dim = samples.shape
    return Enrolled(samples.reshape(-1, dim), np.repeat(np.arange(count), each), count)


@pytest.mark.parametrize("name", NAMES)
def test_every_back_end_knows_people_who_are_far_apart(name):
    people, background = world(loud=0.2)
    samples = people(8, 6)
    found = make(name).fit(enrolled_of(samples[:, :4]), background).similarities(samples[:, 4:].reshape(-1, DIM))
    assert (found.shape, found.dtype) == ((16, 8), np.float32)
    assert (found.argmax(axis=1) == np.repeat(np.arange(8), 2)).all()
    strange = make(name).fit(enrolled_of(samples[:, :4]), background).similarities(people(40, 1)[:, 0]).max(axis=1)
    assert np.median(strange) < np.quantile(found.max(axis=1), 0.1)


@pytest.mark.parametrize("name", NAMES)
def test_one_voice_with_one_sample_can_be_compared(name):
    people, background = world(loud=0.2)
    samples = people(2, 2)
    fitted = make(name).fit(enrolled_of(samples[:1, :1]), background)
    own, other = fitted.similarities(samples[:, 1])[:, 0]
    assert own > other


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_is_as_good_as_one_by_one(name):
    people, background = world()
    samples = people(5, 4)
    fitted = make(name).fit(enrolled_of(samples[:, :3]), background)
    queries = samples[:, 3]
    assert np.concatenate([fitted.similarities(q[None]) for q in queries]) == pytest.approx(
        fitted.similarities(queries), abs=2e-3, rel=1e-4)


@pytest.mark.parametrize("name", ["two-covariance", "lda"])
def test_what_one_person_does_is_told_from_who_it_is(name):
    """Samples vary 6 times as much along four axes as people differ: cosine is misled there, these are not."""
    people, background = world(loud=3.0)
    samples = people(12, 8)
    queries, truth = samples[:, 5:].reshape(-1, DIM), np.repeat(np.arange(12), 3)

    def right(which):
        return (make(which).fit(enrolled_of(samples[:, :5]), background).similarities(queries).argmax(axis=1) == truth).mean()

    assert right(name) > right("cosine") + 0.3
    assert right(name) > 0.8


def test_scatter_within_voices_by_hand():
    """Two samples 0 and 2 around 1 in the first axis, one lone sample: sum of squares 2, one degree of freedom."""
    enrolled = Enrolled(np.array([[0, 0], [2, 0], [5, 5]], np.float32), np.array([0, 0, 1]), 2)
    scatter, freedom = within_of(enrolled, np.array([1.0, 1.0]))
    assert scatter == pytest.approx(np.array([[2.0, 0], [0, 0]]))
    assert freedom == 1


def test_shrinking_keeps_the_trace():
    assert shrunk(np.diag([4.0, 0.0]), 0.5) == pytest.approx(np.diag([3.0, 1.0]))


def test_two_covariances_by_hand_in_one_dimension():
    """Mean 0, B = W = 1 (in one dimension shrinking changes nothing), one sample at 2, query at 2.

    Posterior of the voice: mean 1, variance 1/2; the query is N(1, 3/2) under it and N(0, 2) under a stranger:
    −½(1/1.5 + ln 1.5) + ½(4/2 + ln 2).
    """
    background = Background(np.zeros(1), np.eye(1), np.eye(1), np.ones((3, 1), np.float32))
    fitted = TwoCovariance().fit(Enrolled(np.array([[2.0]], np.float32), np.array([0]), 1), background)
    expected = -0.5 * (1 / 1.5 + np.log(1.5)) + 0.5 * (2 + np.log(2))
    assert fitted.similarities(np.array([[2.0]], np.float32))[0, 0] == pytest.approx(expected, abs=1e-5)


def test_what_voices_have_in_common_by_hand_in_one_dimension():
    """The same with three voices of one sample at 2 each.

    Each sample is N(d, 2), and d N(0, 1) where there is something in common: so it is 2 · 1.5 / 2.5 by the posterior, and the
    three are likelier with it than without by ½(4 · 1.5 · 1.5 / 2.5 − ln 2.5) nats. The voices' posterior means are 1 without it
    and 1.6 with it, their variances 1/2; the query at 2 is N(1 or 1.6, 3/2) under them, and N(0 or 1.2, 2) under a stranger.
    """
    background = Background(np.zeros(1), np.eye(1), np.eye(1), np.ones((3, 1), np.float32))
    fitted = TwoCovariance().fit(Enrolled(np.full((3, 1), 2.0, np.float32), np.arange(3), 3), background)
    evidence = 1 / (1 + np.exp(-0.5 * (3.6 - np.log(2.5))))
    assert (fitted.common[0], fitted.evidence) == pytest.approx((1.2, evidence), abs=1e-6)

    def density(away, variance):
        return np.exp(-away ** 2 / variance / 2) / np.sqrt(variance)

    voice = (1 - evidence / 2) * density(1, 1.5) + evidence / 2 * density(0.4, 1.5)
    stranger = (1 - ALIKE * evidence) * density(2, 2) + ALIKE * evidence * density(0.8, 2)
    assert fitted.similarities(np.array([[2.0]], np.float32))[0] == pytest.approx([np.log(voice / stranger)] * 3, abs=1e-5)


def test_who_is_recorded_like_the_voices_is_no_more_like_them_for_that():
    """Six voices and their strangers in one room, which moves them all alike; the voices themselves are told as before."""
    people, background = world(loud=0.2)
    plain, strange = people(6, 8), people(60, 2).reshape(-1, DIM)
    room = np.zeros(DIM)
    room[4:12] = 0.12
    moved = unit(plain + room)
    fitted = {name: TwoCovariance().fit(enrolled_of(samples[:, :4]), background) for name, samples in
              (("plain", plain), ("moved", moved))}
    assert fitted["plain"].evidence < 0.5 < 0.99 < fitted["moved"].evidence
    without = replace(fitted["moved"], evidence=0.0)
    asked, outside = moved[:, 4:].reshape(-1, DIM).astype(np.float32), unit(strange + room).astype(np.float32)
    own = np.repeat(np.arange(6), 4)
    reached = {name: float(np.quantile(one.similarities(outside).max(axis=1), 0.95)) for name, one in
               (("with", fitted["moved"]), ("without", without))}
    at_home = float(np.quantile(fitted["plain"].similarities(unit(strange).astype(np.float32)).max(axis=1), 0.95))
    assert reached["with"] < reached["without"] - 3
    assert abs(reached["with"] - at_home) < abs(reached["without"] - at_home)
    assert (fitted["moved"].similarities(asked).argmax(axis=1) == own).all()


def test_nothing_counts_along_the_axes_of_channels():
    people, background = world(loud=0.2)
    samples = people(4, 6)
    axis = unit(np.eye(DIM)[5] + np.eye(DIM)[9])
    fitted = TwoCovariance().fit(enrolled_of(samples), replace(background, channel=axis[None].astype(np.float64)))
    asked = samples[:, 0].astype(np.float32)
    moved = fitted.similarities((asked + 0.3 * axis).astype(np.float32)) - fitted.similarities(asked)
    elsewhere = fitted.similarities(asked + 0.3 * np.eye(DIM, dtype=np.float32)[7]) - fitted.similarities(asked)
    assert 10 * np.abs(moved).max() < 1 < np.abs(elsewhere).max()


def test_drawn_strangers_make_one_threshold_do_for_voices_of_all_kinds():
    """Two voices of samples that are alike, and two of samples that are not; what strangers reach differs, and then does not."""
    people, background = world(loud=0.2)
    far = unit(people(4, 6) + np.array([0.0, 0.0, 0.1, 0.1])[:, None, None] * np.random.default_rng(3).normal(size=(4, 6, DIM)))
    narrow, wide, outside = far[:2], far[2:], people(300, 1)[:, 0].astype(np.float32)

    def reached(samples, z_norm):
        fitted = TwoCovariance().fit(enrolled_of(samples), replace(background, z_norm=z_norm))
        return fitted.similarities(outside)

    apart = {z_norm: abs(np.quantile(reached(narrow, z_norm), 0.98) - np.quantile(reached(wide, z_norm), 0.98))
             for z_norm in (False, True)}
    assert apart[True] < apart[False] / 2
    drawn = TwoCovariance().fit(enrolled_of(wide), replace(background, z_norm=True)).similarities(background.strangers)
    assert drawn.mean(axis=0) == pytest.approx(np.zeros(2), abs=1e-3)
    assert drawn.std(axis=0) == pytest.approx([SPREAD] * 2, rel=1e-4)


def test_strangers_on_a_telephone_are_no_nearer_to_voices_who_were_enrolled_over_one():
    """A telephone adds the same to everyone's vector: by strangers of a full band, all who call are alike."""
    people, background = world(loud=0.2)
    line = 0.12 * np.eye(DIM)[6:10].sum(axis=0)
    fitted = TwoCovariance().fit(enrolled_of(unit(people(2, 6) + line)), replace(background, z_norm=True, telephone=line))
    outside = people(300, 1)[:, 0]
    usual, called = outside.astype(np.float32), unit(outside + line)

    def reached(queries, narrow):
        return np.quantile(fitted.similarities(queries, narrow), 0.98)

    assert reached(called, False) > reached(usual, False) + SPREAD / 2
    assert reached(called, True) == pytest.approx(reached(usual, False), abs=SPREAD / 2)
    both = fitted.similarities(np.concatenate([usual[:3], called[:3]]), np.arange(6) > 2)
    assert both[:3] == pytest.approx(fitted.similarities(usual[:3]))
    assert both[3:] == pytest.approx(fitted.similarities(called[:3], True))
    drawn = fitted.similarities(replace(background, telephone=line).called, True)
    assert drawn.mean(axis=0) == pytest.approx(np.zeros(2), abs=1e-3)
    assert drawn.std(axis=0) == pytest.approx([SPREAD] * 2, rel=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_the_band_can_be_told_to_every_back_end(name):
    people, background = world(loud=0.2)
    samples = people(4, 4)
    fitted = make(name).fit(enrolled_of(samples), background)
    asked = samples[:, 0].astype(np.float32)
    assert fitted.similarities(asked, np.array([True, False, True, False])) == pytest.approx(fitted.similarities(asked))


def test_more_samples_make_a_voice_surer_but_not_as_if_they_were_independent():
    people, background = world()
    samples = people(1, 9)
    def constant(correlation, count):
        return TwoCovariance(correlation=correlation).fit(enrolled_of(samples[:, :count]), background).precision.mean()

    assert constant(0.3, 1) < constant(0.3, 8) < constant(0.0, 8)


def test_a_scale_keeps_the_order_and_puts_its_middle_at_one_half():
    scale = Scale(12.0, 16.0)
    shown = scale.apply(np.array([-1e4, 0, 12, 47.2, 1e4]))
    assert shown == pytest.approx([0, 0.321, 0.5, 0.9, 1], abs=1e-3)


def test_a_scale_asks_more_of_long_queries():
    scale = Scale(12.0, 16.0, by_length=10.0)
    middles = [12 + 10 * np.log(s / 5) for s in (1.0, 1.5, 5.0, 8.0)]
    assert scale.apply(np.array(middles), [1.0, 1.5, 5.0, 8.0]) == pytest.approx([0.5] * 4)
    assert scale.apply(np.array([30.0]), 60.0) == scale.apply(np.array([30.0]), 8.0)


def test_a_scale_knows_noise():
    scale = Scale(12.0, 16.0, by_noise=-0.5)
    assert scale.threshold(5.0, [5.0, 25.0, 40.0, 90.0]) == pytest.approx([22, 12, 4.5, 4.5])
    assert scale.threshold() == scale.threshold(5.0, 25.0) == scale.threshold(5.0, None) == 12
    assert scale.apply(np.array([[22.0], [12.0]]), 5.0, np.array([[5.0], [25.0]])) == pytest.approx(0.5)


@pytest.mark.parametrize("name", [b.name for b in all_backends() if b.needs_background])
def test_without_a_background_it_says_so(name):
    with pytest.raises(UsageError, match="background"):
        make(name).fit(Enrolled(np.eye(2, dtype=np.float32), np.arange(2), 2), None)


def test_an_unknown_back_end_names_those_that_there_are():
    with pytest.raises(UsageError, match="two-covariance"):
        make("magic")
