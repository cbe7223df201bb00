"""What all commands share: options in any place, one document, words elsewhere, odd names, missing weights, no Qt."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine import cli
from engine.cli.output import Output, clock, file_name, plain, shown
from tests.true_models import spoken, write_takes

REPOSITORY = Path(__file__).parents[3]


def program(*arguments, code=None, **environment):
    """Run main.py (or a piece of code) in a process of its own."""
    command = [sys.executable, "main.py"] if code is None else [sys.executable, "-c", code]
    return subprocess.run([*command, *map(os.fspath, arguments)], cwd=REPOSITORY, capture_output=True, text=True,
                          check=False, timeout=120, errors="surrogateescape", env={**os.environ, **environment})


# --- options ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [
    ["--json", "--workspace", "{w}", "voices", "list"], ["voices", "list", "--json", "--workspace", "{w}"],
    ["voices", "--workspace={w}", "list", "--json"], ["--workspace={w}", "voices", "--json", "list", "--device=cpu"],
    ["--device", "cpu", "voices", "--json", "list", "--workspace", "{w}"],
], ids=["before", "after", "between", "around", "device"])
def test_common_options_may_stand_anywhere(furnished, capsys, order):
    assert cli.main([word.format(w=furnished / "workspace") for word in order]) == 0
    assert [v["name"] for v in json.loads(capsys.readouterr().out)] == ["Anna", "Bert"]


def test_what_follows_two_dashes_is_no_option(furnished, capsys):
    """A file may be called --json; then the answer is words."""
    workspace = str(furnished / "workspace")
    assert cli.main(["--workspace", workspace, "voices", "identify", "--", "--json"]) == 1
    assert capsys.readouterr().out == ""


def test_without_json_there_are_words_and_tables(run, furnished):
    workspace = furnished / "workspace"
    ran = run("voices", "list", workspace=workspace)
    assert (ran.code, ran.err) == (0, "")
    assert [line.split()[:2] for line in ran.out.splitlines()] == [
        ["Voice", "State"], ["Anna", "enrolled"], ["Bert", "enrolled"]]
    named = run("voices", "identify", furnished / "new" / "voice 1 take 7.wav", workspace=workspace)
    assert named.out.startswith("voice 1 take 7.wav: Anna · similarity 0.")
    assert "noise.wav" in run("search", "white noise", "-k", 1, workspace=workspace).out
    assert "Add one with" in run("library", "list").out
    assert "Enroll one with" in run("voices", "list").out


def test_help_is_no_error(run):
    for words in (["--help"], ["voices", "--help"], ["search", "--help"]):
        ran = run(*words)
        assert ran.code == 0
        assert "Usage: python main.py" in ran.out


def test_several_files_of_which_one_fails_are_done_and_the_code_is_1(run, furnished):
    new = furnished / "new"
    ran = run("voices", "identify", new / "gone.wav", new / "voice 1 take 7.wav", workspace=furnished / "workspace")
    assert ran.code == 1
    assert "Anna" in ran.out
    assert ran.err == "earmark: gone.wav: there is no such file.\n"


# --- names that are not UTF-8 -----------------------------------------------------------------------------------------


def test_names_that_are_not_utf8_are_escaped_everywhere(run, tmp_path):
    folder = tmp_path / "s\udcffunds"
    try:
        folder.mkdir()
    except (OSError, UnicodeEncodeError):
        pytest.skip("this file system takes only UTF-8 names")
    path = folder / "t\udce4ke.wav"
    with path.open("wb") as file:
        import soundfile

        soundfile.write(file, spoken(1).samples, 16_000, format="WAV")
    escaped = f"{tmp_path}/s\\xffunds/t\\xe4ke.wav"
    enrolled = run("voices", "enroll", "Anna", path, "--json")
    assert (enrolled.code, enrolled.document["takes"][0]["source"]) == (0, "t\\xe4ke.wav")
    assert run("voices", "identify", path, "--json").document["file"] == escaped
    assert run("voices", "identify", path).out.startswith("t\\xe4ke.wav: Anna")
    broken = folder / "br\udcffken.wav"
    broken.write_bytes(b"no sound")
    assert run("voices", "identify", broken, "--json").document["file"] == f"{tmp_path}/s\\xffunds/br\\xffken.wav"
    assert "br\\xffken.wav" in run("voices", "identify", broken).err
    assert run("library", "add", folder, "--json").document == {"folder": f"{tmp_path}/s\\xffunds"}
    scanned = run("library", "scan", "--json").document
    assert (scanned["added"], [f["path"] for f in scanned["failed"]]) == (1, [f"{tmp_path}/s\\xffunds/br\\xffken.wav"])
    assert run("library", "list", "--json").document["sounds"][0]["path"] == escaped
    assert "\\xe4ke.wav" in run("library", "list").out
    assert run("search", "speech", "--json").document["results"][0]["path"] == escaped
    assert run("map", "--space", "sounds", "--out", folder / "m.json", "--json").code in (0, 2)


def test_control_characters_in_a_name_do_not_reach_the_terminal(run, tmp_path):
    path = tmp_path / "a\x1b[31mred\nb.wav"
    path.touch()
    ran = run("voices", "identify", path)
    assert "\x1b" not in ran.err
    assert ran.code == 1
    assert run("voices", "identify", path, "--json").document["file"] == str(path)


def test_a_terminal_that_knows_no_umlauts_is_no_reason_to_fail(tmp_path):
    workspace = tmp_path / "workspace"
    said = program("voices", "remove", "Zoë Ångström", "--json", "--workspace", workspace, PYTHONIOENCODING="ascii")
    assert said.returncode == 1
    assert "Zoë Ångström" in json.loads(said.stdout)["error"]["message"]
    said = program("voices", "remove", "Zoë Ångström", "--workspace", workspace, PYTHONIOENCODING="ascii")
    assert said.returncode == 1
    assert "Zo\\xeb" in said.stderr
    assert "Traceback" not in said.stderr


# --- missing parts ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [
    ["voices", "enroll", "Anna", "{take}"], ["voices", "identify", "{take}"], ["evaluate", "speakers", "--data", "{data}"],
    ["evaluate", "zero-shot", "--data", "{data}"], ["library", "scan"], ["demo", "--out", "{out}"],
], ids=lambda words: " ".join(words[:2]))
def test_missing_weights_name_the_command_that_gets_them(run, tmp_path, monkeypatch, arguments):
    for voice in (1, 2):
        take, _ = write_takes(tmp_path / "data" / str(voice), voice, 2)
    run("library", "add", tmp_path / "data")
    monkeypatch.setenv("EARMARK_MODELS", str(tmp_path / "no models"))
    places = {"take": take, "data": tmp_path / "data", "out": tmp_path / "demo"}
    workspace = tmp_path / "demo workspace" if arguments[0] == "demo" else None
    ran = run(*[word.format(**places) for word in arguments], "--json", workspace=workspace)
    assert (ran.code, ran.document["error"]["kind"]) == (2, "weights-missing")
    assert "python main.py models fetch" in ran.document["error"]["message"]
    assert run("voices", "list", "--json").document == []


def test_the_demo_does_not_touch_a_workspace_that_it_did_not_make(run, tmp_path):
    take, = write_takes(tmp_path, 1, 1)
    run("voices", "enroll", "Anna", take)
    ran = run("demo", "--out", tmp_path / "demo", "--json")
    assert (ran.code, ran.document["error"]["kind"]) == (2, "usage-error")
    assert [v["name"] for v in run("voices", "list", "--json").document] == ["Anna"]


def test_damaged_weights_are_not_loaded_and_named(run, tmp_path, monkeypatch):
    import shutil

    from tests.true_models import models

    shutil.copytree(models().weights.folder, tmp_path / "models")
    weights = next((tmp_path / "models").glob("campplus-*/*.safetensors"))
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    monkeypatch.setenv("EARMARK_MODELS", str(tmp_path / "models"))
    take, = write_takes(tmp_path, 1, 1)
    ran = run("voices", "enroll", "Anna", take, "--json")
    assert (ran.code, ran.document["error"]["kind"]) == (1, "weights-corrupt")
    assert "models fetch campplus" in ran.document["error"]["message"]
    assert {m["name"]: m["state"] for m in run("models", "list", "--json").document}["campplus"] == "damaged"
    assert run("voices", "list", "--json").document == []


def test_a_workspace_that_cannot_be_made_is_said(tmp_path, capsys):
    (tmp_path / "file").touch()
    assert cli.main(["voices", "list", "--json", "--workspace", str(tmp_path / "file" / "workspace")]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "store-error"


def test_forgetting_asks_first(run, furnished, monkeypatch):
    monkeypatch.setattr("sys.stdin", open(os.devnull))  # noqa: PTH123, SIM115 - nobody answers
    ran = run("voices", "forget-everything", "--json", workspace=furnished / "workspace")
    assert (ran.code, ran.document["error"]["kind"]) == (130, "cancelled")
    assert len(run("voices", "list", "--json", workspace=furnished / "workspace").document) == 2


# --- no screen --------------------------------------------------------------------------------------------------------

NO_QT = """
import runpy, sys
sys.argv = ["main.py", *sys.argv[1:]]
try:
    runpy.run_path("main.py", run_name="__main__")
except SystemExit as left:
    print(left.code, sorted(m for m in sys.modules if m.split(".")[0] in ("PySide6", "shiboken6", "pyqtgraph", "gui")),
          "torch" in sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize(("arguments", "torch"), [
    (["voices", "list"], False), (["library", "list"], False), (["models", "list"], False), (["--help"], False),
    (["devices"], True), (["voices", "identify", "{take}"], True),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_commands_import_no_qt_and_torch_only_where_it_computes(furnished, arguments, torch):
    take = furnished / "new" / "voice 1 take 7.wav"
    words = [word.format(take=take) for word in arguments]
    ran = program(*words, "--workspace", furnished / "workspace", code=NO_QT)
    assert ran.stderr.splitlines()[-1] == f"0 [] {torch}", ran.stderr


def test_without_a_display_the_window_says_so_and_leaves_with_2(tmp_path):
    if sys.platform != "linux":
        pytest.skip("only here a display can be missing")
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")}
    ran = subprocess.run([sys.executable, "main.py", "--workspace", tmp_path / "workspace"], cwd=REPOSITORY,
                         capture_output=True, text=True, check=False, env=environment, timeout=60)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert "no display" in ran.stderr
    assert "python main.py --help" in ran.stderr
    assert ran.stderr.count("\n") == 1


# --- pieces -----------------------------------------------------------------------------------------------------------


def test_documents_hold_nothing_that_json_does_not_know():
    import numpy as np

    found = plain({"a": np.float32(0.5), "b": float("nan"), "c": (np.int64(3), Path("/x/y")), "d": float("-inf"), 1: None})
    assert found == {"a": 0.5, "b": None, "c": [3, "/x/y"], "d": None, "1": None}


def test_relative_paths_become_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert file_name("a.wav") == str(tmp_path / "a.wav")
    assert file_name(Path("b\udcff.wav")) == f"{tmp_path}/b\\xff.wav"


def test_what_is_shown_is_printable():
    assert shown("a\x07b\x1b[0m ü 声 \udcff") == "a\\x07b\\x1b[0m ü 声 \\xff"


@pytest.mark.parametrize(("seconds", "words"), [
    (0, "0:00.0"), (59.96, "1:00.0"), (61.25, "1:01.2"), (3599.9, "59:59.9"), (3600, "1:00:00"), (86_399.9, "23:59:59")])
def test_clock(seconds, words):
    assert clock(seconds) == words


def test_an_output_that_is_closed_ends_the_program_without_a_word(furnished):
    """As `… | head -1` does."""
    ran = subprocess.Popen([sys.executable, "main.py", "library", "list", "--workspace", furnished / "workspace"],
                           cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    ran.stdout.close()
    assert ran.wait(60) in (0, 1)
    assert b"Traceback" not in ran.stderr.read()
    ran.stderr.close()


def test_progress_is_drawn_on_a_terminal_only(capsys):
    out = Output(as_json=True)
    with out.progress("Reading") as ticket:
        ticket.report(1, 2, "a.wav")
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")
