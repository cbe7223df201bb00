"""`train joint` from a folder of made sounds to heads that load: whole, killed and resumed, repeated, and on broken data."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from jsonschema import Draft202012Validator

from engine import cli
from engine.audio import files
from engine.encoders import compact
from engine.errors import Cancelled, UsageError
from engine.records import Audio
from engine.tasks import Ticket
from engine.training.joint import recipe, run, texts
from engine.training.joint.material import Texts
from tests.engine.cli.test_schemas import SCHEMAS
from tests.true_models import models, share_models

RATE_HZ = 16_000
ROOT = Path(__file__).parents[3]
WORDS = ("low hum", "high beep", "soft hiss", "hard knock", "short buzz", "long whistle", "deep drum", "bright bell",
         "slow siren", "quick click")


def made(kind: int, take: int, seconds: float = 1.0) -> Audio:
    """A sound of one of ten kinds: a tone in noise, both of which depend on the kind."""
    rng = np.random.default_rng([kind, take])
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    wave = 0.3 * np.sin(2 * np.pi * (100 * 1.6**kind) * time_s * (1 + 0.01 * take)) * np.exp(-time_s * (kind % 3))
    return Audio((wave + rng.normal(0, 0.002 * 2 ** (kind % 6), len(wave))).astype(np.float32), RATE_HZ)


def make_data(folder: Path) -> Path:
    """sounds/: one set captioned by a table, one by names, one without words, and the development set; and texts."""
    for name in ("tuxpaint", "named", "hums", "esc10"):
        (folder / "sounds" / name).mkdir(parents=True)
    captions = []
    for kind, words in enumerate(WORDS):
        files.write(folder / "sounds" / "tuxpaint" / f"{kind}.wav", made(kind, 0))
        captions.append({"file": f"{kind}.wav", "caption": f"A {words}."})
        for take in (1, 2):
            files.write(folder / "sounds" / "named" / f"{words.replace(' ', '_')}_{take}.wav", made(kind, take))
    (folder / "sounds" / "tuxpaint" / "captions.json").write_text(json.dumps(captions))
    files.write(folder / "sounds" / "hums" / "1.wav", made(0, 3, 12))
    (folder / "sounds" / "hums" / "2.wav").write_text("no sound")
    for kind in (0, 1, 2):
        (folder / "sounds" / "esc10" / f"00{kind} - {WORDS[kind]}").mkdir()
        files.write(folder / "sounds" / "esc10" / f"00{kind} - {WORDS[kind]}" / "1.wav", made(kind, 4))
    (folder / "captions").mkdir()
    with (folder / "captions" / "wavtext5k.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["title", "description", "tags"], *([f"{words} 1", f"somebody recorded a {words}", words]
                                                                       for words in WORDS)])
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data(tmp_path_factory.mktemp("train") / "data")


SMALL = replace(run.with_seed(3), text_steps=40, pair_steps=30)


def train(data: Path, out: Path, recipe=SMALL, **options):
    return list(run.train(data, out, models().sound(), models().text(), recipe, **options))


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory):
    """(records, folder) of one whole training."""
    out = tmp_path_factory.mktemp("out")
    return train(data, out), out


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("compact.*")}


def test_a_whole_training_says_what_it_does_and_writes_heads_that_load(trained):
    records, out = trained
    for record in records:
        Draft202012Validator(SCHEMAS["train joint"]).validate(json.loads(json.dumps(record, allow_nan=False)))
    first, last = records[0], records[-1]
    assert (first["sounds"], first["pairs"], first["groups"], first["labelled"]) == (34, 30, 10, 0)
    assert [r["step"] for r in records if r["stage"] == "texts"] == list(range(1, 41))
    assert [r["step"] for r in records if r["stage"] == "pairs"] == list(range(1, 31))
    losses = [r["loss"] for r in records if r["stage"] == "texts"]
    assert losses[-1] < losses[0]
    assert [Path(path).name for path in last["files"]] == ["compact.safetensors", "compact.json", "compact.md"]
    assert set(last["measures"]["retrieval"]) == {"tuxpaint"}
    assert 0 <= last["measures"]["shipped"]["top1"] <= 1
    card = (out / "compact.md").read_text("utf-8")
    assert "| tuxpaint | map |" in card and "--seed 3" in card
    encoder = compact.CompactEncoder(models().weights, models().sound(), models().text(), out)
    vectors = np.concatenate([encoder.embed_texts(["a low hum", "a bell"]),
                              encoder.analyse(iter([made(0, 9).samples])).vectors])
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert encoder.spec != models().joint_named("compact").spec


def test_the_same_seed_gives_the_same_files_and_another_seed_others(data, trained, tmp_path):
    again = train(data, tmp_path / "again")
    assert written(tmp_path / "again") == written(trained[1])
    assert again[-1]["measures"] == trained[0][-1]["measures"]
    train(data, tmp_path / "other", replace(SMALL, seed=4))
    assert written(tmp_path / "other")["compact.safetensors"] != written(trained[1])["compact.safetensors"]


def test_pairs_heard_together_have_the_tags_and_the_captions_of_both():
    tags = torch.tensor([[0.9, 0.0], [0.0, 0.5]])
    unit = torch.eye(2)
    batch = recipe._Batch(tags, tags, tags, unit, unit)
    assert torch.equal(batch.mixed(0.0, np.random.default_rng(0)).probabilities, tags)
    drawn = [batch.mixed(1.0, np.random.default_rng(seed)) for seed in range(20)]
    both = next(found for found in drawn if not torch.equal(found.texts, unit))  # where each row met the other
    assert both.probabilities.tolist() == [pytest.approx([0.9, 0.5])] * 2
    assert both.most.tolist() == [pytest.approx([0.9, 0.5])] * 2
    assert both.mean.tolist() == [pytest.approx([0.45, 0.25])] * 2
    assert both.texts.tolist() == both.adapted.tolist() == [pytest.approx([0.5**0.5] * 2)] * 2


def test_classes_are_described_by_the_ontology_where_it_says_something(tmp_path):
    assert texts.descriptions(tmp_path, ["Dog", "Bark"]) == ("Dog", "Bark")
    (tmp_path / "captions").mkdir()
    path = tmp_path / "captions" / "audioset-ontology.json"
    path.write_text(json.dumps([{"name": "Dog", "description": "A pet that barks."}, {"name": "Bark", "description": ""}]))
    assert texts.descriptions(tmp_path, ["Dog", "Bark", "Cat"]) == ("A pet that barks.", "Bark", "Cat")
    path.write_text("[1]")
    with pytest.raises(UsageError, match="is not the ontology"):
        texts.descriptions(tmp_path, ["Dog"])


@pytest.mark.parametrize("change", [{"mixed": 0.5}, {"descriptions": 0.5}], ids=["mixed", "descriptions"])
def test_what_an_ablation_changes_changes_the_heads(data, trained, tmp_path, change):
    described = tmp_path / "data"
    shutil.copytree(data, described)
    (described / "captions" / "audioset-ontology.json").write_text(json.dumps([{"name": "Dog", "description": "It barks."}]))
    train(described, tmp_path / "out", replace(SMALL, **change))
    assert written(tmp_path / "out")["compact.safetensors"] != written(trained[1])["compact.safetensors"]


@pytest.mark.parametrize("after", [("texts", 25), ("pairs", 12)], ids=["texts", "pairs"])
def test_what_was_cancelled_goes_on_to_the_same_heads(data, trained, tmp_path, after):
    ticket = Ticket()
    with pytest.raises(Cancelled):
        for record in run.train(data, tmp_path, models().sound(), models().text(), SMALL, ticket=ticket):
            if (record["stage"], record.get("step")) == after:
                ticket.cancel()
    rest = train(data, tmp_path, resume=True)
    steps = [(r["stage"], r["step"]) for r in rest if "step" in r]
    assert steps[0] == (after[0], after[1] + 1)
    assert written(tmp_path) == written(trained[1])


@pytest.mark.skipif(os.name == "nt", reason="kills with a signal")
def test_a_kill_costs_what_was_done_since_the_last_checkpoint(data, tmp_path):
    """Killed after step 210 of the texts, whose checkpoint is of step 200."""
    recipe = replace(SMALL, text_steps=230)
    code = textwrap.dedent(f"""
        import os, signal
        from dataclasses import replace
        from pathlib import Path
        from engine.training.joint import recipe, run, texts
        from tests.true_models import models
        recipe = replace(run.with_seed(3), text_steps=230, pair_steps=30)
        folders = Path({str(data)!r}), Path({str(tmp_path / "killed")!r})
        for record in run.train(*folders, models().sound(), models().text(), recipe):
            if record.get("step") == 210:
                os.kill(os.getpid(), signal.SIGKILL)
    """)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=250)
    assert done.returncode == -signal.SIGKILL
    rest = train(data, tmp_path / "killed", recipe, resume=True)
    assert [r["step"] for r in rest if r["stage"] == "texts"] == list(range(201, 231))
    train(data, tmp_path / "whole", recipe)
    assert written(tmp_path / "killed") == written(tmp_path / "whole")


def test_the_command_prints_an_object_a_line(data, tmp_path, monkeypatch, capsys):
    share_models(monkeypatch)
    monkeypatch.setattr(run, "with_seed", lambda seed: replace(SMALL, seed=seed, text_steps=3, pair_steps=3))
    before = signal.getsignal(signal.SIGTERM)
    try:
        arguments = ["--workspace", str(tmp_path / "workspace"), "train", "joint", "--json", "--out", str(tmp_path / "out")]
        assert cli.main([*arguments, "--data", str(data)]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert cli.main([*arguments, "--data", str(tmp_path / "gone")]) == 2
        (error,) = capsys.readouterr().out.splitlines()
    finally:
        signal.signal(signal.SIGTERM, before)
    for line in lines:
        Draft202012Validator(SCHEMAS["train joint"]).validate(json.loads(line))
    assert [json.loads(line)["stage"] for line in lines] == ["data", *["texts"] * 3, *["pairs"] * 3, "done"]
    Draft202012Validator(SCHEMAS["errors"]).validate(json.loads(error))


def test_it_needs_neither_texts_nor_a_development_set(tmp_path):
    data = make_data(tmp_path / "data")
    for path in (data / "captions", data / "sounds" / "esc10"):
        path.rename(tmp_path / path.name)
    (data / "sounds" / "tuxpaint" / "captions.json").unlink()  # ten names without words
    records = train(data, tmp_path / "out", replace(SMALL, pair_steps=5))
    assert (records[0]["groups"], records[0]["pairs"], records[-1]["measures"]["shipped"]) == (0, 20, None)
    assert records[-1]["measures"]["retrieval"] == {}
    assert "Not measured" in (tmp_path / "out" / "compact.md").read_text("utf-8")
    assert compact.load(tmp_path / "out")
    with pytest.raises(UsageError, match="An ablation needs"):
        train(data, tmp_path / "out", with_ablation=True)


def break_in(folder: Path, way: str) -> None:
    sounds, texts = folder / "sounds", folder / "captions"
    if way == "no sounds":
        sounds.rename(folder / "else")
    elif way == "no set":
        for path in sounds.iterdir():
            if path.name != "esc10":
                path.rename(folder / path.name)
    elif way == "nothing readable":
        for path in sounds.rglob("*.wav"):
            path.write_text("no sound")
    elif way == "captions":
        (sounds / "tuxpaint" / "captions.json").write_text("[{")
    elif way == "one class":
        for path in (sounds / "esc10").glob("00[12]*/1.wav"):
            path.unlink()
    elif way == "binary table":
        (texts / "wavtext5k.csv").write_bytes(b"title\n\xff\xfe\x00")
    elif way == "labels without names":
        (texts / "audiocaps-test-with-labels.json").write_text('{"captions": "x", "labels": "/m/1"}\n')
    elif way == "categories":
        (texts / "ucs-8.2.1-en.json").write_text('[{"Category": "A"}]')
    elif way == "no words":
        (texts / "wavtext5k.csv").unlink()
        (sounds / "tuxpaint" / "captions.json").unlink()
        for number, path in enumerate((sounds / "named").iterdir()):
            path.rename(sounds / "named" / f"{number}.wav")


@pytest.mark.parametrize(("way", "says"), [
    ("no sounds", "There is no folder"), ("no set", "no sounds to train on"), ("nothing readable", "can be read"),
    ("captions", "captions.json cannot be read"), ("one class", "at least two"), ("binary table", "wavtext5k.csv cannot be read"),
    ("labels without names", "cannot be read"), ("categories", "list of categories"), ("no words", "nothing to train on")])
def test_data_that_cannot_be_trained_on_is_said(tmp_path, way, says):
    data = make_data(tmp_path / "data")
    break_in(data, way)
    with pytest.raises(UsageError, match=says):
        train(data, tmp_path / "out")
    assert not list((tmp_path / "out").glob("compact.*"))


def test_where_nothing_can_be_written(data, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UsageError, match="cannot be written"):
        train(data, tmp_path / "out")


@pytest.mark.parametrize("harm", ["cut", "other"])
def test_kept_vectors_that_are_damaged_or_of_another_encoder_are_made_anew(tmp_path, harm):
    texts = Texts(models().text(), tmp_path)
    expected = texts(["a hum", "a bell"])
    (file,) = tmp_path.iterdir()
    if harm == "cut":
        file.write_bytes(file.read_bytes()[:-9])
    else:
        file.write_bytes(file.read_bytes().replace(models().text().spec.sha256.encode(), b"0" * 64))
    again = Texts(models().text(), tmp_path)
    assert again(["a bell"]).numpy() == pytest.approx(expected[1:].numpy(), abs=1e-6)
    assert again(["a hum", "a bell"]).numpy() == pytest.approx(expected.numpy(), abs=1e-6)
