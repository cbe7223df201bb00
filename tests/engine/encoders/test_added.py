"""Models that the user adds: tried before they are written down, kept by workspace, checked before they are used."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import tomlkit

from engine.app import Earmark
from engine.audio import files
from engine.encoders.added import PROBERS, AddedModels, load_joint
from engine.encoders.models import Models
from engine.errors import Cancelled, EncoderError, FetchError, ListBroken, UsageError
from engine.records import Audio
from engine.tasks import Ticket
from engine.weights import Weights
from tests.engine.encoders import small_clap, small_onnx


@pytest.fixture
def added(tmp_path):
    return AddedModels(tmp_path / "models.toml")


def add(added, source, name="", kind="joint"):
    return added.add(str(source), kind, name, "cpu", ["bridge", "ge2e", "compact"])


def pair(tmp_path, name="pair", **options):
    return small_onnx.write(tmp_path / name, **{"facts": {"rate_hz": 16_000}, **options})


def test_what_was_added_is_there_the_next_time(added, tmp_path):
    made = add(added, pair(tmp_path))
    assert (made.name, made.form, made.dim, made.rate_hz) == ("pair", "onnx-pair", small_onnx.DIM, 16_000)
    assert made.size_bytes == sum(path.stat().st_size for path in (tmp_path / "pair").iterdir())
    assert made.present
    again = AddedModels(tmp_path / "models.toml")
    assert again.list() == [made]
    assert again.find("PAIR") == made
    assert load_joint(made, Weights(), "cpu").spec == made.spec


def test_a_file_of_the_folder_names_it_as_well(added, tmp_path):
    assert add(added, pair(tmp_path) / "audio.onnx").name == "pair"


def test_clap_from_a_folder_to_search(tmp_path):
    """The whole way in a workspace: added, chosen, indexed for, searched by text and by example."""
    folder = small_clap.write(tmp_path / "My CLAP")
    (folder / "README.md").write_text("---\nlicense: apache-2.0\ntags: [audio]\n---\nAbout it.")
    sounds = tmp_path / "sounds"
    sounds.mkdir()
    time = np.arange(44_100 * 3) / 44_100
    for hz in (220, 3_000):
        files.write(sounds / f"{hz}.wav", Audio((0.3 * np.sin(2 * np.pi * hz * time)).astype(np.float32), 44_100))
    with Earmark(tmp_path / "workspace", "cpu") as app:
        made = app.add_model(str(folder))
        assert (made.name, made.form, made.dim, made.rate_hz, made.licence) == ("my-clap", "clap", 24, 48_000, "apache-2.0")
        app.use_joint("my-clap")
        app.library.add(sounds)
        assert app.library.scan().added == 2
        assert app.models.spec("joint") == made.spec
        assert app.library.search("a low tone").sounds == 2
        found = app.library.search(like=sounds / "220.wav").matches
        assert found[0].sound.path.name == "220.wav"
        assert found[0].similarity == pytest.approx(1, abs=1e-4)
        assert "joint" in app.models.ready
        app.models.use_device("cpu")
        tags = found[0].sound.tags
        assert len(tags) == 5  # zero-shot, over AudioSet's names
        assert all(0 <= tag.probability <= 1 for tag in tags)
        assert [*app.added.kept(made).iterdir()]  # the vectors of those names
        app.use_joint("bridge")
        app.library.scan()
        app.remove_model("my-clap")
        assert not app.added.kept(made).exists()
        assert app.library.search(like=sounds / "220.wav").sounds == 2


def test_models_gives_it_out_under_its_name_and_loads_it_once(added, tmp_path):
    add(added, pair(tmp_path), "mine")
    models = Models(Weights(), "cpu", added, lambda: "mine")
    assert models.joint_names()[-1] == "mine"
    assert models.ready == frozenset()
    assert models.spec("joint").dim == small_onnx.DIM
    assert models.joint() is models.joint_named("mine") is models.joint_named("MINE")
    assert models.ready == {"joint"}
    models.forget("mine")
    assert models.ready == frozenset()
    with pytest.raises(EncoderError, match=r"no encoder “other”.*bridge.*mine"):
        models.joint_named("other")


def test_files_that_have_changed_since_are_not_used(added, tmp_path):
    made = add(added, pair(tmp_path))
    small_onnx.write(tmp_path / "pair", facts={"rate_hz": 22_050})
    with pytest.raises(EncoderError, match="have changed since"):
        load_joint(made, Weights(), "cpu")


@pytest.mark.parametrize(("name", "said"), [
    ("bridge", "exists already"), ("Compact", "exists already"), ("PAIR", "exists already"), ("x" * 61, "1 to 60"),
    ("-f", "dash"), ("a\nb", "printed")])
def test_names_that_do_not_do(added, tmp_path, name, said):
    add(added, pair(tmp_path))
    before = (tmp_path / "models.toml").read_bytes()
    with pytest.raises(UsageError, match=said):
        add(added, pair(tmp_path, "b", facts={"rate_hz": 8_000}), name)
    assert (tmp_path / "models.toml").read_bytes() == before


def test_a_name_that_was_taken_while_the_model_was_loading(added, tmp_path, monkeypatch):
    probe = PROBERS["joint"]

    def slow(path, device):
        monkeypatch.setitem(PROBERS, "joint", probe)
        add(added, pair(tmp_path, "b", facts={"rate_hz": 8_000}), "Mine")
        return probe(path, device)

    monkeypatch.setitem(PROBERS, "joint", slow)
    with pytest.raises(UsageError, match="exists already"):
        add(added, pair(tmp_path), "mine")
    assert [one.rate_hz for one in added.list()] == [8_000]


def test_the_same_model_is_not_added_twice(added, tmp_path):
    add(added, pair(tmp_path), "first")
    shutil.copytree(tmp_path / "pair", tmp_path / "copy")
    with pytest.raises(UsageError, match="already, as “first”"):
        add(added, tmp_path / "copy", "second")


@pytest.mark.parametrize("source", ["nowhere", "/no/such/folder", "./a/b", "x" * 5_000])
def test_what_is_not_there_is_said(added, source):
    with pytest.raises(UsageError, match="no file or folder"):
        add(added, source)
    assert added.list() == []


def test_a_folder_with_something_else_is_refused(added, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(EncoderError, match=r"neither a CLAP model.*nor a pair of ONNX files"):
        add(added, tmp_path / "empty")


def test_a_model_that_gives_no_numbers_is_refused(added, tmp_path):
    """A CLAP whose last layer holds NaN: it loads, and is found out by asking it."""
    from safetensors.torch import load_file, save_file

    folder = small_clap.write(tmp_path / "nan")
    state = load_file(folder / "model.safetensors")
    state["audio_projection.linear2.bias"][:] = float("nan")
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EncoderError):
        add(added, folder)
    assert added.list() == []
    assert not (tmp_path / "models.toml").exists()


def test_one_half_of_a_pair_is_no_voice_encoder(added, tmp_path):
    folder = small_onnx.write(tmp_path / "pair")
    with pytest.raises(EncoderError, match=r"“audio.onnx” is one half of a text–audio pair.*--kind joint"):
        added.add(str(folder / "audio.onnx"), "voice", "", "cpu", [])
    assert added.list() == []
    (folder / "tokenizer.json").unlink()  # a file of that name alone may be anything
    assert added.add(str(folder / "audio.onnx"), "voice", "", "cpu", []).kind == "voice"


def test_kinds_that_are_not_there_yet(added, tmp_path):
    with pytest.raises(UsageError, match="cannot be added yet; it can be joint"):
        add(added, pair(tmp_path), kind="song")


def test_without_class_names_there_are_no_tags(added, tmp_path):
    made = add(added, pair(tmp_path))
    analysis = load_joint(made, Weights(tmp_path / "no weights"), "cpu").analyse(iter([np.ones(16_000, np.float32)]))
    assert analysis.tags == ()


def test_removing_leaves_the_files(added, tmp_path):
    add(added, pair(tmp_path), "mine")
    assert added.remove("Mine").name == "mine"
    assert added.list() == []
    assert (tmp_path / "pair" / "audio.onnx").exists()
    with pytest.raises(UsageError, match="called “mine”"):
        added.remove("mine")


@pytest.mark.parametrize(("content", "line"), [
    (b"\xff", 1), (b"[[model]]\nname = 3", 1), (b"model = 7", None), (b"[[model", 1), (b"# mine\n\nmodel = [3]", None)])
def test_a_broken_list_is_an_error_that_names_the_line_and_is_left_alone(added, tmp_path, content, line):
    (tmp_path / "models.toml").write_bytes(content)
    for refused in (added.list, lambda: add(added, pair(tmp_path)), lambda: added.remove("pair")):
        with pytest.raises(ListBroken, match=r"“models\.toml”") as caught:
            refused()
        assert caught.value.line == line
    assert (tmp_path / "models.toml").read_bytes() == content
    assert {path.name for path in tmp_path.iterdir()} <= {"models.toml", "pair"}


@pytest.mark.parametrize(("key", "value", "said"), [
    ("sha256", "../../victim", "sha256"), ("sha256", "AB" * 32, "sha256"), ("sha256", "ab" * 31, "sha256"),
    ("sha256", 7, "sha256"),
    ("form", "magic", "form “magic”"), ("form", "onnx-voice", "form “onnx-voice”"), ("kind", "sound", "kind “sound”"),
    ("name", "", "no name"), ("name", "-rf", "no name"), ("name", "a\nb", "no name"), ("name", " a", "no name"),
    ("folder", "pair", "folder"), ("folder", "/a\0b", "folder"), ("folder", "/" + "x" * 9000, "folder"), ("hub", "a/../b", "hub"),
    ("dim", 0, "dim"), ("dim", -8, "dim"), ("dim", 10 ** 400, "dim"), ("dim", True, "dim"), ("dim", 8.0, "dim"),
    ("rate_hz", 10 ** 12, "rate_hz"), ("size_bytes", -1, "size_bytes"), ("size_bytes", 10 ** 400, "size_bytes"),
    ("added_at", "yesterday", "added_at"), ("title", None, "title"), ("title", ["a"], "title"), ("version", 3, "version")])
def test_nothing_in_the_list_is_believed(added, tmp_path, key, value, said):
    """What `add` would not write is an error that names entry and field; nothing is removed, loaded or written by it."""
    victim = tmp_path.parent / f"{tmp_path.name} victim"
    victim.mkdir()
    add(added, pair(tmp_path), "first")
    add(added, pair(tmp_path, "other", facts={"rate_hz": 8_000}), "mine")
    path = tmp_path / "models.toml"
    document = tomlkit.parse(path.read_text("utf-8"))
    if value is None:
        del document["model"][1][key]
    else:
        document["model"][1][key] = f"../../{victim.name}" if value == "../../victim" else value
    path.write_text(tomlkit.dumps(document), "utf-8")
    before = path.read_bytes()
    line = before.decode().splitlines().index("[[model]]", 3) + 1
    for refused in (added.list, lambda: added.find("mine"), lambda: added.remove("mine"), lambda: added.remove("first")):
        with pytest.raises(ListBroken, match=f"“models.toml”, line {line} .*{said}"):
            refused()
    assert victim.is_dir()
    assert path.read_bytes() == before


def test_two_entries_of_one_name(added, tmp_path):
    add(added, pair(tmp_path), "mine")
    path = tmp_path / "models.toml"
    text = path.read_text("utf-8")
    path.write_text(text + text[text.index("[[model]]"):].replace('"mine"', '"MINE"'), "utf-8")
    with pytest.raises(ListBroken, match="two models are called “MINE”"):
        added.list()


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_nobody_else_may_read_or_write_the_list(added, tmp_path):
    before = os.umask(0)
    try:
        add(added, pair(tmp_path))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "models.toml").stat().st_mode) == 0o600


def test_the_list_can_be_read_by_people(added, tmp_path):
    add(added, pair(tmp_path), "Mein Modell №1")
    table = tomlkit.parse((tmp_path / "models.toml").read_text("utf-8")).unwrap()["model"][0]
    assert table["name"] == "Mein Modell №1"
    assert table["folder"] == str(tmp_path / "pair")
    assert json.dumps(table)  # plain values only


# --- the hub, without a network -----------------------------------------------------------------------------------------


def hub(monkeypatch, answer, bytes_in=0):
    """Put `answer` in the place of the hub's client, which tells of four times bytes_in; returns what it was asked for."""
    asked = []

    def snapshot_download(name, allow_patterns, tqdm_class):
        asked.append((name, tuple(allow_patterns)))
        if bytes_in:
            bar = tqdm_class(total=100, unit="B", desc="model.safetensors", name="hub")
            for _ in range(4):
                bar.update(bytes_in)
            bar.close()
        return answer(allow_patterns)

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(snapshot_download=snapshot_download))
    return asked


def test_a_hub_name_is_fetched_when_it_is_added_and_never_again(added, tmp_path, monkeypatch):
    folder = small_clap.write(tmp_path / "snapshot")
    asked = hub(monkeypatch, lambda patterns: str(folder))
    made = add(added, "laion/small-clap")
    assert (made.name, made.hub, made.source) == ("small-clap", "laion/small-clap", "hub laion/small-clap")
    assert Path(made.folder) == folder
    assert [name for name, _ in asked] == ["laion/small-clap"]
    assert not any("bin" in pattern for pattern in asked[0][1])
    load_joint(made, Weights(), "cpu")
    assert len(asked) == 1


def test_pickled_weights_are_fetched_only_where_there_are_no_others(added, tmp_path, monkeypatch):
    def answer(patterns):
        return str(small_clap.write(tmp_path / "snapshot", safe=False))

    asked = hub(monkeypatch, answer)
    assert add(added, "laion/old-clap").form == "clap"
    assert len(asked) == 2
    assert any("bin" in pattern for pattern in asked[1][1])


def test_a_hub_that_does_not_answer_is_said_and_nothing_is_written(added, tmp_path, monkeypatch):
    def answer(patterns):
        raise OSError("Network is unreachable")

    hub(monkeypatch, answer)
    with pytest.raises(FetchError, match=r"laion/clap.*hub.*Network is unreachable"):
        add(added, "laion/clap")
    assert not (tmp_path / "models.toml").exists()


def test_fetching_tells_its_bytes_and_can_be_stopped(added, tmp_path, monkeypatch):
    folder, told = small_clap.write(tmp_path / "snapshot"), []
    hub(monkeypatch, lambda patterns: str(folder), bytes_in=25)
    ticket = Ticket(lambda progress: told.append((progress.note, progress.done, progress.total)))
    added.add("laion/clap", "joint", "", "cpu", [], ticket)
    assert [(done, total) for note, done, total in told if note == "fetching" and done] == [
        (25, 100), (50, 100), (75, 100), (100, 100)]
    assert told[-1][0] == "trying"
    stopped = Ticket(lambda progress: stopped.cancel() if progress.done >= 50 else None)
    with pytest.raises(Cancelled):
        added.add("laion/clap", "joint", "other", "cpu", [], stopped)
    assert [model.name for model in added.list()] == ["clap"]
