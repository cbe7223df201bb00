"""Zero-shot: all figures of a small matrix by hand, the best span counts, what cannot be read is named."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine import cli
from engine.audio import files
from engine.encoders.protocols import SoundAnalysis
from engine.errors import Cancelled, EarmarkError, UsageError
from engine.evaluation import zero_shot
from engine.evaluation.zero_shot import measures
from engine.records import Audio, EncoderSpec, Span
from engine.tasks import Ticket
from tests.true_models import share_models


class ByLevel:
    """An encoder of two dimensions: loud blocks point one way, quiet ones the other; so do the two words."""

    spec = EncoderSpec("by level", "1", "0" * 64, "joint", 2, 8_000)

    def embed_texts(self, texts):
        return np.array([[1, 0] if text == "loud" else [0, 1] for text in texts], np.float32)

    def analyse_many(self, sounds):
        return [self._one(blocks) for blocks in sounds]

    def _one(self, blocks):
        try:
            rows = [[1, 0] if np.abs(part).max() > 0.5 else [0, 1]
                    for block in blocks for part in np.array_split(block, 2)]
        except EarmarkError as error:
            return error
        return SoundAnalysis(tuple(Span(n, n + 1) for n in range(len(rows))), np.array(rows, np.float32), (), len(rows))


def steady(path, *levels):
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, Audio(np.repeat(np.array(levels, np.float32), 4_000), 8_000))


def test_three_sounds_and_two_labels_by_hand():
    """Sounds 1 and 3 are a, sound 2 is b. Sound 1 ranks a first; sounds 2 and 3 rank their label second.

    Label a ranks sounds 1 2 3, of which 1 and 3 are right: AP = (1/1 + 2/3) / 2 = 5/6. Label b ranks sound 2 first:
    AP = 1.
    a: TP 1, FP 1, FN 1, F1 = 1/2; b: never right, F1 = 0.
    """
    found = measures(np.array([[0.9, 0.1], [0.8, 0.6], [0.4, 0.5]]), ["a", "b", "a"], ["a", "b"], seed=7)
    assert found["top1"] == pytest.approx(1 / 3)
    assert found["f1_macro"] == pytest.approx(1 / 4)
    assert found["mrr"] == pytest.approx((1 + 1 / 2 + 1 / 2) / 3)
    assert found["median_rank"] == 2
    assert found["map"] == pytest.approx((5 / 6 + 1) / 2)
    assert found["precision_at_10"] == pytest.approx((2 / 10 + 1 / 10) / 2)
    assert found["recall_at_10"] == 1
    assert found["confusion"] == [[1, 1], [1, 0]]
    assert found["ci95"]["top1"] == pytest.approx([0.0615, 0.7923], abs=1e-4)  # Wilson, 1 of 3
    assert set(found["ci95"]) == {"top1", "f1_macro", "mrr", "map", "precision_at_10", "recall_at_10"}
    for low, high in found["ci95"].values():
        assert 0 <= low <= high <= 1


def test_a_perfect_matrix_is_perfect():
    true = ["a", "b", "c", "a", "b", "c"]
    found = measures(np.array([[float(t == name) for name in "abc"] for t in true]), true, ["a", "b", "c"], seed=7)
    assert (found["top1"], found["f1_macro"], found["mrr"], found["map"], found["median_rank"]) == (1, 1, 1, 1, 1)
    assert found["confusion"] == [[2, 0, 0], [0, 2, 0], [0, 0, 2]]


def test_an_interval_holds_its_own_figure_where_many_classes_have_two_sounds_each():
    names = [f"class {number:02d}" for number in range(50)]
    true = [*names, *names]
    found = measures(np.array([[float(t == name) for name in names] for t in true]), true, names, seed=7)
    for name, (low, high) in found["ci95"].items():
        assert low <= found[name] <= high, name


def test_a_folder_is_measured_by_the_best_span_and_what_cannot_be_read_is_named(tmp_path):
    for number in range(2):
        steady(tmp_path / "01 - Loud" / f"{number}.wav", 0.1, 0.9)  # loud in its second half only
        steady(tmp_path / "02 - Quiet" / f"{number}.wav", 0.1, 0.1)
    steady(tmp_path / "02 - Quiet" / "wrong.wav", 0.9, 0.9)
    (tmp_path / "01 - Loud" / "text.wav").write_text("no sound")
    found = zero_shot.evaluate(tmp_path, ByLevel())
    assert (found["n"], found["classes"]) == (5, ["loud", "quiet"])
    # the loud sounds are as near to “quiet” by their first half; equal labels keep their order, so “loud” wins
    assert found["confusion"] == [[2, 0], [1, 2]]
    assert found["top1"] == 0.8
    assert found["encoder"] == {"name": "by level", "version": "1", "dim": 2}
    assert found["template"] == "{label}"
    assert [f["file"] for f in found["failed"]] == [str(tmp_path / "01 - Loud" / "text.wav")]
    assert "not a sound file" in found["failed"][0]["error"]
    assert zero_shot.evaluate(tmp_path, ByLevel()) == found  # the same again


def test_a_class_of_which_nothing_can_be_read_is_still_a_wrong_answer(tmp_path):
    steady(tmp_path / "loud" / "a.wav", 0.9, 0.9)
    (tmp_path / "quiet").mkdir()
    (tmp_path / "quiet" / "text.wav").write_text("no sound")
    found = zero_shot.evaluate(tmp_path, ByLevel())
    assert (found["n"], found["classes"], found["confusion"]) == (1, ["loud", "quiet"], [[1, 0], [0, 0]])


def test_when_nothing_can_be_read_there_is_nothing_to_measure(tmp_path):
    for name in ("loud", "quiet"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "text.wav").write_text("no sound")
    with pytest.raises(UsageError, match="None of the 2 files"):
        zero_shot.evaluate(tmp_path, ByLevel())


def test_it_can_be_cancelled(tmp_path):
    steady(tmp_path / "loud" / "a.wav", 0.9)
    steady(tmp_path / "quiet" / "a.wav", 0.1)
    ticket = Ticket()
    ticket.cancel()
    with pytest.raises(Cancelled):
        zero_shot.evaluate(tmp_path, ByLevel(), ticket=ticket)


@pytest.mark.shared_data
@pytest.mark.slow
def test_esc10_through_the_command_line(shared_data, tmp_path, capsys, monkeypatch):
    """The issue's yardstick: top-1 ≥ 0.86 and mAP ≥ 0.86 with no training at all."""
    data = shared_data / "sounds" / "esc10"
    share_models(monkeypatch)
    assert cli.main(["evaluate", "zero-shot", "--data", str(data), "--json", "--workspace", str(tmp_path)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["n"], len(found["classes"]), found["failed"]) == (400, 10, [])
    assert found["top1"] >= 0.86
    assert found["map"] >= 0.86
    confusion = np.array(found["confusion"])
    assert confusion.sum(axis=1).tolist() == [40] * 10
    assert confusion.trace() / 400 == pytest.approx(found["top1"])
