"""Encryption at rest: what is read stays the same, what lies on the disk tells nothing, and no kill loses anything."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import keyring
import pytest
from keyring.backends import fail, null

from engine.errors import EnrollmentError, KeyringMissing, Locked, RecordDamaged, StoreError, UsageError, WrongPassphrase
from engine.records import Embedding, Span
from engine.settings import SettingsFile
from engine.store import Store
from engine.store.records import NewTimeline, NewTrack
from engine.voices.privacy import Privacy
from engine.voices.service import Voices
from tests.engine.privacy.conftest import NOW, PASSPHRASE, SPEC, add_take, contents, secrets, vectors_of
from tests.traces import traces

ROOT = Path(__file__).parents[3]


def test_sealed_by_the_keyring_everything_reads_as_before_and_nothing_lies_open(workspace, folder_keyring):
    (workspace / "backups" / "earmark-0001-20200101-000000.db").write_bytes(b"Anna Wintergreen")
    with Store(workspace) as store:
        before = contents(store)
        assert traces(workspace, secrets())
        code = store.encrypting.turn_on()
        assert contents(store) == before
        assert store.encrypting.state().way == "keyring"
        assert not store.encrypting.state().unclean
        assert traces(workspace, secrets()) == []
    assert traces(workspace, secrets()) == []
    assert len(folder_keyring.entries) == 1
    with Store(workspace) as store:
        assert contents(store) == before
        assert store.voices.find("anna wintergreen") is not None
        store.encrypting.turn_off()
        assert contents(store) == before
        assert store.plain
        assert sorted(file.suffix for file in (workspace / "recordings").rglob("*.*")) == [".wav", ".wav"]
    assert folder_keyring.entries == []
    assert code is not None
    assert len(code) == 39


def test_sealed_by_a_passphrase_it_opens_with_that_and_nothing_else(workspace, folder_keyring):
    with Store(workspace) as store:
        before = contents(store)
        assert store.encrypting.turn_on(PASSPHRASE) is None
    assert folder_keyring.entries == []
    with Store(workspace) as store:
        assert store.encrypting.state().locked == "passphrase"
        for question in (store.voices.list, lambda: store.voices.samples(SPEC), lambda: store.voices.find("Anna")):
            with pytest.raises(Locked, match="Give the passphrase"):
                question()
        with pytest.raises(WrongPassphrase):
            store.seals.unlock(PASSPHRASE + "!")
        store.seals.unlock(PASSPHRASE)
        assert contents(store) == before


def test_whoever_asks_is_asked_again_after_a_wrong_answer(workspace):
    with Store(workspace) as store:
        store.encrypting.turn_on(PASSPHRASE)
    asked = []

    def ask(why, wrong):
        asked.append((why, wrong))
        return PASSPHRASE if wrong else "something else"

    with Store(workspace, ask) as store:
        assert [voice.name for voice in store.voices.list()] == ["Anna Wintergreen", "Bert Oakenshaw"]
        assert len(store.voices.samples(SPEC)) == 9
    assert asked == [("passphrase", False), ("passphrase", True)]
    with Store(workspace, lambda why, wrong: None if wrong else "something else") as store, pytest.raises(WrongPassphrase):
        store.voices.list()


def test_what_is_enrolled_renamed_and_removed_while_sealed(workspace):
    with Store(workspace) as store:
        store.encrypting.turn_on()
        carla = store.voices.create("Carla Fernhollow")
        add_take(store, carla, 4, keep=True)
        store.voices.rename(carla.id, "Clara Fernhollow")
        anna = store.voices.find("Anna Wintergreen")
        assert anna is not None
        store.voices.remove(anna.id)
    assert traces(workspace, ["Fernhollow", *secrets()]) == []
    with Store(workspace) as store:
        assert [voice.name for voice in store.voices.list()] == ["Bert Oakenshaw", "Clara Fernhollow"]
        assert [take.source for take in store.voices.takes(carla.id)] == ["Carla Fernhollow 4.wav"]
        assert len(store.voices.recording(store.voices.takes(carla.id)[0].id)) > 4000
        assert store.voices.remove_strays()
        assert len(list((workspace / "recordings").rglob("*.sealed"))) == 2


@pytest.mark.parametrize("sealed", [False, True])
def test_a_removed_voice_is_in_no_byte_of_the_workspace(workspace, sealed):
    """Neither its plain vectors and name, nor the sealed records that stood for them."""
    (workspace / "logs" / "earmark.log").write_text("")
    with Store(workspace) as store:
        if sealed:
            store.encrypting.turn_on()
        anna = store.voices.find("Anna Wintergreen")
        strangers = vectors_of(8)
        kept = store.timelines.add(NewTimeline(Path("talk.wav"), "ee" * 32, 9.0, -60.0, NOW, SPEC, (NewTrack(
            1, None, "unknown", None, -20.0, 0, (Span(0.0, 4.0),), tuple((Embedding(one, 1.0), 3.0) for one in strangers)),)))
        store.timelines.name(anna.id, store.voices.takes(anna.id)[0].id, False, [kept.tracks[0].id])
        with closing(sqlite3.connect(workspace / "earmark.db")) as connection:
            stored = [row[0] for row in connection.execute(
                "SELECT vector FROM sample JOIN take ON take.id = take_id WHERE voice_id = ? UNION ALL "
                "SELECT vector FROM stranger_sample", (anna.id,))]
            assert len(stored) == 9
            stored += [text.encode() for row in connection.execute(
                "SELECT name, name_key FROM voice WHERE id = ?", (anna.id,)) for text in row]
        (workspace / "backups" / "earmark-0002-20250101-000000.db").write_bytes(stored[0])
        recordings = {take.recording.name for take in store.voices.takes(anna.id) if take.recording}
        assert traces(workspace, stored)
        store.voices.remove(anna.id)
        assert traces(workspace, stored) == []  # with the write-ahead log that is still there
    assert traces(workspace, stored) == []
    assert not recordings & {file.name for file in workspace.rglob("*")}
    with Store(workspace) as store:
        assert [voice.name for voice in store.voices.list()] == ["Bert Oakenshaw"]
        assert len(contents(store)) == 1 + 1 + 3


def voices_of(store: Store) -> Voices:
    def not_loaded():
        raise AssertionError("nothing is to be embedded here")

    return Voices(store, SettingsFile(store.folder / "settings.toml"), not_loaded, lambda: SPEC, not_loaded, not_loaded)


@pytest.mark.parametrize("sealed", [False, True])
def test_what_was_removed_before_a_change_of_encryption_does_not_come_back_in_the_old_way(workspace, sealed):
    """The window holds removed voices for *undo* as their rows were: plain ones have no place among sealed ones."""
    with Store(workspace) as store:
        voices = voices_of(store)
        privacy = Privacy(store, voices)
        if sealed:
            privacy.encrypt(PASSPHRASE)
        voices.remove("Anna Wintergreen")
        voices.rename("Bert Oakenshaw", "Bert Oakenshaw the Elder")
        privacy.decrypt() if sealed else privacy.encrypt(PASSPHRASE)
        with pytest.raises(EnrollmentError, match="nothing to undo"):
            voices.undo()
        assert [voice.name for voice in voices.list()] == ["Bert Oakenshaw the Elder"]
        assert sealed or traces(workspace, secrets()) == []
        voices.rename("Bert Oakenshaw the Elder", "Bertram")
        privacy.encrypt("another passphrase" if not sealed else PASSPHRASE)  # not sealed: only the key is kept in another way
        assert voices.history.next_undo() is None if sealed else voices.undo().kind == "rename"


REMOVES = """
import os, pathlib, signal, sys
import keyring
from tests.keyring_in_a_folder import FolderKeyring
keyring.set_keyring(FolderKeyring(pathlib.Path(sys.argv[2])))
from engine.store import Store
from engine.store.voices import VoiceStore
VoiceStore.clean = lambda self: os.kill(os.getpid(), signal.SIGKILL)
store = Store(pathlib.Path(sys.argv[1]))
store.voices.remove(store.voices.find("Anna Wintergreen").id)
"""


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_a_removal_that_is_killed_before_it_is_wiped_is_wiped_by_the_next_program(workspace, tmp_path, sealed):
    if sealed:
        with Store(workspace) as store:
            store.encrypting.turn_on()
    backup = workspace / "backups" / "earmark-0002-20250101-000000.db"
    backup.write_bytes(b"Anna Wintergreen")
    stray = workspace / "recordings" / "takes" / ".9-ab.wav.part"
    stray.write_bytes(b"a recording that was being written")
    ran = subprocess.run([sys.executable, "-c", REMOVES, str(workspace), str(tmp_path / "keyring")], cwd=ROOT, check=False,
                         capture_output=True, text=True)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    with Store(workspace) as store:
        assert [voice.name for voice in store.voices.list()] == ["Bert Oakenshaw"]
        assert store.encrypting.state().unclean
        assert store.plain != sealed
        assert backup.exists()
        assert store.encrypting.finish()
        assert not store.encrypting.state().unclean
        assert not backup.exists()
        assert not stray.exists()
        assert len(contents(store)) == 5


def test_a_removal_while_another_program_reads_is_noted_until_it_is_wiped(workspace):
    with Store(workspace) as store, Store(workspace) as other:
        with other._opened().reading() as connection:
            connection.exec_driver_sql("SELECT COUNT(*) FROM voice")
            store.voices.remove(store.voices.find("Anna Wintergreen").id)
            assert store.encrypting.state().unclean
            assert not store.encrypting.finish()
        assert store.encrypting.finish()
        assert not store.encrypting.state().unclean
        assert traces(workspace, ["Wintergreen", *(vector for seed in (1, 2) for vector in vectors_of(seed))]) == []


def test_a_voice_whose_record_is_damaged_can_be_removed_as_the_error_says(workspace):
    with Store(workspace) as store:
        anna = store.voices.find("Anna Wintergreen")
        store.encrypting.turn_on()
    with closing(sqlite3.connect(workspace / "earmark.db")) as connection, connection:
        connection.execute("UPDATE voice SET name = 'plain' WHERE id = ?", (anna.id,))
        connection.execute("UPDATE take SET source = 'plain' WHERE voice_id = ?", (anna.id,))
    with Store(workspace) as store:
        with pytest.raises(StoreError, match="Remove that voice"):
            store.voices.list()
        store.voices.remove_take(1)
        store.voices.remove(anna.id)
        with pytest.raises(EnrollmentError, match="not there any more"):
            store.voices.remove(anna.id)
        assert [voice.name for voice in store.voices.list()] == ["Bert Oakenshaw"]


def test_whose_record_is_damaged_is_said_and_the_others_are_whole_once_that_voice_is_removed(workspace):
    with Store(workspace) as store:
        store.encrypting.turn_on()
        whole = contents(store)
        recording = next(take.recording for take in store.voices.takes() if take.source.startswith("Bert"))
    with closing(sqlite3.connect(workspace / "earmark.db")) as connection, connection:
        connection.execute("UPDATE sample SET vector = zeroblob(285) WHERE id = 1")
    recording.write_bytes(recording.read_bytes()[:-1])
    with Store(workspace) as store:
        voices = voices_of(store)
        with pytest.raises(RecordDamaged, match="record of “Anna Wintergreen” is damaged"):
            voices.samples()
        voices.remove("Anna Wintergreen")
        assert len(voices.samples()) == 3
        with pytest.raises(RecordDamaged, match="record of “Bert Oakenshaw” is damaged"):
            store.encrypting.turn_off()
        assert not store.plain
        assert [sample.embedding.vector.tobytes() for sample in voices.samples()] == whole[-3:]
        voices.remove_take(store.voices.takes()[0].id)
        store.encrypting.turn_off()
        assert [voice.name for voice in store.voices.list()] == ["Bert Oakenshaw"]


def test_a_sealed_key_that_is_damaged_is_not_taken_for_a_wrong_passphrase(workspace):
    with Store(workspace) as store:
        store.encrypting.turn_on(PASSPHRASE)
    for column in ("wrapped", "salt", "log2_n"):
        with closing(sqlite3.connect(workspace / "earmark.db")) as connection, connection:
            kept = connection.execute(f"SELECT {column} FROM seal").fetchone()
            connection.execute(f"UPDATE seal SET {column} = NULL")
        with Store(workspace) as store, pytest.raises(StoreError, match="key of this workspace is damaged"):
            store.seals.unlock(PASSPHRASE)
        with closing(sqlite3.connect(workspace / "earmark.db")) as connection, connection:
            connection.execute(f"UPDATE seal SET {column} = ?", kept)
    with Store(workspace) as store:
        store.seals.unlock(PASSPHRASE)


@pytest.mark.parametrize(("column", "value"), [("log2_n", "many"), ("log2_n", 60), ("r", 10 ** 9), ("p", -1), ("p", 1.5),
                                               ("salt", "text"), ("wrapped", "text"), ("key_id", "é"), ("key_id", b"x")])
def test_what_stands_beside_a_sealed_key_is_not_believed(workspace, column, value):
    with Store(workspace) as store:
        store.encrypting.turn_on(PASSPHRASE)
    with closing(sqlite3.connect(workspace / "earmark.db")) as connection, connection:
        connection.execute(f"UPDATE seal SET {column} = ?", [value])
    with Store(workspace) as store, pytest.raises(StoreError):
        store.seals.unlock(PASSPHRASE)


def test_records_that_are_swapped_or_changed_do_not_open(workspace):
    with Store(workspace) as store:
        store.encrypting.turn_on()

    def meddle(*statements):
        with closing(sqlite3.connect(workspace / "earmark.db")) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def reads(what):
        with Store(workspace) as store:
            try:
                what(store)
            except StoreError as error:
                return str(error)
        return "opens"

    kept = (workspace / "earmark.db").read_bytes()
    for statements, what in (
            (["UPDATE sample SET vector = (SELECT vector FROM sample WHERE id = 2) WHERE id = 1"],
             lambda store: store.voices.samples(SPEC)),
            (["UPDATE take SET voice_id = 2 WHERE id = 1"], lambda store: store.voices.samples(SPEC)),
            (["UPDATE sample SET vector = zeroblob(200) WHERE id = 1"], lambda store: store.voices.samples(SPEC)),
            (["UPDATE sample SET vector = 'text' WHERE id = 1"], lambda store: store.voices.samples(SPEC)),
            (["UPDATE voice SET name = (SELECT name FROM voice WHERE id = 1) WHERE id = 2"], lambda store: store.voices.list()),
            (["UPDATE voice SET name = 'plain' WHERE id = 2"], lambda store: store.voices.list()),
            (["UPDATE take SET recording = (SELECT recording FROM take WHERE id = 3) WHERE id = 1"],
             lambda store: store.voices.recording(1))):
        assert reads(what) == "opens"
        meddle(*statements)
        assert "damaged, or was put where it does not belong" in reads(what), statements
        (workspace / "earmark.db").write_bytes(kept)
    meddle("UPDATE sample SET vector = CAST(x'02' || substr(vector, 2) AS BLOB) WHERE id = 1")
    assert "newer Earmark" in reads(lambda store: store.voices.samples(SPEC))


@pytest.mark.parametrize("backend", [fail.Keyring, null.Keyring])
def test_without_a_usable_keyring_nothing_is_changed_and_a_passphrase_is_proposed(workspace, backend):
    keyring.set_keyring(backend())
    with Store(workspace) as store:
        before = contents(store)
        with pytest.raises(KeyringMissing, match="choose a passphrase"):
            store.encrypting.turn_on()
        assert store.plain
        assert contents(store) == before
        store.encrypting.turn_on(PASSPHRASE)
        assert contents(store) == before


def test_a_keyring_that_is_locked_says_so_and_loses_nothing(workspace, folder_keyring):
    with Store(workspace) as store:
        before = contents(store)
        store.encrypting.turn_on()
    folder_keyring.locked = True
    with Store(workspace) as store:
        assert store.encrypting.state().locked == "keyring"
        with pytest.raises(Locked, match=r"missing or locked\. Unlock it and try again, or give the recovery code"):
            store.voices.list()
        folder_keyring.locked = False
        assert contents(store) == before


def test_the_recovery_code_opens_what_the_keyring_has_lost_and_gives_it_back(workspace, folder_keyring):
    with Store(workspace) as store:
        before = contents(store)
        code = store.encrypting.turn_on()
    for entry in folder_keyring.folder.iterdir():
        entry.unlink()
    with Store(workspace) as store:
        assert store.encrypting.state().locked == "key"
        with pytest.raises(Locked, match=r"not in the keyring of this computer any more\. Give the recovery code"):
            store.voices.list()
        with pytest.raises(WrongPassphrase):
            store.seals.unlock("AAAA-" * 8)
        store.seals.unlock(code.lower().replace("-", " "))
        assert contents(store) == before
    assert len(folder_keyring.entries) == 1
    with Store(workspace) as store:
        assert contents(store) == before


def test_a_key_that_is_another_ones_is_not_taken(workspace, folder_keyring):
    with Store(workspace) as store:
        store.encrypting.turn_on()
    for entry in folder_keyring.folder.iterdir():
        entry.write_text("QUFB" * 10 + "QUE=")
    with Store(workspace) as store, pytest.raises(Locked):
        store.voices.list()


def test_the_key_moves_between_keyring_and_passphrase_and_passphrases_change(workspace, folder_keyring):
    with Store(workspace) as store:
        before = contents(store)
        store.encrypting.turn_on()
        since = store.encrypting.state().since
        store.encrypting.turn_on(PASSPHRASE)
        assert folder_keyring.entries == []
        assert store.encrypting.state().since == since
        store.encrypting.turn_on("another passphrase")
    with Store(workspace) as store:
        with pytest.raises(WrongPassphrase):
            store.seals.unlock(PASSPHRASE)
        store.seals.unlock("another passphrase")
        store.encrypting.turn_on()
    with Store(workspace) as store:
        assert contents(store) == before
        with pytest.raises(UsageError, match="at least 8"):
            store.encrypting.turn_on("short")
        store.encrypting.turn_off()
        with pytest.raises(UsageError, match="not encrypted"):
            store.encrypting.turn_off()


def test_forgetting_everything_needs_no_key_and_removes_it(workspace, folder_keyring):
    with Store(workspace) as store:
        store.encrypting.turn_on()
    folder_keyring.locked = True
    with Store(workspace) as store:
        store.forget_everything()
        assert store.plain
        assert store.voices.list() == []
    folder_keyring.locked = False
    with Store(workspace) as store:
        store.encrypting.turn_on()
        store.forget_everything()
    assert len(folder_keyring.entries) == 1  # of the time when it was locked: it opens nothing any more
    assert [file for file in (workspace / "recordings").rglob("*") if file.is_file()] == []
    with Store(workspace) as store:
        store.encrypting.turn_on(PASSPHRASE)
    with Store(workspace) as store:  # the passphrase is lost
        store.forget_everything()
        assert store.voices.create("Dora").name == "Dora"


def test_forgetting_tells_what_could_not_be_removed_and_forgets_the_rest(workspace, monkeypatch):
    def refuses(folder):
        if folder.name == "vectors":
            raise PermissionError(13, "Permission denied")
        rmtree(folder)

    rmtree = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", refuses)
    with Store(workspace) as store:
        with pytest.raises(StoreError, match=r"Not everything could be removed: Permission denied\. Try again"):
            store.forget_everything()
        assert store.voices.list() == []
        assert traces(workspace, secrets()) == []


KILLED = """
import os, pathlib, signal, sys
import keyring
from tests.keyring_in_a_folder import FolderKeyring
keyring.set_keyring(FolderKeyring(pathlib.Path(sys.argv[2])))
from engine.store import Store
left = int(sys.argv[4])
def hook(event, arguments):
    global left
    if event in ("os.rename", "os.remove", "sqlite3.connect") or event == "open" and str(arguments[0]).startswith(sys.argv[1]):
        step()
def step():
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
store = Store(pathlib.Path(sys.argv[1]))
store.voices.list()
from sqlalchemy import event
@event.listens_for(store._opened()._engine, "before_cursor_execute")
def before(*_):
    step()
@event.listens_for(store._opened()._engine, "commit")
def commit(*_):
    step()
wipe = type(store._opened()).wipe
def wiped(self):
    step()
    done = wipe(self)
    step()
    return done
type(store._opened()).wipe = wiped
sys.addaudithook(hook)
store.encrypting.turn_on() if sys.argv[3] == "on" else store.encrypting.turn_off()
left = -1
print("done")
"""


@pytest.mark.parametrize("way", ["on", "off"])
@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
def test_killed_at_any_point_the_workspace_can_be_read_and_the_next_program_cleans_up(workspace, folder_keyring, tmp_path, way):
    with Store(workspace) as store:
        before = contents(store)
        if way == "off":
            store.encrypting.turn_on()
    ended, points = False, 0
    shutil.copytree(workspace, tmp_path / "kept workspace")
    shutil.copytree(tmp_path / "keyring", tmp_path / "kept keyring")
    step = 0
    seen = set()
    while not ended:
        for name in ("workspace", "keyring"):
            shutil.rmtree(tmp_path / name)
            shutil.copytree(tmp_path / f"kept {name}", tmp_path / name)
        ran = subprocess.run([sys.executable, "-c", KILLED, str(workspace), str(tmp_path / "keyring"), way, str(step)], cwd=ROOT,
                             capture_output=True, text=True, check=False)
        ended = ran.returncode == 0
        assert ended or ran.returncode == -signal.SIGKILL, ran.stderr
        with Store(workspace) as store:
            assert contents(store) == before, f"killed at {step}"
            assert store.encrypting.finish()
            store.voices.remove_strays()
            sealed = not store.plain
            seen.add(sealed)
            assert not store.encrypting.state().unclean
            assert contents(store) == before
            if sealed:
                assert traces(workspace, secrets()) == [], f"killed at {step}"
        step += 7
        points += 1
    assert points > 5
    assert seen == {True, False}  # some kills came before the commit, some after it
