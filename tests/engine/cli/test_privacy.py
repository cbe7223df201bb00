"""`privacy`, `voices export` and `import` as a user meets them; that nothing leaves the machine, nor enters the log."""

from __future__ import annotations

import getpass
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import keyring
import numpy as np
import pytest
from keyring.backends import fail

from tests.engine.cli.conftest import Run, make_sounds
from tests.engine.cli.test_schemas import check
from tests.keyring_in_a_folder import FolderKeyring
from tests.true_models import write_takes


@pytest.fixture(autouse=True)
def folder_keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FolderKeyring]:
    monkeypatch.delenv("EARMARK_PASSPHRASE_FILE", raising=False)
    before = keyring.get_keyring()
    ours = FolderKeyring(tmp_path / "keyring")
    keyring.set_keyring(ours)
    yield ours
    keyring.set_keyring(before)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase.txt"
    file.write_text("seven words are easy to remember\n")
    return file


@pytest.fixture
def enrolled(run: Run, tmp_path: Path) -> Path:
    """One take of Zoë Wintergreen, enrolled with its recording; returns the file."""
    take = write_takes(tmp_path / "takes", 1, 1)[0]
    assert run("voices", "enroll", "Zoë Wintergreen", take, "--keep-recordings").code == 0
    return take


def at_a_terminal(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Let somebody type; returns the prompts."""
    asked: list[str] = []
    waiting = iter(answers)

    def typed(prompt: str, stream: object = None) -> str:
        asked.append(prompt)
        return next(waiting)

    monkeypatch.setattr(getpass, "getpass", typed)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    return asked


def test_on_and_off_with_the_keyring(run, enrolled, folder_keyring):
    off = run("privacy", "status", "--json").document
    check("privacy status", off)
    assert (off["encryption"], off["since"], off["wiped"], off["keyring"]) == ("off", None, True, True)
    on = run("privacy", "on", "--json").document
    check("privacy on", on)
    assert on["encryption"] == "keyring"
    assert run("voices", "identify", enrolled, "--json").document["voice"] == "Zoë Wintergreen"
    check("privacy status", run("privacy", "status", "--json").document)
    for entry in folder_keyring.folder.iterdir():
        entry.unlink()
    gone = run("voices", "list", "--json")
    check("errors", gone.document)
    assert (gone.code, gone.document["error"]["kind"]) == (2, "locked")
    assert run("privacy", "status", "--json").document["locked"] == "key"
    assert "Give the recovery code" in run("privacy", "status").out


def test_the_recovery_code_from_a_file(run, enrolled, folder_keyring, tmp_path, monkeypatch):
    code = run("privacy", "on", "--json").document["recovery_code"]
    for entry in folder_keyring.folder.iterdir():
        entry.unlink()
    (tmp_path / "code.txt").write_text(code)
    monkeypatch.setenv("EARMARK_PASSPHRASE_FILE", str(tmp_path / "code.txt"))
    off = run("privacy", "off", "--json")
    check("privacy status", off.document)
    assert off.document["encryption"] == "off"
    monkeypatch.delenv("EARMARK_PASSPHRASE_FILE")
    assert [v["name"] for v in run("voices", "list", "--json").document] == ["Zoë Wintergreen"]


def test_a_passphrase_from_a_file_and_typed(run, enrolled, secret, tmp_path, monkeypatch):
    keyring.set_keyring(fail.Keyring())
    nobody = run("privacy", "on")
    assert nobody.code == 2
    assert "--passphrase-file" in nobody.err
    on = run("privacy", "on", "--passphrase-file", secret, "--json").document
    check("privacy on", on)
    assert (on["encryption"], on["recovery_code"], on["keyring"]) == ("passphrase", None, False)
    locked = run("voices", "list")
    assert (locked.code, locked.out) == (2, "")
    assert "EARMARK_PASSPHRASE_FILE" in locked.err
    monkeypatch.setenv("EARMARK_PASSPHRASE_FILE", str(secret))
    assert run("voices", "list", "--json").document[0]["name"] == "Zoë Wintergreen"
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("something else\n")
    monkeypatch.setenv("EARMARK_PASSPHRASE_FILE", str(wrong))
    assert run("voices", "list", "--json").document["error"]["kind"] == "wrong-passphrase"
    for content, words in ((b"", "empty"), (b"\xff\xfe", "no text"), (b"x" * 5_000, "longer than 4096 bytes")):
        wrong.write_bytes(content)
        assert words in run("voices", "list").err
    wrong.unlink()
    assert "cannot be read" in run("voices", "list").err
    monkeypatch.delenv("EARMARK_PASSPHRASE_FILE")

    asked = at_a_terminal(monkeypatch, "nonsense", "seven words are easy to remember")
    again = run("voices", "list")
    assert "Zoë Wintergreen" in again.out
    assert "wrong" in again.err
    assert asked == ["Passphrase of the workspace: "] * 2
    at_a_terminal(monkeypatch, "1", "2", "3", "4")
    assert run("voices", "list").err.endswith("This passphrase is wrong. Nothing was changed.\n")

    at_a_terminal(monkeypatch, "the new passphrase", "mistyped")
    assert "not the same" in run("privacy", "on", "--passphrase").err
    at_a_terminal(monkeypatch, "the new passphrase", "the new passphrase", "seven words are easy to remember")
    assert run("privacy", "on", "--passphrase").code == 0
    at_a_terminal(monkeypatch, "the new passphrase")
    assert "Zoë Wintergreen" in run("voices", "list").out
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: False))
    assert run("voices", "forget-everything", "--yes").code == 0  # the passphrase may be lost
    assert run("voices", "list", "--json").document == []


def test_export_and_import(run, enrolled, secret, tmp_path):
    file, other = tmp_path / "zoë.earmark", tmp_path / "other"
    done = run("voices", "export", file, "Zoë Wintergreen", "--passphrase-file", secret, "--json")
    check("voices export", done.document)
    assert (done.document["voices"], done.document["recordings"]) == (1, 1)
    assert "--overwrite" in run("voices", "export", file, "--passphrase-file", secret).err
    assert run("voices", "export", file, "--passphrase-file", secret, "--overwrite").code == 0
    assert run("voices", "export", tmp_path / "x", "Nobody", "--passphrase-file", secret).err == (
        "earmark: No voice is called “Nobody”.\n")
    assert run("voices", "export", tmp_path / "x").code == 2  # nobody to ask
    brought = run("voices", "import", file, "--passphrase-file", secret, "--json", workspace=other)
    check("voices import", brought.document)
    assert [(v["name"], v["action"]) for v in brought.document["voices"]] == [("Zoë Wintergreen", "made")]
    assert run("voices", "identify", enrolled, "--json", workspace=other).document["voice"] == "Zoë Wintergreen"
    assert "is here already" in run("voices", "import", file, "--passphrase-file", secret, "--clash", "merge").out
    for arguments, kind in ((("--clash", "both"), "usage-error"), ((), "wrong-passphrase")):
        wrong = tmp_path / "wrong.txt"
        wrong.write_text("something else")
        ran = run("voices", "import", file, "--passphrase-file", wrong, *arguments, "--json")
        assert ran.document["error"]["kind"] == kind
    file.write_bytes(file.read_bytes()[:-1])
    cut = run("voices", "import", file, "--passphrase-file", secret, "--json", workspace=other)
    assert (cut.code, cut.document["error"]["kind"]) == (1, "export-unreadable")


def test_voices_can_be_exported_to_standard_output(run, enrolled, secret, tmp_path):
    """No word of the program stands among the sealed bytes."""
    file = tmp_path / "zoë.earmark"
    with file.open("wb") as out:
        ran = subprocess.run([sys.executable, "main.py", "voices", "export", "/dev/stdout", "--overwrite", "--passphrase-file",
                              secret, "--workspace", tmp_path / "workspace"], cwd=Path(__file__).parents[3], stdout=out,
                             stderr=subprocess.PIPE, text=True, check=True, timeout=120)
    assert "1 voices" in ran.stderr
    brought = run("voices", "import", file, "--passphrase-file", secret, "--json", workspace=tmp_path / "other")
    assert [(v["name"], v["action"]) for v in brought.document["voices"]] == [("Zoë Wintergreen", "made")]


def test_a_command_that_changes_something_removes_what_a_killed_one_left(run, enrolled, tmp_path):
    workspace = tmp_path / "workspace"
    left = [workspace / "recordings" / "takes" / ".7-ab.wav.part", workspace / "recordings" / "takes" / "7-ab.wav",
            workspace / "backups" / "earmark-0004-20260101-000000.db"]
    for file in left:
        file.write_bytes(b"what a killed program left")
    with closing(sqlite3.connect(workspace / "earmark.db")) as connection, connection:
        connection.execute("INSERT INTO seal (id, way, since, unclean) VALUES (1, 'off', '2026-01-01 00:00:00', 1)")
    status = run("privacy", "status")
    assert "next command that changes something" in status.err
    assert run("voices", "list", "--json").document[0]["name"] == "Zoë Wintergreen"
    assert all(file.exists() for file in left)  # reading changes nothing
    assert run("voices", "rename", "Zoë Wintergreen", "Zoë").code == 0
    assert not any(file.exists() for file in left)
    assert run("privacy", "status", "--json").document["wiped"]
    assert len(list((workspace / "recordings" / "takes").iterdir())) == 1


def test_without_voices_nothing_is_exported(run, secret, tmp_path):
    ran = run("voices", "export", tmp_path / "x.earmark", "--passphrase-file", secret)
    assert (ran.code, ran.err) == (2, "earmark: There are no voices to export. Nothing was written.\n")
    assert not (tmp_path / "x.earmark").exists()


def test_nothing_leaves_the_machine_and_the_log_tells_nothing(run, tmp_path, secret, monkeypatch):
    """The main commands with every way to the network closed; then the log is read."""
    def closed(*_: object, **__: object) -> None:
        raise AssertionError("something asked for the network")

    take = write_takes(tmp_path / "takes", 1, 1)[0]
    for name in ("connect", "connect_ex", "sendto", "bind"):
        monkeypatch.setattr(socket.socket, name, closed)
    monkeypatch.setattr(socket, "getaddrinfo", closed)
    monkeypatch.setattr(socket, "create_connection", closed)
    make_sounds(tmp_path / "sounds")
    for arguments in (
            ("voices", "enroll", "Zoë Wintergreen", take, "--keep-recordings"), ("privacy", "on"), ("voices", "identify", take),
            ("voices", "list"), ("voices", "rename", "Zoë Wintergreen", "Zoë Summerfield"),
            ("voices", "export", tmp_path / "file", "--passphrase-file", secret),
            ("voices", "import", tmp_path / "file", "--passphrase-file", secret),
            ("voices", "remove", "Zoë Summerfield"), ("voices", "import", tmp_path / "file", "--passphrase-file", secret),
            ("library", "add", tmp_path / "sounds"), ("search", "noise", "-k", "2"), ("privacy", "off")):
        assert run(*arguments).code == 0, arguments
    assert run("voices", "import", take, "--passphrase-file", secret).code == 1
    logs = b"".join(file.read_bytes() for file in (tmp_path / "workspace" / "logs").iterdir())
    assert b"sealed" in logs  # there is a log, and it says what was done
    from engine.store import Store

    with Store(tmp_path / "workspace") as store:
        voice = store.voices.list()[0]
        vectors = [np.asarray(e.vector) for new, _ in store.voices.everything(voice.id) for e, _ in new.samples]
    assert vectors
    for name in ("Zoë", "zoë", "Wintergreen", "Summerfield", take.name, "seven words", "passphrase.txt"):
        assert name.encode() not in logs, name
    for vector in vectors:
        assert vector.tobytes() not in logs
        assert f"{vector[0]:.5f}".encode() not in logs
