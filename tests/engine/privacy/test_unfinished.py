"""A disk that is full, and other reasons why something after a change has to wait: what was done is said, and never denied."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import cli
from engine.errors import StoreError
from engine.store import Store
from engine.store.database import Database
from tests.engine.privacy.conftest import PASSPHRASE, SPEC, contents, secrets, vectors_of
from tests.engine.privacy.test_removal import voices_of
from tests.traces import traces

FULL = StoreError("The disk of the workspace is full.")


@pytest.fixture
def never_wiped(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Rebuilding the database fails, as on a disk that is full; `undo` of what is given back ends that."""
    with pytest.MonkeyPatch.context() as patch:
        def full(self: Database) -> bool:
            raise FULL

        patch.setattr(Database, "wipe", full)
        yield patch


def run(workspace: Path, *arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    before = signal.getsignal(signal.SIGTERM)
    capsys.readouterr()
    try:
        code = cli.main([*arguments, "--workspace", str(workspace)])
    finally:
        signal.signal(signal.SIGTERM, before)
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_removal_that_cannot_be_wiped_yet_is_made_and_said(workspace, never_wiped, capsys):
    code, out, err = run(workspace, "voices", "remove", "Anna Wintergreen", capsys=capsys)
    assert out == "Anna Wintergreen was removed, with all samples and recordings.\n"
    assert "could not be wiped yet" in err
    assert "disk of the workspace is full" in err
    assert "next command that changes something" in err
    assert "Nothing was changed" not in err
    assert code == 1  # what was asked for is not all done
    with Store(workspace) as store:
        assert [voice.name for voice in store.voices.list()] == ["Bert Oakenshaw"]
        assert store.encrypting.state().unclean
    never_wiped.undo()
    code, out, err = run(workspace, "voices", "rename", "Bert Oakenshaw", "Bertram", capsys=capsys)
    assert (code, err) == (0, "")
    assert traces(workspace, ["Wintergreen", *vectors_of(1), *vectors_of(2)]) == []


@pytest.mark.parametrize("arguments", [("voices", "remove", "Anna Wintergreen"), ("privacy", "on", "--keyring")])
def test_whoever_stops_the_wiping_is_told_what_was_done(workspace, monkeypatch, capsys, arguments):
    def stopped(self: Database) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(Database, "wipe", stopped)
    code, out, err = run(workspace, *arguments, capsys=capsys)
    assert ("was removed" if "remove" in arguments else "Voices are encrypted") in out
    assert "(It was stopped.)" in err
    assert "Cancelled" not in err
    assert code == 1


def test_another_change_is_not_blamed_for_what_is_left_of_an_earlier_one(workspace, never_wiped, capsys):
    assert run(workspace, "voices", "remove", "Anna Wintergreen", capsys=capsys)[0] == 1
    assert run(workspace, "voices", "rename", "Bert Oakenshaw", "Bertram", capsys=capsys)[::2] == (0, "")


@pytest.mark.parametrize("json", [False, True])
def test_encryption_that_cannot_be_wiped_yet_is_on_and_the_code_is_shown(workspace, never_wiped, capsys, json):
    code, out, err = run(workspace, "privacy", "on", "--keyring", *(["--json"] if json else []), capsys=capsys)
    assert "Recovery code: " in (err if json else out)
    assert '"wiped": false' in out or not json
    assert "could not be wiped yet" in err
    assert "Nothing was changed" not in err + out
    assert code == 1
    recovery = (err if json else out).split("Recovery code: ")[1].split()[0]
    with Store(workspace) as store:
        assert store.encrypting.state().way == "keyring"
    never_wiped.undo()
    run(workspace, "voices", "rename", "Bert Oakenshaw", "Bertram", capsys=capsys)
    assert traces(workspace, secrets()) == []
    for entry in (workspace.parent / "keyring").iterdir():
        entry.unlink()
    with Store(workspace) as store:
        store.seals.unlock(recovery)
        assert len(store.voices.list()) == 2


def test_a_code_that_came_to_nothing_is_said_to(workspace, monkeypatch, capsys, folder_keyring):
    from engine.store import resealing

    def full(*_: object) -> None:
        raise FULL

    monkeypatch.setattr(resealing, "reseal", full)
    code, out, err = run(workspace, "privacy", "on", "--keyring", capsys=capsys)
    assert "Recovery code: " in out
    assert "The recovery code above opens nothing" in err
    assert code == 1
    assert folder_keyring.entries == []
    with Store(workspace) as store:
        assert store.plain


def test_whoever_stops_encrypting_is_told_whether_the_code_opens_something(workspace, monkeypatch, capsys):
    """Ctrl+C after the code was shown: before the commit it opens nothing; after it, and again with a new one, it does."""
    from engine.store import resealing
    from engine.store.voices import VoiceStore

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    on = ("privacy", "on", "--keyring")
    with monkeypatch.context() as patch:
        patch.setattr(resealing, "reseal", stopped)
        code, out, err = run(workspace, *on, capsys=capsys)
    assert (code, "The recovery code above opens nothing" in err) == (130, True)
    for _ in range(2):  # sealed; then sealed already, under a code of before
        with monkeypatch.context() as patch:
            patch.setattr(VoiceStore, "clean", stopped)
            code, out, err = run(workspace, *on, capsys=capsys)
        assert (code, "opens nothing" in err, "the recovery code above opens them" in err) == (130, False, True)
        with Store(workspace) as store:
            assert store.seals.opened_by(out.split("Recovery code: ")[1].split()[0])


def test_whoever_stops_the_tidying_at_the_end_is_told_that_the_command_is_done(workspace, monkeypatch, capsys):
    from engine.app import Earmark

    def stopped(self: Earmark) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Earmark, "tidy", stopped)
    code, _, err = run(workspace, "voices", "rename", "Bert Oakenshaw", "Bertram", capsys=capsys)
    assert (code, "What was asked for is done" in err, "Traceback" in err) == (130, True, False)
    code, _, err = run(workspace, "voices", "rename", "Bertram", "Anna Wintergreen", capsys=capsys)
    assert (code, "What was asked for is done" in err) == (1, False)
    with Store(workspace) as store:
        assert [voice.name for voice in store.voices.list()] == ["Anna Wintergreen", "Bertram"]


SHOWS = """
import os, pathlib, signal, sys
import keyring
from tests.keyring_in_a_folder import FolderKeyring
keyring.set_keyring(FolderKeyring(pathlib.Path(sys.argv[2])))
from engine.store import resealing, Store
def killed(connection, recordings, old, new, before=resealing.reseal):
    if sys.argv[3] == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    before(connection, recordings, old, new)
resealing.reseal = killed
from engine.store.voices import VoiceStore
VoiceStore.clean = lambda self: os.kill(os.getpid(), signal.SIGKILL)
from engine import cli
cli.main(["privacy", "on", "--keyring", "--workspace", sys.argv[1]])
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_nothing_is_sealed_by_a_key_whose_code_nobody_has_seen(workspace, tmp_path, when):
    """Killed before and after the commit: by then the code stands on the screen, and it opens what is sealed."""
    ran = subprocess.run([sys.executable, "-c", SHOWS, str(workspace), str(tmp_path / "keyring"), when], check=False,
                         cwd=Path(__file__).parents[3], capture_output=True, text=True)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    code = ran.stdout.split("Recovery code: ")[1].split()[0]
    shutil.rmtree(tmp_path / "keyring")
    (tmp_path / "keyring").mkdir()
    with Store(workspace) as store:
        assert store.plain == (when == "before")
        if when == "after":
            store.seals.unlock(code)
        assert len(store.voices.list()) == 2


def test_a_recording_that_cannot_be_removed_does_not_keep_the_voice(workspace, monkeypatch):
    refused = True
    unlink = Path.unlink

    def refuses(self: Path, missing_ok: bool = False) -> None:
        if refused and self.suffix == ".wav":
            raise PermissionError(13, "Permission denied")
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuses)
    with Store(workspace) as store:
        voices_of(store).remove("Anna Wintergreen")
        assert [voice.name for voice in store.voices.list()] == ["Bert Oakenshaw"]
        left = store.unfinished()
        assert left is not None
        assert (left.kind, "A recording could not be removed" in left.pending) == ("unfinished", True)
        assert store.encrypting.state().unclean
        refused = False
        assert store.encrypting.finish()
        assert traces(workspace, ["Wintergreen", *vectors_of(1), *vectors_of(2)]) == []


def test_a_removal_that_is_not_committed_loses_no_recording(workspace, monkeypatch):
    with Store(workspace) as store:
        before = contents(store)
        with pytest.raises(StoreError), store.writing():
            voices_of(store).remove("Anna Wintergreen")
            raise FULL
        assert contents(store) == before
        assert store.voices.remove_strays()
        assert contents(store) == before


def test_a_change_and_its_place_in_the_journal_are_one(workspace, monkeypatch):
    """A journal that cannot be written does not leave a change behind an error that says it failed."""
    from engine.store.changes import ChangeStore

    def full(*_: object) -> int:
        raise FULL

    with Store(workspace) as store:
        voices = voices_of(store)
        with monkeypatch.context() as patch:
            patch.setattr(ChangeStore, "note", full)
            with pytest.raises(StoreError):
                voices.rename("Bert Oakenshaw", "Bertram")
        assert [voice.name for voice in voices.list()] == ["Anna Wintergreen", "Bert Oakenshaw"]
        assert voices.history.next_undo() is None
        voices.remove_sample(1)
        with monkeypatch.context() as patch:
            patch.setattr(ChangeStore, "drop", full)
            with pytest.raises(StoreError):
                voices.undo()
        assert len(voices.samples(1)) == 5
        voices.undo()
        assert len(voices.samples(1)) == 6


def test_forgetting_says_what_it_did_and_what_is_left(workspace, monkeypatch):
    def refuses(folder: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "rmtree", refuses)
    with Store(workspace) as store, pytest.raises(StoreError) as told:
        store.forget_everything()
    assert told.value.kind == "unfinished"
    assert str(told.value).startswith("All voices, timelines, sounds, searches and tags are forgotten. Not everything")


# --- a disk that is truly full ---


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB. It takes root, and Linux."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = sys.platform == "linux" and os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], check=False, capture_output=True).returncode == 0
    if not mounted:
        pytest.skip("a small disk of its own takes root on Linux")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path, leaving: int) -> None:
    """Leave so many bytes free."""
    (disk / "ballast").unlink(missing_ok=True)
    free = shutil.disk_usage(disk).free
    (disk / "ballast").write_bytes(b"\1" * max(0, free - leaving))


SPACES = [0, 20_000, 60_000, 100_000, 160_000, 240_000, 400_000]
"""Bytes left: from none to enough for all."""


@pytest.mark.parametrize("leaving", SPACES)
@pytest.mark.parametrize("what", ["remove", "encrypt"])
def test_on_a_full_disk_what_is_said_is_true(workspace, small_disk, capsys, leaving, what):
    place = small_disk / "workspace"
    shutil.copytree(workspace, place)
    with Store(place) as store:
        before = contents(store)
    fill(small_disk, leaving)
    code, out, err = run(place, *(["voices", "remove", "Anna Wintergreen"] if what == "remove" else
                                  ["privacy", "on", "--keyring"]), capsys=capsys)
    assert "Traceback" not in err
    (small_disk / "ballast").unlink(missing_ok=True)
    with Store(place) as store:
        after = contents(store)
        done = len(store.voices.list()) == 1 if what == "remove" else not store.plain
        unclean = store.encrypting.state().unclean
    assert after == before or (done and what == "remove")
    if not done:
        assert code == 1
        assert "is full" in err or "cannot be written" in err or "No space" in err
        assert "was removed" not in out
        assert "are encrypted" not in out
    else:
        assert ("was removed" if what == "remove" else "Recovery code: ") in out
        assert code == (1 if unclean else 0)
        assert ("could not be wiped yet" in err) == unclean
        assert "Nothing was changed" not in err
    run(place, "voices", "rename", "Bert Oakenshaw", "Bertram", capsys=capsys)
    with Store(place) as store:
        assert not store.encrypting.state().unclean
        assert [voice.name for voice in store.voices.list()][-1] == "Bertram"
        assert len(store.voices.samples(SPEC)) == (3 if done and what == "remove" else 9)
    if done:
        assert traces(place, ["Wintergreen", *vectors_of(1), *vectors_of(2)] if what == "remove" else secrets()) == []


def test_a_passphrase_on_a_full_disk_too(workspace, small_disk):
    place = small_disk / "workspace"
    shutil.copytree(workspace, place)
    with Store(place) as store:
        before = contents(store)
        fill(small_disk, 30_000)
        try:
            store.encrypting.turn_on(PASSPHRASE)
        except StoreError:
            assert store.plain
        else:
            assert not store.plain
        assert contents(store) == before
