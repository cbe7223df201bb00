"""Settings: what is written is read again, what makes no sense is refused, and nobody's file is thrown away."""

from __future__ import annotations

import math
from dataclasses import asdict, replace

import pytest
import tomlkit

from engine import settings as settings_module
from engine.errors import StoreError, UsageError
from engine.settings import Settings, SettingsFile


@pytest.fixture
def path(tmp_path):
    return tmp_path / "settings.toml"


def test_without_a_file_there_are_defaults_and_reading_writes_nothing(path):
    assert SettingsFile(path).value == Settings()
    assert not path.exists()


def test_what_is_changed_is_there_the_next_time(path):
    changed = SettingsFile(path).change(threshold=0.8, input_device="Röhre 7", keep_takes=True, seed=11)
    assert SettingsFile(path).value == changed == replace(Settings(), threshold=0.8, input_device="Röhre 7",
                                                          keep_takes=True, seed=11)
    assert [p.name for p in path.parent.iterdir()] == ["settings.toml"]


@pytest.mark.parametrize("wrong", [
    {"backend": "magic"},
    {"measure": "euclidean"}, {"device": "tpu"}, {"theme": "pink"}, {"threshold": 1.5}, {"threshold": float("nan")},
    {"margin": -0.1}, {"margin_nats": -1.0}, {"margin_nats": float("nan")},
    {"margin": float("inf")}, {"volume_db": float("nan")}, {"seed": -1}, {"joint": ""},
])
def test_a_value_that_makes_no_sense_is_refused_and_nothing_changes(path, wrong):
    file = SettingsFile(path)
    file.change(margin=0.1)
    before = path.read_bytes()
    with pytest.raises(UsageError):
        file.change(theme="dark", **wrong) if "theme" not in wrong else file.change(**wrong)
    assert file.value == replace(Settings(), margin=0.1)
    assert path.read_bytes() == before


def test_one_wrong_value_in_the_file_leaves_the_others_alone(path):
    path.write_text('version = 3\nthreshold = 0.9\ntheme = "drak"\nmargin = "much"\nseed = true\nloop_span = true\n')
    assert SettingsFile(path).value == replace(Settings(), threshold=0.9, loop_span=True)


def test_whole_numbers_are_taken_where_fractions_are_meant(path):
    path.write_text("version = 1\nvolume_db = -12\n")
    value = SettingsFile(path).value.volume_db
    assert value == -12.0
    assert isinstance(value, float)


def test_unknown_keys_and_comments_are_kept(path):
    path.write_text('# mine\nversion = 1\nfrom_the_future = "kept"\ntheme = "dark"\n')
    SettingsFile(path).change(theme="light")
    text = path.read_text("utf-8")
    assert "# mine" in text
    assert tomlkit.parse(text)["from_the_future"] == "kept"
    assert tomlkit.parse(text)["theme"] == "light"


@pytest.mark.parametrize("content", [b"threshold = = 1", b"\xff\xfe\x00bad", b"[[["])
def test_a_broken_file_is_put_aside_and_the_program_goes_on(path, content):
    path.write_bytes(content)
    file = SettingsFile(path)
    assert file.value == Settings()
    assert path.with_suffix(".toml.broken").read_bytes() == content
    assert file.change(theme="dark").theme == "dark"


def test_settings_of_a_newer_earmark_are_refused_and_left_as_they_are(path):
    path.write_text("version = 99\nthreshold = 0.9\n")
    with pytest.raises(StoreError, match="newer Earmark"):
        SettingsFile(path)
    assert path.read_text() == "version = 99\nthreshold = 0.9\n"


@pytest.mark.parametrize("version", ['"one"', "0", "-3", "1.5"])
def test_a_version_that_is_none_counts_as_this_one(path, version):
    path.write_text(f"version = {version}\nthreshold = 0.9\n")
    assert SettingsFile(path).value.threshold == 0.9


def test_upgrades_run_one_after_the_other(path, monkeypatch):
    def first(raw):
        return {**raw, "threshold": raw.pop("similarity") / 100}

    def second(raw):
        return {**raw, "margin": raw["threshold"] / 10}

    monkeypatch.setattr(settings_module, "VERSION", 3)
    monkeypatch.setattr(settings_module, "UPGRADES", {1: first, 2: second})
    path.write_text("version = 1\nsimilarity = 80\n")
    file = SettingsFile(path)
    assert (file.value.threshold, file.value.margin) == (0.8, pytest.approx(0.08))
    file.change(seed=3)
    assert tomlkit.parse(path.read_text())["version"] == 3


@pytest.mark.parametrize(("before", "backend", "threshold"), [
    ("", "two-covariance", 0.5), ("threshold = 0.75\nmargin = 0.05\nmeasure = \"cosine\"\n", "two-covariance", 0.5),
    ("threshold = 0.8\n", "cosine", 0.8), ("margin = 0.1\n", "cosine", 0.75), ("measure = \"dot\"\n", "cosine", 0.75)])
def test_who_had_set_a_threshold_of_his_own_keeps_it_with_the_cosine_that_it_belongs_to(path, before, backend, threshold):
    path.write_text("version = 2\n" + before)
    value = SettingsFile(path).value
    assert (value.backend, value.threshold) == (backend, threshold)
    assert value.margin == (0.1 if "margin = 0.1" in before else 0.05)
    assert value.margin_nats == math.log(5)


@pytest.mark.parametrize(("before", "margin", "nats"), [
    ("", 0.05, math.log(5)), ("margin = 0.02\n", 0.05, math.log(5)), ("margin = 0.04\n", 0.05, 2 * math.log(5)),
    ('backend = "lda"\nmargin = 0.01\n', 0.05, math.log(5) / 2), ("margin = 0\n", 0.05, 0.0),
    ('backend = "s-norm"\nmargin = 0.03\n', 0.03, math.log(5)), ('backend = "cosine"\nmargin = 0.1\n', 0.1, math.log(5)),
    ('measure = "dot"\nmargin = 0.1\n', 0.1, math.log(5))])
def test_a_margin_of_before_becomes_nats_where_likelihoods_are_compared(path, before, margin, nats):
    path.write_text("version = 3\n" + before)
    value = SettingsFile(path).value
    assert (value.margin, value.margin_nats) == (margin, pytest.approx(nats))


def test_each_unit_has_its_own_margin():
    value = replace(Settings(), margin=0.1, margin_nats=3.0)
    assert (value.margin_in("nats"), value.margin_in("similarity")) == (3.0, 0.1)


def test_a_threshold_follows_its_units_unless_it_is_given(path):
    file = SettingsFile(path)
    assert (file.change(backend="cosine").threshold, file.value.margin) == (0.75, 0.05)
    assert file.change(threshold=0.8).threshold == 0.8
    assert file.change(backend="best").threshold == 0.8
    assert file.change(backend="lda").threshold == 0.5
    assert file.change(backend="cosine", threshold=0.7).threshold == 0.7
    assert (file.change(backend="two-covariance", margin=0.1).threshold, file.value.margin) == (0.5, 0.1)
    assert file.value.margin_nats == math.log(5)  # each unit keeps its own
    assert file.change(measure="dot").threshold == 0.75


def test_a_file_that_cannot_be_written_is_said_and_the_value_stays(tmp_path):
    file = SettingsFile(tmp_path / "gone" / "settings.toml")
    with pytest.raises(StoreError, match="cannot be written"):
        file.change(theme="dark")
    assert file.value == Settings()


def test_every_default_passes_its_own_checks_and_keeps_its_type(path):
    SettingsFile(path).change()
    written = tomlkit.parse(path.read_text("utf-8")).unwrap()
    assert {key: type(value) for key, value in written.items() if key != "version"} == {
        key: type(value) for key, value in asdict(Settings()).items()}
