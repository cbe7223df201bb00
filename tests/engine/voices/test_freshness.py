"""What is held in memory of the voices is what is committed: whoever asks during a change does not keep the old state."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from engine.errors import UsageError
from engine.records import Embedding, EncoderSpec, Span
from engine.settings import SettingsFile
from engine.store import NewTake, Store
from engine.store.records import NewTimeline, NewTrack
from engine.store.voices import VoiceStore
from engine.voices.service import Voices
from engine.voices.timeline.online import HeardStranger
from engine.voices.timeline.service import Timelines

SPEC = EncoderSpec("small", "1", "ab" * 32, "voice", 64, 16000)
NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)


def not_loaded():
    raise AssertionError("nothing is to be embedded here")


def voices_of(store: Store) -> Voices:
    return Voices(store, SettingsFile(store.folder / "settings.toml"), not_loaded, lambda: SPEC, not_loaded, not_loaded)


@pytest.fixture
def store(tmp_path: Path):
    with Store(tmp_path / "workspace") as opened:
        add(opened, opened.voices.create("Anna", state="enrolled").id, 1)
        yield opened


@pytest.fixture
def voices(store):
    return voices_of(store)


def spoken_by(seed: int, n: int = 3) -> list[tuple[Embedding, float]]:
    """Samples of one person: near to each other."""
    rng = np.random.default_rng(seed)
    made = rng.normal(size=64) + 0.1 * rng.normal(size=(n, 64))
    return [(Embedding((one / np.linalg.norm(one)).astype(np.float32), 2.0), 3.0) for one in made]


def add(store: Store, voice_id: int, seed: int) -> None:
    store.voices.add_take(voice_id, NewTake("microphone", f"{seed:064x}", NOW, 9.0, 9.0, -21.0, 30.0, 0, None, None, SPEC,
                                            spoken_by(seed)))


class Asking:
    """Others who ask for the identifier at every statement of a change, as Live does at every step, and are slow: what they read
    in the midst of it they put together only after it."""

    def __init__(self, voices: Voices, patch: pytest.MonkeyPatch) -> None:
        from sqlalchemy import event

        from engine.voices import service

        self.voices, self.threads = voices, []
        self.over = threading.Event()
        engine, writer, made = voices._store._opened()._engine, threading.current_thread(), service.Identifier

        def slow(*arguments: object) -> object:
            if threading.current_thread() is not writer:
                self.begun.set()
                assert self.over.wait(20)
            return made(*arguments)

        def asked(*_: object) -> None:
            if threading.current_thread() is writer and not self.over.is_set():
                self.begun = threading.Event()
                self.threads.append(threading.Thread(target=self.ask))
                self.threads[-1].start()
                assert self.begun.wait(20)

        patch.setattr(service, "Identifier", slow)
        event.listen(engine, "after_cursor_execute", asked)

    def ask(self) -> None:
        begun = self.begun
        self.voices.identifier()
        begun.set()

    def finish(self) -> None:
        """The change is made: now they come to their end."""
        self.over.set()
        for one in self.threads:
            one.join(20)


class Listening:
    """As much of a listener as naming asks of it."""

    def stranger(self, number: int) -> HeardStranger:
        return HEARD

    def name_stranger(self, number: int, voice_id: int) -> None:
        pass


HEARD = HeardStranger(1, SPEC, 9.0, -20.0, 30.0, 0, tuple(spoken_by(4)))


def name_in_a_recording(voices: Voices) -> None:
    timelines = Timelines(voices._store, voices, not_loaded, lambda: SPEC, not_loaded, not_loaded)
    timelines.name_stranger(recorded(voices._store), 1, "Dora")


def name_on_live(voices: Voices) -> None:
    timelines = Timelines(voices._store, voices, not_loaded, lambda: SPEC, not_loaded, not_loaded)
    timelines.name_live_stranger(Listening(), 1, "Dora")  # type: ignore[arg-type]


def undo_a_naming(voices: Voices) -> None:
    name_in_a_recording(voices)
    assert "Dora" in names(voices)
    Timelines(voices._store, voices, not_loaded, lambda: SPEC, not_loaded, not_loaded).undo_naming()


def recorded(store: Store) -> int:
    made = store.timelines.add(NewTimeline(Path("a.wav"), "ee" * 32, 9.0, -60.0, NOW, SPEC, (NewTrack(
        None, 1, "unknown", None, -20.0, 0, (Span(0.0, 9.0),), tuple(spoken_by(4))),)))
    assert made.id is not None
    return made.id


def rename(voices: Voices) -> None:
    voices.rename("Anna", "Dora")


def remove(voices: Voices) -> None:
    voices.remove("Anna")


def remove_and_undo(voices: Voices) -> None:
    voices.remove("Anna")
    voices.undo()


def a_sample_less(voices: Voices) -> None:
    voices.remove_sample(1)


def behind_its_back(voices: Voices) -> None:
    """By another service of the same store, which this one never hears of."""
    voices_of(voices._store).rename("Anna", "Dora")


def forget(voices: Voices) -> None:
    voices._store.forget_everything()


def names(voices: Voices) -> list[str]:
    return [one.name for one in voices.identifier().voices]


CHANGES: list[tuple[Callable[[Voices], None], list[str]]] = [
    (name_in_a_recording, ["Anna", "Dora"]), (name_on_live, ["Anna", "Dora"]), (undo_a_naming, ["Anna"]), (rename, ["Dora"]),
    (remove, []), (remove_and_undo, ["Anna"]), (a_sample_less, ["Anna"]), (behind_its_back, ["Dora"]), (forget, [])]


@pytest.mark.parametrize(("change", "after"), CHANGES, ids=[change.__name__ for change, _ in CHANGES])
def test_whoever_asks_in_the_midst_of_a_change_does_not_keep_the_old_voices_after_it(voices, monkeypatch, change, after):
    assert names(voices) == ["Anna"]
    asking = Asking(voices, monkeypatch)
    change(voices)
    asking.finish()
    assert len(asking.threads) > 3
    assert names(voices) == after
    fresh = voices_of(voices._store).identifier()
    assert voices.identifier().centroids == pytest.approx(fresh.centroids)


def test_a_stranger_that_was_named_is_recognised(voices, monkeypatch):
    asking = Asking(voices, monkeypatch)
    name_on_live(voices)
    asking.finish()
    query, speech_s = spoken_by(4)[0]
    assert voices.identifier().identify(query, speech_s).voice == "Dora"


def test_what_is_rolled_back_is_kept_by_nobody(voices, store, monkeypatch):
    monkeypatch.setattr(VoiceStore, "set_state", lambda *_: (_ for _ in ()).throw(UsageError("stopped")))
    assert names(voices) == ["Anna"]
    with pytest.raises(UsageError), store.writing():
        add(store, store.voices.create("Dora", state="enrolled").id, 4)
        assert names(voices) == ["Anna", "Dora"]  # whoever writes sees what he wrote
        store.voices.set_state(1, "enrolled")
    assert names(voices) == ["Anna"]


def test_another_programs_change_is_seen(voices, store):
    assert names(voices) == ["Anna"]
    same = voices.identifier()
    assert voices.identifier() is same  # nothing has changed: nothing is read
    store._lock.release()  # as if this program had written nothing yet
    with Store(store.folder) as other:
        other.voices.rename(1, "Dora")
    assert names(voices) == ["Dora"]


def test_a_change_to_the_library_costs_nothing(voices, store):
    same = voices.identifier()
    store.sounds.add_folder(Path("/sounds"))
    assert voices.identifier() is same
