"""Settings that are broken, or do not say any more which encoders are in use: what is stored says it, and nothing stored goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from engine.app import Earmark
from engine.encoders import models as models_module
from engine.errors import Cancelled, ListBroken, SettingsBroken
from engine.records import Embedding, EncoderSpec
from engine.settings import set_aside
from engine.store import NewTake
from engine.tasks import Ticket
from tests.engine.encoders import small_onnx
from tests.engine.library.conftest import RATE_HZ, PitchEncoder
from tests.engine.library.test_switching import Place


class Named(PitchEncoder):
    """Each with a spec of a name of its own, as the program's encoders have."""

    def __init__(self, name, version="1"):
        super().__init__()
        self.spec = replace(self.spec, name=name, version=version, sha256=name.encode().hex().ljust(64, "0"))


@pytest.fixture
def place(tmp_path, monkeypatch):
    made = Place(tmp_path, monkeypatch)
    made.offer("one", Named("one"))
    made.offer("two", Named("two"))
    made.offer("compact", Named("compact"))  # the default of new workspaces
    yield made
    made.app.close()


@pytest.fixture
def settings(place):
    return place.root / "workspace" / "settings.toml"


def everything(folder):
    """All that a workspace stores, but logs and locks."""
    return {path: path.read_bytes() for path in folder.rglob("*")
            if path.is_file() and "logs" not in path.parts and not path.name.endswith((".lock", "-wal", "-shm"))}


def test_a_typo_in_the_settings_stops_the_program_and_nothing_that_is_stored_is_touched(place, settings):
    place.fill()
    before = place.found()
    place.app.close()
    settings.write_text(settings.read_text().replace("volume_db = -6.0", "volume_db = -6,0"))
    stored = everything(settings.parent)
    for _ in range(2):
        with pytest.raises(SettingsBroken, match=r"settings\.toml"):
            Earmark(settings.parent, "cpu")
    assert everything(settings.parent) == stored
    settings.write_text(settings.read_text().replace("-6,0", "-6.0"))
    place.open()
    assert (place.choice, place.found()) == (("one", ""), before)


def test_with_broken_settings_not_even_an_empty_folder_is_made_a_workspace(tmp_path):
    (tmp_path / "settings.toml").write_text("volume_db = -6,0")
    with pytest.raises(SettingsBroken):
        Earmark(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["settings.toml"]


def test_who_begins_with_the_usual_settings_keeps_the_encoder_and_all_its_vectors(place, settings):
    place.fill()
    before = place.found()
    place.app.close()
    settings.write_text("volume_db = -6,0\n")
    assert set_aside(settings).read_text() == "volume_db = -6,0\n"
    for _ in range(2):
        place.open()
        assert (place.choice, place.found()) == (("one", ""), before)
        report = place.app.library.scan()
        assert (report.encoder, report.unchanged, report.changed_over) == ("one", 5, False)
        place.app.settings.change(theme="dark")
        place.app.close()
    assert place.made["compact"].analysed == 0
    place.open()
    assert (place.choice, place.found(), place.matrices()) == (("one", ""), before, 1)


def test_a_change_that_was_under_way_is_known_by_what_was_indexed_for_it(place, settings):
    place.fill(60)
    before = place.found()
    place.app.use_joint("two")
    ticket = Ticket(lambda at: ticket.cancel() if place.made["two"].analysed >= 24 else None)
    place.made["two"].wait_s = 0.01
    with pytest.raises(Cancelled):
        place.app.library.scan(ticket)
    place.app.close()
    settings.unlink()
    place.open()
    assert (place.choice, place.found(), place.matrices()) == (("one", "two"), before, 2)
    assert place.app.library.scan().changed_over
    assert (place.choice, place.matrices()) == (("two", ""), 1)


def test_an_encoder_that_was_written_into_the_settings_by_hand_takes_nothing_away(place, settings):
    place.fill()
    before = place.found()
    place.app.close()
    settings.write_text(settings.read_text().replace('joint = "one"', 'joint = "two"'))
    place.open()
    place.app.library.scan()
    assert place.matrices() == 2
    place.app.close()
    settings.write_text(settings.read_text().replace('joint = "two"', 'joint = "one"'))
    place.open()
    assert place.found() == before
    assert place.made["one"].analysed == 5


def test_older_versions_of_the_one_in_use_go(place):
    place.fill()
    place.offer("one", Named("one", "2"))
    place.reopen()
    place.app.library.scan()
    assert (place.matrices(), place.app.library.search("low").sounds) == (1, 5)


def test_an_encoder_that_is_gone_is_said_by_its_name_and_its_vectors_stay(place, settings):
    place.fill()
    place.app.close()
    settings.unlink()
    place.monkeypatch.delitem(models_module.JOINT, "one")
    place.open()
    assert (place.choice, place.matrices()) == (("one", ""), 1)
    assert "“one” is not on the list" in place.app.joint_state().in_use_lost


def test_the_voice_encoder_is_the_one_that_has_samples(place, settings, monkeypatch):
    mine = EncoderSpec("ONNX voice mine", "1", "cd" * 32, "voice", 8, 16_000)
    store, models = place.app.store, type(place.app.models)
    sample = Embedding(np.eye(1, 8, dtype=np.float32)[0])
    now = datetime.now(UTC)
    store.voices.add_take(store.voices.create("Anna").id, NewTake(
        "a.wav", "ab" * 32, now, 3.0, 2.5, -21.0, 30.0, 0, None, None, mine, [(sample, 2.5)]))
    place.app.close()
    settings.unlink()
    monkeypatch.setattr(models, "voice_names", lambda self: ["ge2e", "mine"])
    spec = models.voice_spec
    monkeypatch.setattr(models, "voice_spec", lambda self, name: mine if name == "mine" else spec(self, name))
    place.open()
    assert place.app.settings.value.voice == "mine"


# --- a list of added models that is broken, and can be put right ---------------------------------------------------------


@pytest.fixture
def mine(place, tmp_path, settings):
    """The library is searched with “mine”, which was added, and is being indexed for “two”; then the list is broken."""
    place.app.add_model(str(small_onnx.write(tmp_path / "pair", facts={"rate_hz": RATE_HZ})), name="mine")
    place.app.use_joint("mine")
    place.fill()
    place.app.use_joint("two")
    place.app.close()
    kept = (settings.parent / "models.toml").read_bytes()
    (settings.parent / "models.toml").write_bytes(b"[[model")
    yield lambda: (settings.parent / "models.toml").write_bytes(kept)


def test_with_a_broken_list_a_change_can_be_given_up_and_nothing_goes(place, mine):
    place.open()
    state = place.app.use_joint("mine")
    assert (place.choice, place.matrices()) == (("mine", ""), 1)
    assert "“models.toml”, line 1" in state.lost
    mine()
    assert place.app.library.search("rain").sounds == 5


def test_with_a_broken_list_the_programs_own_encoder_can_be_chosen(place, mine):
    place.open()
    assert place.app.use_joint("ONE").in_use == "one"
    assert place.app.library.scan().encoder == "one"
    assert len(place.found()) == 5
    with pytest.raises(ListBroken, match="line 1"):
        place.app.use_joint("mine")
    assert place.choice == ("one", "")


def test_with_a_broken_list_and_no_settings_the_workspace_opens_and_all_is_there_once_it_is_put_right(place, mine, settings):
    settings.unlink()
    place.open()
    assert len(place.app.library.sounds()) == 5
    assert place.app.joint_state().in_use_lost
    place.app.close()
    mine()
    place.open()
    assert place.choice[0] == "mine"
    assert place.app.library.search("rain").sounds == 5
