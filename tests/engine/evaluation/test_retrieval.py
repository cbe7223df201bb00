"""Retrieval: figures of a small set by hand, both directions, many relevant items; what captions files may look like."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.errors import ShapeError, UsageError
from engine.evaluation import captions, retrieval
from engine.evaluation.captions import Captioned
from tests.engine.evaluation.test_zero_shot import ByLevel, steady

FOUR = np.eye(4, dtype=np.float32)


def unit(rows):
    rows = np.asarray(rows, np.float32)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def test_both_directions_by_hand():
    """Three texts along three axes, three sounds. Text 0 belongs to sounds 0 and 1, text 1 to sound 2, text 2 to nothing.

    text 0 finds sound 0 (1.0), then sound 2 (0.6), then sound 1 (0): AP = (1 + 2/3) / 2. text 1 finds sound 1, then sound 2.
    sound 0 finds its text first; sound 1 finds text 1 first and text 0 among those with similarity 0: second, by order;
    sound 2 (0.6, 0.8) finds text 1 first.
    """
    sounds = [FOUR[:1], FOUR[1:2], unit([[0.6, 0.8, 0, 0]])]
    relevant = np.array([[1, 1, 0], [0, 0, 1], [0, 0, 0]], bool)
    found = retrieval.measures(sounds, FOUR[:3], relevant, seed=7)
    words, ears = found["text_to_audio"], found["audio_to_text"]
    assert (words["n_queries"], words["pool"], ears["n_queries"], ears["pool"]) == (2, 3, 3, 3)
    assert words["map"] == pytest.approx(((1 + 2 / 3) / 2 + 1 / 2) / 2)
    assert words["mrr"] == pytest.approx((1 + 1 / 2) / 2)
    assert words["precision_at_1"] == pytest.approx(1 / 2)
    assert words["recall_at_1"] == pytest.approx((1 / 2 + 0) / 2)
    assert words["recall_at_5"] == 1
    assert words["median_rank"] == 1.5
    assert ears["mrr"] == pytest.approx((1 + 1 / 2 + 1) / 3)
    assert ears["median_rank"] == 1
    assert set(words) == set(ears)
    for name, (low, high) in words["ci95"].items():
        assert low <= words[name] <= high, name


def test_the_best_span_counts():
    quiet_then_right = np.stack([FOUR[3], FOUR[0], FOUR[3]])
    found = retrieval.similarity([quiet_then_right, FOUR[1:2], FOUR[2:4]], FOUR)
    assert found.tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1]]
    with pytest.raises(ShapeError):
        retrieval.similarity([FOUR[:0], FOUR], FOUR)


def test_a_perfect_space_is_perfect_and_chance_is_chance():
    sounds, relevant = [row[None] for row in FOUR], np.eye(4, dtype=bool)
    perfect = retrieval.measures(sounds, FOUR, relevant, seed=1)["text_to_audio"]
    assert {perfect[n] for n in ("precision_at_1", "recall_at_1", "mrr", "map", "map_at_10", "ndcg", "median_rank")} == {1.0}
    rng = np.random.default_rng(0)
    many = unit(rng.normal(size=(200, 16)))
    chance = retrieval.measures([row[None] for row in many], unit(rng.normal(size=(200, 16))), np.eye(200, dtype=bool), seed=1)
    assert chance["text_to_audio"]["recall_at_10"] == pytest.approx(0.05, abs=0.04)
    assert chance["audio_to_text"]["median_rank"] == pytest.approx(100, abs=25)


def test_a_difference_of_two_systems_is_paired():
    rng = np.random.default_rng(3)
    texts = unit(rng.normal(size=(60, 8)))
    noise = rng.normal(size=(60, 8))
    relevant = np.eye(60, dtype=bool)
    near, far = (retrieval.by_query([row[None] for row in unit(texts + amount * noise)], texts, relevant)["text_to_audio"]
                 for amount in (0.2, 0.6))
    better = retrieval.compare(near, far, seed=0)
    assert better["map"]["difference"] == pytest.approx(near["map"].mean() - far["map"].mean())
    assert better["map"]["ci95"][0] > 0
    assert better["rank"]["ci95"][1] < 0
    assert retrieval.compare(near, near, seed=0)["map"] == {"difference": 0.0, "ci95": [0.0, 0.0]}


def test_groups_of_queries_widen_the_interval():
    rng = np.random.default_rng(5)
    right = np.repeat(rng.random(8) < 0.5, 10)  # ten takes of a source are right or wrong together
    texts = np.eye(80, dtype=np.float32)
    sounds = [texts[n] if right[n] else texts[(n + 11) % 80] for n in range(80)]
    both = [retrieval.measures([s[None] for s in sounds], texts, np.eye(80, dtype=bool), 1, groups, groups)
            for groups in (None, list(np.repeat(np.arange(8), 10)))]
    intervals = [found["audio_to_text"]["ci95"]["precision_at_1"] for found in both]
    alone, grouped = (high - low for low, high in intervals)
    assert grouped > 2 * alone


# --- folders ----------------------------------------------------------------------------------------------------------


def two_sounds(folder):
    steady(folder / "bang.wav", 0.9, 0.9)
    steady(folder / "hum.wav", 0.1, 0.1)
    return folder


def test_a_folder_is_measured_and_what_cannot_be_read_is_named(tmp_path):
    two_sounds(tmp_path)
    (tmp_path / "broken.wav").write_text("no sound")
    rows = [{"file": "bang.wav", "caption": "loud"}, {"file": "hum.wav", "caption": "soft"},
            {"file": "hum.wav", "caption": " Soft. "}, {"file": "broken.wav", "caption": "gone"}]
    (tmp_path / "captions.json").write_text(json.dumps(rows), "utf-8")
    found = retrieval.evaluate(tmp_path, ByLevel())
    assert found["pool"] == {"sounds": 2, "captions": 2, "pairs": 2}
    assert found["text_to_audio"]["map"] == 1
    assert [f["file"] for f in found["failed"]] == [str(tmp_path / "broken.wav")]
    json.dumps(found, allow_nan=False)


def test_captions_of_several_files_and_several_captions_of_a_file(tmp_path):
    two_sounds(tmp_path)
    table = "\ufefffile,caption\nbang.wav,A bang.\nbang.wav,something loud\nhum.wav,a bang\n"
    (tmp_path / "captions.csv").write_text(table, "utf-8")
    paths, texts, relevant = retrieval.pairs(captions.load(tmp_path))
    assert [p.name for p in paths] == ["bang.wav", "hum.wav"]
    assert [t.lower().rstrip(".") for t in texts] == ["a bang", "something loud"]
    assert relevant.tolist() == [[True, True], [True, False]]


def test_the_columns_of_published_sets(tmp_path):
    two_sounds(tmp_path)
    (tmp_path / "captions.csv").write_text("file_name,caption_1,caption_2\nbang.wav,one,two\nhum.wav,three,four\n", "utf-8")
    assert [(c.path.name, c.caption) for c in captions.load(tmp_path)] == [
        ("bang.wav", "one"), ("bang.wav", "two"), ("hum.wav", "four"), ("hum.wav", "three")]
    (tmp_path / "captions.csv").write_text("file_name,caption_1,caption_2\nbang.wav,one,\nhum.wav,,four\n", "utf-8")
    assert [(c.path.name, c.caption) for c in captions.load(tmp_path)] == [("bang.wav", "one"), ("hum.wav", "four")]


def test_captions_from_names(tmp_path):
    two_sounds(tmp_path)
    steady(tmp_path / "glass" / "003.wav", 0.5, 0.5)
    assert {c.path.name: c.caption for c in captions.load(tmp_path)} == {"bang.wav": "bang", "hum.wav": "hum", "003.wav": "glass"}
    (tmp_path / "captions.csv").write_text("file,caption\nbang.wav,one\nhum.wav,two\n", "utf-8")
    assert len(captions.load(tmp_path)) == 2
    assert len(captions.load(tmp_path, "names")) == 3


@pytest.mark.parametrize(("name", "text", "why"), [
    ("captions.json", "{", "cannot be read"),
    ("captions.json", '{"file": 1}', "must be a list"),
    ("captions.json", '[{"file": "bang.wav"}]', "Entry 1"),
    ("captions.json", '[{"file": "bang.wav", "caption": "  "}]', "Entry 1"),
    ("captions.json", '[{"file": "bang.wav", "caption": "\\u0007\\ud800"}]', "Entry 1"),
    ("captions.csv", "file,caption_1,caption_2\nbang.wav,a,b\nhum.wav,,\n", "Entry 2"),
    ("captions.json", '[{"file": "../bang.wav", "caption": "a"}]', "not inside"),
    ("captions.json", '[{"file": "gone.wav", "caption": "a"}]', "gone.wav"),
    ("captions.json", '[{"file": "bang.wav", "caption": "a"}, {"file": "hum.wav", "caption": "A."}]', "at least two"),
    ("captions.csv", "name,text\nbang.wav,a\n", "columns file and caption"),
    ("captions.csv", "", "columns file and caption"),
    ("captions.csv", "file,caption\nbang.wav\n", "Entry 1"),
])
def test_a_bad_file_is_a_sentence(tmp_path, name, text, why):
    two_sounds(tmp_path)
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(UsageError, match=why):
        captions.load(tmp_path)


def test_latin_1_is_a_sentence(tmp_path):
    (tmp_path / "captions.csv").write_bytes("file,caption\nbang.wav,café\n".encode("latin-1"))
    with pytest.raises(UsageError, match="cannot be read"):
        captions.load(tmp_path)


def test_where_there_is_nothing(tmp_path):
    with pytest.raises(UsageError, match="no folder"):
        captions.load(tmp_path / "gone")
    with pytest.raises(UsageError, match="no folder"):
        captions.load(tmp_path / ("x" * 5_000))
    with pytest.raises(UsageError, match="names"):
        captions.load(tmp_path, "file")
    with pytest.raises(UsageError, match="at least two"):
        captions.load(tmp_path)


def test_equal_pairs_count_once():
    path = Path("a.wav")
    _, texts, relevant = retrieval.pairs([Captioned(path, "a"), Captioned(path, "A.")])
    assert (texts, relevant.tolist()) == (["a"], [[True]])

