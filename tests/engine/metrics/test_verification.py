"""EER and minDCF: hand-worked trials, invariants, scikit-learn's ROC as the yardstick."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ShapeError, UsageError
from engine.metrics.verification import cllr, eer, error_rates, far_at_frr, min_dcf, normal_deviate, rates_at


def test_separated_trials_have_no_error_and_a_threshold_between_them() -> None:
    rate, threshold = eer([0.8, 0.9], [0.1, 0.4])
    assert rate == 0.0
    assert threshold == pytest.approx(0.6)
    assert min_dcf([0.8, 0.9], [0.1, 0.4]) == 0.0


def test_one_error_of_four_on_each_side() -> None:
    rate, threshold = eer([0.3, 0.7, 0.8, 0.9], [0.1, 0.2, 0.25, 0.75])
    assert rate == pytest.approx(0.25)
    assert threshold == pytest.approx(0.5)


def test_the_crossing_is_interpolated() -> None:
    # 2 genuine, 3 impostors, in order G I G? : scores 1 (I) 2 (G) 3 (I) 4 (I) 5 (G).
    # Between thresholds 3.5 (FAR 1/3, FRR 1/2) and 2.5 (FAR 2/3, FRR 1/2): crosses where FAR = FRR = 1/2, halfway.
    rate, threshold = eer([2, 5], [1, 3, 4])
    assert rate == pytest.approx(0.5)
    assert threshold == pytest.approx(3.0)


def test_reversed_trials_are_all_wrong() -> None:
    assert eer([0.1, 0.2], [0.8, 0.9])[0] == pytest.approx(1.0)


def test_equal_similarities_everywhere_give_one_half() -> None:
    assert eer([0.5, 0.5], [0.5, 0.5, 0.5])[0] == pytest.approx(0.5)


def test_rates_go_from_accept_all_to_reject_all() -> None:
    rng = np.random.default_rng(1)
    thresholds, far, frr = error_rates(rng.normal(1, 1, 50), rng.normal(0, 1, 80))
    assert (far[0], frr[0], far[-1], frr[-1]) == (1, 0, 0, 1)
    assert (np.diff(thresholds) >= 0).all() and (np.diff(far) <= 0).all() and (np.diff(frr) >= 0).all()


def test_against_scikit_learn() -> None:
    from sklearn.metrics import roc_curve

    rng = np.random.default_rng(2)
    for _ in range(50):
        genuine, impostor = rng.normal(1.5, 1, rng.integers(5, 200)), rng.normal(0, 1, rng.integers(5, 300))
        truth = np.r_[np.ones(len(genuine)), np.zeros(len(impostor))]
        far, tpr, _ = roc_curve(truth, np.r_[genuine, impostor], drop_intermediate=False)
        frr = 1 - tpr
        i = int(np.argmax(far >= frr))  # the ROC's points, FAR rising
        a, b = frr[i - 1] - far[i - 1], frr[i] - far[i]
        expected = far[i - 1] + a / (a - b) * (far[i] - far[i - 1])
        assert eer(genuine, impostor)[0] == pytest.approx(expected, abs=1e-12)
        for p, miss, fa in ((0.01, 1, 1), (0.05, 1, 1), (0.5, 10, 1)):
            cost = (miss * p * frr + fa * (1 - p) * far).min() / min(miss * p, fa * (1 - p))
            assert min_dcf(genuine, impostor, p, miss, fa) == pytest.approx(cost, abs=1e-12)


def test_min_dcf_by_hand() -> None:
    # Rejecting all costs 1 (normalised). Threshold above 0.75: FRR 2/4, FAR 0 -> 0.5.
    assert min_dcf([0.3, 0.7, 0.8, 0.9], [0.1, 0.2, 0.25, 0.75]) == pytest.approx(0.5)
    assert min_dcf([0.1], [0.9]) == pytest.approx(1.0)


def test_swapping_signs_and_sides_keeps_the_rate() -> None:
    rng = np.random.default_rng(4)
    genuine, impostor = rng.normal(1, 1, 37), rng.normal(0, 1, 91)
    assert eer(genuine, impostor)[0] == pytest.approx(eer(-impostor, -genuine)[0], abs=1e-12)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ShapeError):
        eer([], [0.1])
    with pytest.raises(ShapeError):
        eer([0.1], [float("nan")])
    with pytest.raises(UsageError):
        min_dcf([0.1], [0.2], p_target=0)


def test_false_accepts_where_one_genuine_in_five_may_be_missed() -> None:
    # Missing at most 20 % of five allows one miss: the threshold lies between 0.3 and 0.5, above which one of four lies.
    far, threshold = far_at_frr([0.3, 0.5, 0.7, 0.8, 0.9], [0.1, 0.2, 0.35, 0.6], 0.2)
    assert far == 0.25
    assert threshold == pytest.approx(0.425)
    assert far_at_frr([0.3, 0.5, 0.7, 0.8, 0.9], [0.1, 0.2, 0.35, 0.6], 0.19)[0] == 0.5
    assert far_at_frr([0.3, 0.5], [0.6], 1.0)[0] == 0.0
    with pytest.raises(UsageError):
        far_at_frr([0.3], [0.6], 1.1)


def test_the_cost_of_ratios_by_hand() -> None:
    assert cllr([0, 0, 0], [0]) == pytest.approx(1.0)  # saying nothing costs one bit
    # ln 3 for a genuine and −ln 3 for a stranger: log2(1 + 1/3) each
    assert cllr([np.log(3)], [-np.log(3)]) == pytest.approx(np.log2(4 / 3))
    assert cllr([100], [-100]) == pytest.approx(0.0, abs=1e-12)
    assert cllr([-100], [-100]) > 70  # sure and wrong


def test_rates_at_a_threshold_count_what_lies_on_it_as_accepted() -> None:
    assert rates_at([0.4, 0.5, 0.6], [0.5, 0.1], 0.5) == (0.5, pytest.approx(1 / 3))


def test_the_normal_deviate_of_known_rates() -> None:
    found = normal_deviate([0.0, 0.022750131948179195, 0.5, 0.8413447460685429])
    assert found[0] == -np.inf
    assert found[1:] == pytest.approx([-2.0, 0.0, 1.0], abs=1e-9)
