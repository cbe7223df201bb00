"""Changing over from one joint space to another: the old index serves until the new one is whole."""

from __future__ import annotations

import shutil
import threading

import numpy as np
import pytest
import soundfile

from engine import settings as settings_module
from engine.app import Earmark
from engine.encoders import models as models_module
from engine.encoders.models import OwnJoint
from engine.errors import Busy, Cancelled, EncoderError, ListBroken
from engine.tasks import Ticket
from tests.engine.encoders import small_onnx
from tests.engine.library.conftest import RATE_HZ, PitchEncoder


class Place:
    """A workspace with two quick joint spaces of the program ("one", "two"), and a folder of sounds."""

    def __init__(self, root, monkeypatch):
        self.root, self.monkeypatch = root, monkeypatch
        self.folder = root / "sounds"
        self.folder.mkdir()
        self.made = {}
        for name in ("one", "two"):
            self.offer(name, PitchEncoder(name))
        self.open()
        self.app.settings.change(joint="one")
        self.app.library.add(self.folder)

    def offer(self, name, encoder):
        """What Models knows under this name."""
        self.made[name] = encoder
        own = OwnJoint(name, (), lambda weights: self.made[name].spec, lambda models: self.made[name])
        self.monkeypatch.setitem(models_module.JOINT, name, own)

    def open(self):
        self.app = Earmark(self.root / "workspace", "cpu")

    def reopen(self):
        self.app.close()
        self.open()

    def tone(self, name, hz=200.0, level=0.5):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        wave = level * np.sin(2 * np.pi * hz * np.arange(RATE_HZ // 2) / RATE_HZ + 0.1)
        soundfile.write(path, wave.astype(np.float32), RATE_HZ)
        return path

    def fill(self, count=5):
        for number in range(count):
            self.tone(f"{number}.wav", 100 + 300 * number)
        self.app.library.scan()

    def found(self, text="low"):
        return [match.sound.path.name for match in self.app.library.search(text).matches]

    def matrices(self):
        return len([*(self.root / "workspace" / "vectors").glob("*.f32")])

    @property
    def choice(self):
        return self.app.settings.value.joint, self.app.settings.value.joint_next


@pytest.fixture
def place(tmp_path, monkeypatch):
    made = Place(tmp_path, monkeypatch)
    yield made
    made.app.close()


def test_without_sounds_the_change_is_at_once(place):
    state = place.app.use_joint("two")
    assert (state.in_use, state.pending) == ("two", "")
    place.fill(2)
    assert place.made["two"].analysed == 2
    assert place.made["one"].analysed == 0


def test_the_old_space_serves_until_the_new_one_is_whole(place):
    place.fill()
    before = place.found()
    state = place.app.use_joint("two")
    assert (state.in_use, state.pending, state.indexed, state.sounds) == ("one", "two", 0, 5)
    assert place.found() == before
    report = place.app.library.scan()
    assert (report.encoder, report.changed_over, report.updated, report.waiting) == ("two", True, 5, 0)
    assert place.choice == ("two", "")
    assert place.found() == before
    assert place.made["two"].analysed == 5
    assert place.matrices() == 1  # the old one went
    assert place.app.library.stats().spans == 5
    again = place.app.library.scan()
    assert (again.encoder, again.changed_over, again.unchanged) == ("two", False, 5)


def test_a_change_takes_several_sessions_and_does_nothing_twice(place):
    place.fill(60)
    before = place.found()
    place.app.use_joint("two")
    ticket = Ticket(lambda at: ticket.cancel() if place.made["two"].analysed >= 24 else None)
    place.made["two"].wait_s = 0.01
    with pytest.raises(Cancelled):
        place.app.library.scan(ticket)
    done = place.app.joint_state().indexed
    assert 0 < done < 60
    place.reopen()
    assert place.choice == ("one", "two")
    assert place.found() == before
    assert place.app.library.search("low").sounds == 60
    state = place.app.joint_state()
    assert (state.indexed, state.sounds) == (done, 60)
    place.made["two"].analysed = 0
    assert place.app.library.scan().changed_over
    assert place.made["two"].analysed == 60 - done
    assert place.app.library.search("low").sounds == 60


def test_back_to_the_one_in_use_gives_the_change_up(place):
    place.fill(60)
    place.app.use_joint("two")
    ticket = Ticket(lambda at: ticket.cancel() if place.made["two"].analysed >= 24 else None)
    place.made["two"].wait_s = 0.01
    with pytest.raises(Cancelled):
        place.app.library.scan(ticket)
    assert place.matrices() == 2
    state = place.app.use_joint("one")
    assert (state.in_use, state.pending, state.indexed) == ("one", "", 60)
    assert place.matrices() == 1
    place.made["one"].analysed = 0
    assert place.app.library.scan().unchanged == 60
    assert place.made["one"].analysed == 0
    assert place.app.library.search("low").sounds == 60


def test_another_change_of_mind_leaves_no_third_space(place):
    place.offer("three", PitchEncoder("three"))
    place.fill()
    place.app.use_joint("two")
    place.app.use_joint("three")
    assert place.choice == ("one", "three")
    assert place.app.library.scan().changed_over
    assert place.choice == ("three", "")
    assert place.matrices() == 1


def test_files_that_cannot_be_taken_do_not_hold_it_up(place):
    place.fill()
    (place.folder / "3.wav").write_bytes(b"broken now")
    (place.folder / "text.wav").write_text("never was a sound")
    place.app.use_joint("two")
    report = place.app.library.scan()
    assert len(report.failed) == 2
    assert report.changed_over
    assert len(place.found()) == 4


def test_a_folder_that_cannot_be_reached_does(place, tmp_path):
    place.fill()
    other = tmp_path / "disk"
    other.mkdir()
    shutil.copy(place.tone("far.wav", 900), other)
    (place.folder / "far.wav").unlink()
    place.app.library.add(other)
    place.app.library.scan()
    assert "far.wav" in place.found()
    other.rename(tmp_path / "unplugged")
    place.app.use_joint("two")
    report = place.app.library.scan()
    assert (report.changed_over, report.waiting) == (False, 1)
    assert place.choice == ("one", "two")
    assert "far.wav" in place.found()
    (tmp_path / "unplugged").rename(other)
    assert place.app.library.scan().changed_over
    assert "far.wav" in place.found()


def test_a_folder_that_stays_away_can_be_taken_out(place, tmp_path):
    place.fill(2)
    shutil.copytree(place.folder, tmp_path / "disk")
    place.tone("mine.wav", 1500)
    place.app.library.add(tmp_path / "disk")
    place.app.library.scan()
    shutil.rmtree(tmp_path / "disk")
    place.app.use_joint("two")
    assert not place.app.library.scan().changed_over
    place.app.library.remove(tmp_path / "disk")
    assert place.app.library.scan().changed_over


def test_what_is_new_or_changed_meanwhile_is_found_in_the_end(place):
    place.fill(3)
    place.app.use_joint("two")
    place.tone("new.wav", 2500)
    place.tone("1.wav", 3100)
    (place.folder / "2.wav").unlink()
    report = place.app.library.scan()
    assert report.changed_over
    assert (report.added, report.removed) == (1, 1)
    assert sorted(place.found()) == ["0.wav", "1.wav", "new.wav"]
    assert place.found("high")[0] == "1.wav"


def test_a_change_that_comes_while_a_scan_runs_waits_for_the_next_one(place):
    for number in range(30):
        place.tone(f"{number}.wav", 100 + 50 * number)
    place.made["one"].wait_s = 0.02
    place.app.library.scan()
    place.tone("more.wav", 3000)
    place.app.use_joint("two")
    place.made["two"].wait_s = 0.02
    begun, reports = threading.Event(), []
    scan = threading.Thread(target=lambda: reports.append(place.app.library.scan(Ticket(lambda at: begun.set()))))
    scan.start()
    begun.wait(10)
    assert place.app.use_joint("one").pending == ""
    scan.join(30)
    assert not reports[0].changed_over
    assert place.choice == ("one", "")
    assert place.app.library.scan().changed_over is False
    assert place.app.library.search("low").sounds == 31
    assert place.matrices() == 1


def test_a_change_of_mind_at_the_very_end_of_a_scan_leaves_no_sound_without_vectors(place):
    place.offer("three", PitchEncoder("three"))
    place.fill()
    place.app.use_joint("two")
    switching, looked = place.app.switching, place.app.switching._missing
    choosing = threading.Thread(target=lambda: place.app.use_joint("three"))

    def look():
        missing = looked()
        if choosing.ident is None:
            choosing.start()
            choosing.join(0.5)
        return missing

    place.monkeypatch.setattr(switching, "_missing", look)
    report = place.app.library.scan()
    choosing.join(10)
    assert (report.encoder, report.changed_over) == ("two", True)
    assert place.choice == ("two", "three")
    assert place.app.library.search("low").sounds == 5
    assert place.app.library.scan().changed_over
    assert (place.choice, place.app.library.search("low").sounds) == (("three", ""), 5)


def test_another_program_that_reads_meanwhile_follows(place):
    place.fill()
    with Earmark(place.root / "workspace", "cpu") as reading, Earmark(place.root / "workspace", "cpu") as late:
        assert reading.library.search("low").sounds == 5
        place.app.use_joint("two")
        assert place.app.library.scan().changed_over
        assert [match.sound.path.name for match in reading.library.search("low").matches] == place.found()
        assert len(late.library.vectors()[0]) == 5
        assert (reading.settings.value.joint, late.settings.value.joint) == ("two", "two")


def test_a_change_in_the_middle_of_another_programs_search(place):
    place.fill()
    with Earmark(place.root / "workspace", "cpu") as reading:
        changed, load = [], reading.library._joint

        def slow():
            found = load()
            if not changed:
                place.app.use_joint("two")
                changed.append(place.app.library.scan().changed_over)
            return found

        reading.library._joint = slow
        assert reading.library.search("low").sounds == 5
        assert changed == [True]


def test_after_an_update_of_the_encoder_the_old_vectors_go(place):
    place.fill()
    place.made["one"] = PitchEncoder("one, improved")
    place.reopen()
    assert place.app.library.search("low").sounds == 0
    report = place.app.library.scan()
    assert (report.updated, report.changed_over) == (5, False)
    assert place.matrices() == 1
    assert place.app.library.search("low").sounds == 5


def test_an_encoder_that_cannot_be_loaded_changes_nothing(place):
    place.fill()

    def fail(models):
        raise EncoderError("It is broken.")

    place.monkeypatch.setitem(models_module.JOINT, "bad", OwnJoint("bad", (), lambda weights: PitchEncoder("b").spec, fail))
    with pytest.raises(EncoderError, match="broken"):
        place.app.use_joint("bad")
    with pytest.raises(EncoderError, match=r"no encoder “nobody”.*one, two"):
        place.app.use_joint("nobody")
    assert place.choice == ("one", "")


def test_while_another_program_writes_nothing_is_changed(place):
    place.fill()
    other = Earmark(place.root / "workspace", "cpu")
    try:
        with pytest.raises(Busy):
            other.use_joint("two")
        assert other.settings.value.joint_next == ""
    finally:
        other.close()


def tags_of(place):
    return {sound.path.name: [tag.name for tag in sound.tags] for sound in place.app.library.sounds()}


def test_tags_are_those_of_the_encoder_that_is_searched_with(place):
    """Also while a change is under way, when it was stopped, and when it was given up."""
    for name in ("one", "two"):
        place.made[name].tag = f"heard by {name}"
    place.fill(60)
    assert set(map(tuple, tags_of(place).values())) == {("heard by one",)}
    place.app.use_joint("two")
    ticket = Ticket(lambda at: ticket.cancel() if place.made["two"].analysed >= 24 else None)
    place.made["two"].wait_s = 0.01
    place.tone("new.wav", 2500)
    with pytest.raises(Cancelled):
        place.app.library.scan(ticket)
    assert 0 < place.app.joint_state().indexed < 60
    assert {tuple(tags) for name, tags in tags_of(place).items() if name != "new.wav"} == {("heard by one",)}
    place.app.use_joint("one")
    place.app.library.scan()
    assert set(map(tuple, tags_of(place).values())) == {("heard by one",)}
    place.app.use_joint("two")
    assert place.app.library.scan().changed_over
    assert set(map(tuple, tags_of(place).values())) == {("heard by two",)}


# --- models that were added ---------------------------------------------------------------------------------------------


def test_an_added_pair_is_used_and_when_its_files_vanish_there_is_a_way_out(place, tmp_path):
    folder = small_onnx.write(tmp_path / "pair", facts={"rate_hz": RATE_HZ})
    place.app.add_model(str(folder), name="mine")
    place.fill()
    before = place.found()
    place.app.use_joint("MINE")
    assert place.choice == ("one", "mine")
    folder.rename(tmp_path / "moved")
    place.reopen()
    state = place.app.joint_state()
    assert "not in “" in state.lost
    assert state.in_use_lost == ""
    assert [choice.lost for choice in place.app.encoders() if choice.pending] == [state.lost]
    with pytest.raises(EncoderError, match="models use compact"):
        place.app.library.scan()
    assert place.found() == before  # the old index, all the while
    (tmp_path / "moved").rename(folder)
    assert place.app.library.scan().changed_over
    assert place.app.library.search("rain").sounds == 5
    shutil.rmtree(folder)
    place.reopen()
    with pytest.raises(EncoderError, match=r"not in .*pair.* any more"):
        place.app.library.search("rain")
    assert len(place.app.library.sounds()) == 5
    place.app.use_joint("one")
    assert place.app.library.scan().changed_over
    assert place.found() == before


def test_a_lost_list_of_models_does_not_lock_the_library(place, tmp_path):
    place.app.add_model(str(small_onnx.write(tmp_path / "pair", facts={"rate_hz": RATE_HZ})), name="mine")
    place.app.use_joint("mine")
    place.fill()
    (place.root / "workspace" / "models.toml").unlink()
    place.reopen()
    with pytest.raises(EncoderError, match="no encoder “mine”"):
        place.app.library.search("rain")
    state = place.app.joint_state()
    assert (state.in_use, state.indexed, state.sounds) == ("mine", 0, 5)
    assert state.lost == state.in_use_lost == "“mine” is not on the list of added models any more."
    assert [choice.info.name for choice in place.app.encoders()][-1] == "two"
    assert place.app.use_joint("one").in_use == "one"
    place.app.library.scan()
    assert place.app.library.search("low").sounds == 5


def test_a_list_that_cannot_be_read_is_said_and_left_where_it_is(place, tmp_path):
    place.app.add_model(str(small_onnx.write(tmp_path / "pair", facts={"rate_hz": RATE_HZ})), name="mine")
    place.app.use_joint("mine")
    (place.root / "workspace" / "models.toml").write_bytes(b"[[model")
    place.reopen()
    assert "“models.toml”, line 1" in place.app.joint_state().in_use_lost
    with pytest.raises(ListBroken, match="line 1"):
        place.app.library.search("low")
    assert (place.root / "workspace" / "models.toml").read_bytes() == b"[[model"


# --- workspaces from before ---------------------------------------------------------------------------------------------


def test_settings_from_before_keep_the_bridge_and_change_over_to_what_followed_it_whatever_the_default_is(tmp_path, monkeypatch):
    monkeypatch.setattr(settings_module, "DEFAULT_JOINT", "two")
    Earmark(tmp_path / "old").close()
    (tmp_path / "old" / "settings.toml").write_text('version = 1\ntheme = "dark"\n')
    with Earmark(tmp_path / "old") as app:
        assert (app.settings.value.joint, app.settings.value.joint_next) == ("bridge", "compact")


def test_a_new_workspace_names_its_encoder_from_the_beginning(tmp_path):
    with Earmark(tmp_path / "new") as app:
        chosen = app.settings.value.joint
    assert f'joint = "{chosen}"' in (tmp_path / "new" / "settings.toml").read_text()
    with Earmark(tmp_path / "new") as app:
        assert (app.settings.value.joint, app.settings.value.joint_next) == (chosen, "")
