"""What a terminal shows of names that mean harm, and what is left when a reader goes, a disk is full, or a stream is closed."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.cli.output import Output
from engine.errors import WeightsMissing

REPOSITORY = Path(__file__).parents[3]
HOSTILE = ["[/x]", "[bold]b[/bold]", "[red]", "a\nearmark: forged", "\x1b[31mred", "back\rover", "turn\u202eround", "[link=x]y",
           ":smile:", "\u2028line", "bell\x07"]
ESC = "\x1b"

SAY = """
import sys
import time
from pathlib import Path
from engine.cli.output import Output
from engine.errors import UsageError
name = sys.argv[1]
out = Output(False)
with out.progress("Listening") as ticket:
    for done in range(3):
        ticket.report(done, 3, name, "files")
        time.sleep(0.12)
out.say("=" * 20)
out.say(f"{name}: said")
out.note(f"{name}: noted")
out.table(["Who", "[/m]"], [[name, "1"]], right=(1,))
out.file_failed(Path(name), f"{name} is why")
out.failure(UsageError(f"No model is called “{name}”."))
"""


def on_terminal(*command: str, folder: Path = REPOSITORY, keys: bytes = b"", wait_for: bytes = b"") -> tuple[int, str]:
    """Run a command whose streams are a terminal of 100 columns; returns its exit code and all that was on it."""
    pid, master = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.environ.update(COLUMNS="100", TERM="xterm")
        os.execv(command[0], command)
    said = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # the other end has closed
            piece = b""
        if not piece:
            break
        said += piece
        if keys and wait_for in said:
            os.write(master, keys)
            keys = b""
    os.close(master)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.decode("utf-8", "replace")


def program(*arguments: object, out: int = subprocess.PIPE, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "main.py", *map(str, arguments)], cwd=REPOSITORY, stdout=out, stderr=subprocess.PIPE,
                          text=True, check=False, timeout=120, **options)  # type: ignore[call-overload]


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_no_name_is_markup_or_moves_the_terminal(name):
    code, said = on_terminal(sys.executable, "-c", SAY, name)
    assert (code, "Traceback" in said) == (0, False), said
    bar, end = said.replace("\r\n", "\n").split("=" * 20 + "\n")
    visible = repr(name)[1:-1]
    assert visible in bar
    assert name == visible or name not in bar
    end = end.replace(f"{ESC}[1m", "").replace(f"{ESC}[0m", "")  # bold heads are ours
    assert not any(letter in end for letter in f"{ESC}\r\x07\u202e\u2028"), end
    lines = end.splitlines()
    assert not any(line.startswith("earmark: forged") for line in lines)
    assert sum(visible in line for line in lines) == 5, lines


def test_a_true_command_with_a_name_that_looks_like_markup(tmp_path):
    path = tmp_path / "[red]\x1b[31m.wav"
    path.write_bytes(b"no sound")
    code, said = on_terminal(sys.executable, "main.py", "voices", "enroll", "[/y]", str(path), "--workspace", str(tmp_path / "w"))
    assert (code, "Traceback" in said) == (1, False), said
    assert "[red]\\x1b[31m.wav" in said
    assert f"{ESC}[31m" not in said


def test_a_question_shows_the_path_as_it_is_shown_everywhere(tmp_path):
    workspace = tmp_path / "w\x1b[31m\nForget nothing"
    code, said = on_terminal(sys.executable, "main.py", "voices", "forget-everything", "--workspace", str(workspace),
                             keys=b"n\n", wait_for=b"undone")
    assert code == 130
    assert f"{ESC}[31m" not in said
    assert "w\\x1b[31m\\nForget nothing" in said


@pytest.mark.parametrize("name", ["A\nB", "A\x1b[0mB", "A\u202eB", "A\tB", "\u2028A\u2028B"], ids=ascii)
def test_a_voice_cannot_be_called_so(name, tmp_path):
    (tmp_path / "a.wav").write_bytes(b"no sound")
    said = program("voices", "enroll", name, tmp_path / "a.wav", "--json", "--workspace", tmp_path / "w")
    assert (said.returncode, json.loads(said.stdout)["error"]["kind"]) == (2, "usage-error")
    assert "one line" in json.loads(said.stdout)["error"]["message"]
    said = program("voices", "timeline", tmp_path / "a.wav", "--name", f"1={name}", "--json", "--workspace", tmp_path / "w")
    assert (said.returncode, json.loads(said.stdout)["error"]["kind"]) == (2, "usage-error")


def test_json_holds_hostile_names_as_they_are_and_is_one_line(tmp_path):
    path = tmp_path / "a\nb\x1b[0m\u2028=x\udcff.wav"
    said = program("voices", "identify", path, "--json", "--workspace", tmp_path / "w")
    assert said.stdout.count("\n") == 1
    assert json.loads(said.stdout)["file"].endswith("a\nb\x1b[0m\u2028=x\\xff.wav")
    assert said.stderr.count("\n") == 1
    assert ESC not in said.stderr


# --- failures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [["--colour", "blue"], ["voices", "list", "--\x1b[31m"], ["sing\nsong"],
                                   ["search", "rain", "-k", "x"],
                                   ["voices"], ["map"], ["--workspace"], ["--device=\x1b[0m", "voices", "list"]], ids=ascii)
def test_wrong_usage_is_one_document(words, tmp_path):
    said = program("--json", *words)
    assert said.returncode == 2
    assert set(json.loads(said.stdout)["error"]) == {"kind", "message"}
    assert said.stdout.count("\n") == 1
    assert ESC not in said.stderr


@pytest.mark.parametrize("as_json", [True, False])
def test_a_reader_that_goes_is_no_error_in_words(as_json, tmp_path):
    read, write = os.pipe()
    os.close(read)
    said = program("models", "list", *["--json"] * as_json, "--workspace", tmp_path / "w", out=write)
    os.close(write)
    assert (said.returncode, said.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("as_json", [True, False])
def test_a_full_disk_behind_standard_output_is_one_line(as_json, tmp_path):
    with Path("/dev/full").open("w") as full:
        said = program("models", "list", *["--json"] * as_json, "--workspace", tmp_path / "w", out=full.fileno())
    assert said.returncode == 1
    assert said.stderr.splitlines()[0] == "earmark: Standard output takes nothing more: No space left on device."
    assert "Traceback" not in said.stderr
    assert "Exception ignored" not in said.stderr


def test_streams_that_are_closed_are_no_reason_to_fail(tmp_path):
    said = subprocess.run(["sh", "-c", 'exec "$0" main.py voices list --workspace "$1" >&- 2>&- <&-', sys.executable,
                           str(tmp_path / "w")], cwd=REPOSITORY, check=False, timeout=60)
    assert said.returncode == 0


def test_an_installed_program_says_what_to_type_there(tmp_path):
    """There is no main.py beside it."""
    code = "import sys, main\nsys.argv[0] = '/somewhere/bin/earmark'\nsys.exit(main.main())"
    for words in (["voices", "list"], ["voices", "--help"]):
        said = subprocess.run([sys.executable, "-c", code, *words, "--workspace", str(tmp_path / "w")], cwd=REPOSITORY,
                              capture_output=True, text=True, check=False, timeout=60)
        assert "earmark voices" in said.stdout
        assert "python main.py" not in said.stdout + said.stderr


@pytest.mark.parametrize("as_json", [True, False])
def test_an_error_of_an_installed_program_says_it_too(as_json, capsys):
    Output(as_json, "earmark").failure(WeightsMissing("ge2e"))
    said = capsys.readouterr()
    assert "Get them with: earmark models fetch ge2e" in said.out + said.err
    Output(as_json).failure(WeightsMissing("ge2e"))
    said = capsys.readouterr()
    assert "Get them with: python main.py models fetch ge2e" in said.out + said.err


def test_a_fetch_that_fails_says_it_once(tmp_path):
    environment = {**{k: v for k, v in os.environ.items() if not k.startswith("PIP_")}, "PIP_NO_INDEX": "1",
                   "PIP_CONFIG_FILE": os.devnull, "EARMARK_MODELS": str(tmp_path)}
    said = program("models", "fetch", "ge2e", env=environment)
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr.count("\n") == 1
    assert said.stderr.startswith("earmark: GE2E d-vector could not be fetched")


@pytest.mark.parametrize("as_json", [True, False])
def test_ctrl_c_ends_with_130(as_json, tmp_path):
    code = "import main, engine.app, sys, time\n" \
           "def slow(*_): print('ready', file=sys.stderr, flush=True); time.sleep(60)\n" \
           "engine.app.Earmark.__init__ = slow\nsys.exit(main.main())"
    command = [sys.executable, "-c", code, "voices", "list", "--workspace", str(tmp_path), *["--json"] * as_json]
    running = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    assert running.stderr.readline() == "ready\n"
    time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode == 130
    if as_json:
        assert json.loads(out) == {"error": {"kind": "cancelled", "message": "Cancelled."}}
    else:
        assert (out, err) == ("", "earmark: Cancelled.\n")


def test_ctrl_c_before_anything_is_loaded_is_no_traceback():
    running = subprocess.Popen([sys.executable, "-X", "importtime", "main.py", "voices", "list"], cwd=REPOSITORY,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stderr is not None
    while "rich" not in (line := running.stderr.readline()) and "typer" not in line and line:
        pass
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "Traceback" not in err
