"""Settings: what is written is read again, what makes no sense is refused, and nobody's file is thrown away."""

from __future__ import annotations

import math
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import tomlkit

from engine import settings as settings_module
from engine.errors import SettingsBroken, StoreError, UsageError
from engine.settings import Settings, SettingsFile, set_aside

ROOT = Path(__file__).parents[2]
CHANGES = [{"theme": "dark"}, {"seed": 11}, {"keep_takes": True}, {"loop_span": True}, {"volume_db": -9.0}, {"margin": 0.3},
           {"map_space": "sounds"}, {"map_method": "umap"}, {"input_device": "in"}, {"output_device": "out"}, {"voice": "other"},
           {"hear_on_hover": False}, {"reduced_motion": True}, {"joint": "bridge"}, {"joint_next": "compact"}, {"device": "cpu"}]


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
    assert {p.name for p in path.parent.iterdir()} <= {"settings.toml", "settings.toml.lock"}


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


@pytest.mark.parametrize(("line", "key"), [
    ('theme = "drak"', "theme"), ('margin = "much"', "margin"), ("seed = true", "seed"), ("seed = -1", "seed"),
    ("threshold = " + "9" * 400, "threshold"), ("threshold = nan", "threshold"), ("threshold = true", "threshold"),
    ("volume_db = 1e300", "volume_db"), ('joint = ""', "joint"), ("joint = 3", "joint"), ('map_method = "magic"', "map_method"),
    ("thresholds = 0.5", "thresholds"), ('thresholds = {a = "much"}', "thresholds"), ("thresholds = {a = " + "9" * 400 + "}",
                                                                                     "thresholds"),
    ("loop_span = 1", "loop_span"), ("input_device = 7", "input_device"), ("seed = " + "9" * 400, "seed")])
def test_a_value_that_makes_no_sense_is_named_with_its_line_and_the_file_is_left_alone(path, line, key):
    content = f"version = 3\n# mine\n{line}\n"
    path.write_text(content)
    with pytest.raises(SettingsBroken, match=f"“settings.toml”, line 3 .*the value of {key} ") as caught:
        SettingsFile(path)
    assert (caught.value.line, caught.value.path, caught.value.kind) == (3, path, "settings-broken")
    assert len(str(caught.value)) < 600
    assert path.read_text() == content
    assert [p.name for p in path.parent.iterdir()] == ["settings.toml"]


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


@pytest.mark.parametrize(("content", "line"), [
    (b'version = 3\njoint = "bridge"\nvolume_db = -6,0\n', 3), (b"threshold = = 1", 1), (b'theme = "dark"\n\n# caf\xe9\n', 3),
    (b"\xff\xfe\x00bad", 1), (b"[[[", 1), (b"seed = 1\nseed = 2\n", 2), (b"a = " + b"[" * 20_000, 1),
    (b"seed = " + b"9" * 5000, 1), (b"x" * 2_000_000, None)])
def test_a_file_that_cannot_be_read_is_an_error_that_names_the_line_and_stays_where_it_is(path, content, line):
    path.write_bytes(content)
    with pytest.raises(SettingsBroken, match=r"“settings\.toml”.*Nothing was changed\..*move the file away") as caught:
        SettingsFile(path)
    assert caught.value.line == line
    assert path.read_bytes() == content
    assert [p.name for p in path.parent.iterdir()] == ["settings.toml"]


def test_a_file_that_breaks_while_the_program_runs_is_not_written_over(path):
    file = SettingsFile(path)
    file.change(margin=0.1)
    path.write_text("volume_db = -6,0\n")
    with pytest.raises(SettingsBroken, match="line 1"):
        file.change(theme="dark")
    with pytest.raises(SettingsBroken):
        file.follow()
    assert path.read_text() == "volume_db = -6,0\n"
    assert file.value == replace(Settings(), margin=0.1)


def test_what_is_no_file_is_an_error_and_nobody_waits_for_it(path):
    path.mkdir()
    with pytest.raises(SettingsBroken, match="cannot be used"):
        SettingsFile(path)
    path.rmdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(path)
        with pytest.raises(SettingsBroken, match="named pipe"):
            SettingsFile(path)


def test_a_byte_order_mark_is_read_over(path):
    path.write_bytes(b"\xef\xbb\xbfversion = 3\r\nthreshold = 0.99\r\n")
    file = SettingsFile(path)
    assert file.value.threshold == 0.99
    assert file.change(theme="dark").threshold == 0.99
    assert SettingsFile(path).value == replace(Settings(), threshold=0.99, theme="dark", voice="ge2e")


def test_what_is_put_aside_never_takes_the_place_of_what_was_put_aside_before(path):
    for content in ("first", "second", "third"):
        path.write_text(content)
        assert set_aside(path).read_text() == content
    assert sorted((p.name, p.read_text()) for p in path.parent.iterdir()) == [
        ("settings.toml.broken", "first"), ("settings.toml.broken-2", "second"), ("settings.toml.broken-3", "third")]


def test_of_many_threads_that_change_settings_none_is_lost(path):
    SettingsFile(path).change()
    files = [SettingsFile(path) for _ in range(4)]
    with ThreadPoolExecutor(8) as pool:
        [*pool.map(lambda n: files[n % 4].change(**CHANGES[n]), range(len(CHANGES)))]
    expected = Settings()
    for change in CHANGES:
        expected = replace(expected, **change)
    assert SettingsFile(path).value == expected


CHANGER = """
import sys
from pathlib import Path
from engine.settings import SettingsFile
file = SettingsFile(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for n in range(20):
    file.change(**{sys.argv[2]: f"{n}"})
"""


def test_of_two_programs_that_change_settings_neither_loses_the_others(path):
    SettingsFile(path).change()
    keys = ("input_device", "output_device")
    programs = [subprocess.Popen([sys.executable, "-c", CHANGER, str(path), key], cwd=ROOT, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True) for key in keys]
    for program in programs:
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        program.stdin.write("go\n")
        program.stdin.flush()
    assert [program.wait(60) for program in programs] == [0, 0]
    assert SettingsFile(path).value == replace(Settings(), input_device="19", output_device="19")


def test_a_change_of_another_program_is_kept_and_how_the_file_is_written_too(path):
    path.write_text("version = 5 # mine\nvolume_db = -12 # not so loud\nseed = 7\n")
    mine = SettingsFile(path)
    SettingsFile(path).change(input_device="Röhre", joint="bridge")
    assert mine.change(seed=8).input_device == "Röhre"
    assert mine.follow()  # which space is searched is taken over when somebody looks
    assert path.read_text("utf-8").startswith("version = 5 # mine\nvolume_db = -12 # not so loud\nseed = 8\n")
    assert SettingsFile(path).value == replace(Settings(), volume_db=-12, seed=8, input_device="Röhre", joint="bridge")


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_nobody_else_may_read_or_write_them(path):
    before = os.umask(0)
    try:
        path.write_text("seed = 3\n")
        SettingsFile(path).change(theme="dark")
    finally:
        os.umask(before)
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_settings_of_a_newer_earmark_are_refused_and_left_as_they_are(path):
    path.write_text("version = 99\nthreshold = 0.9\n")
    with pytest.raises(StoreError, match="newer Earmark"):
        SettingsFile(path)
    assert path.read_text() == "version = 99\nthreshold = 0.9\n"


@pytest.mark.parametrize("version", ['"one"', "0", "-3", "1.5", "true", "[]"])
def test_a_version_that_is_none_is_an_error(path, version):
    path.write_text(f"threshold = 0.9\nversion = {version}\n")
    with pytest.raises(SettingsBroken, match=r"line 2 .*version"):
        SettingsFile(path)
    assert path.read_text() == f"threshold = 0.9\nversion = {version}\n"


def test_without_a_version_it_is_this_one(path):
    path.write_text("threshold = 0.9\n")
    assert SettingsFile(path).value == replace(Settings(), threshold=0.9)


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
    ('backend = "lda"\nmargin = 0.01\n', 0.05, math.log(5) / 2), ("margin = 0\n", 0.05, 0.0), ("margin = 2\n", 0.05, 50.0),
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
    assert (file.change(backend="cosine").threshold, file.value.margin) == (0.45, 0.05)
    assert file.change(threshold=0.8).threshold == 0.8
    assert file.change(backend="best").threshold == 0.8
    assert file.change(backend="lda").threshold == 0.5
    assert file.change(backend="cosine", threshold=0.7).threshold == 0.7
    assert (file.change(backend="two-covariance", margin=0.1).threshold, file.value.margin) == (0.5, 0.1)
    assert file.value.margin_nats == math.log(5)  # each unit keeps its own
    assert file.change(measure="dot").threshold == 0.45


def test_a_file_that_cannot_be_written_is_said_and_the_value_stays(tmp_path):
    file = SettingsFile(tmp_path / "gone" / "settings.toml")
    with pytest.raises(StoreError, match="cannot be written"):
        file.change(theme="dark")
    assert file.value == Settings()
    assert not (tmp_path / "gone").exists()


def test_every_default_passes_its_own_checks_and_keeps_its_type(path):
    SettingsFile(path).change()
    written = tomlkit.parse(path.read_text("utf-8")).unwrap()
    assert {key: type(value) for key, value in written.items() if key != "version"} == {
        key: type(value) for key, value in asdict(Settings()).items()}


def test_who_never_chose_an_encoder_of_voices_keeps_ge2e_or_what_is_stored(path):
    assert settings_module.UPGRADES[4]({"seed": 9}) == {"seed": 9, "voice": "ge2e"}
    assert settings_module.UPGRADES[4]({"voice": "mine"}) == {"voice": "mine"}
    for first in ("", "version = 1\n", "version = 4\n"):
        path.write_text(first + "seed = 9\n")
        file = SettingsFile(path)
        assert file.unsaid("voice")
        if first:
            assert file.value.voice == "ge2e"
        file.suppose(voice="small")
        assert file.value.voice == "small"
    path.write_text('version = 4\nvoice = "mine"\n')
    file = SettingsFile(path)
    file.suppose(voice="small")
    assert (file.value.voice, file.unsaid("voice")) == ("mine", False)
    file.change(seed=3)
    written = tomlkit.parse(path.read_text())
    assert (written["voice"], written["version"]) == ("mine", settings_module.VERSION)


def test_the_threshold_of_cosines_belongs_to_the_encoder(path):
    path.write_text('backend = "cosine"\nthreshold = 0.75\n')
    usual = {voice: settings_module.default_threshold(Settings(backend="cosine", voice=voice))
             for voice in ("ge2e", "mine", "campplus")}
    assert usual["ge2e"] == usual["mine"] == 0.75 and 0.3 < usual["campplus"] < 0.6
    assert settings_module.default_threshold(Settings(voice="campplus")) == 0.5
