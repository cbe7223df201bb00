"""Live listening on files that play the part of a microphone: turns in order, nothing kept unless asked."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
import wave
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.audio import files
from engine.audio.lines import telephone
from engine.audio.microphone import FileSource
from engine.audio.recorder import Recorder, recover, so_far
from engine.errors import DeviceError, StoreError
from engine.records import Audio
from engine.voices.identification import Identifier
from tests.true_models import chord, silence, spoken

ANNA, BERT, STRANGER = 1, 2, 4
PAUSE_S = 1.2


@pytest.fixture
def enrolled(earmark):
    for name, voice in (("Anna", ANNA), ("Bert", BERT)):
        new = earmark.voices.begin(name)
        for take in range(3):
            earmark.voices.add_take(new.id, spoken(voice, take))
        earmark.voices.finish(new.id)
    return earmark


def conversation(path, *speakers, rate_hz=16_000):
    """Held-out takes with pauses between; returns where each begins and ends, seconds."""
    pause, parts, places, at = silence(PAUSE_S).samples, [silence(PAUSE_S).samples], [], PAUSE_S
    for speaker in speakers:
        wave = spoken(speaker, 7).samples
        parts += [wave, pause]
        places.append((at, at + len(wave) / 16_000))
        at = places[-1][1] + PAUSE_S
    audio = Audio(np.concatenate(parts), 16_000)
    if rate_hz != 16_000:
        from engine.audio.resample import resample

        audio = Audio(resample(audio.samples, 16_000, rate_hz), rate_hz)
    files.write(path, audio)
    return places


def listen(earmark, path, **options):
    listener = earmark.voices.listener(FileSource(path, pace=0), **options)
    listener.start()
    listener.wait(60)
    assert listener.state == "stopped"
    listener.stop()
    return listener


def settled(turns):
    """Turns of at least 1 s, neighbours of one voice put together."""
    said = []
    for turn in turns:
        if turn.span.duration_s >= 1.0 and (not said or said[-1] != turn.voice):
            said.append(turn.voice)
    return said


def sounds_in(folder):
    return sorted(p.name for p in folder.rglob("*") if p.suffix in (".wav", ".flac", ".part"))


# --- who spoke when ---------------------------------------------------------------------------------------------------


def test_two_voices_and_a_stranger_take_turns(enrolled, tmp_path):
    places = conversation(tmp_path / "talk.wav", ANNA, BERT, STRANGER)
    listener = listen(enrolled, tmp_path / "talk.wav")
    turns = listener.turns()
    assert settled(turns) == ["Anna", "Bert", None]
    for (start_s, end_s), name in zip(places, ("Anna", "Bert", None), strict=True):
        inside = [t for t in turns if t.span.start_s >= start_s - 0.5 and t.span.end_s <= end_s + 0.5]
        covered = sum(t.span.duration_s for t in inside if t.voice == name)
        assert covered > 0.7 * (end_s - start_s)
    assert all(a.span.end_s <= b.span.start_s + 1e-6 for a, b in pairwise(turns))
    assert listener.overflows == 0
    assert listener.elapsed_s == pytest.approx(4 * PAUSE_S + 12, abs=0.05)
    assert sounds_in(enrolled.workspace) == []


def test_updates_come_every_quarter_second_at_the_latest_and_are_given_once(enrolled, tmp_path):
    conversation(tmp_path / "talk.wav", ANNA)
    listener = listen(enrolled, tmp_path / "talk.wav")
    following, first = listener.updates(0)
    assert following == len(first)
    assert np.diff([u.time_s for u in first]).max() <= 0.35
    assert listener.updates(following) == (following, [])
    assert len(listener.updates(following - 3)[1]) == 3
    silent = [u for u in first if u.time_s < 1.0]
    assert silent
    assert all(not u.speaking and u.identification is None and u.embedding is None for u in silent)
    short = [u for u in first if u.identification is not None and u.identification.status == "too-short"]
    assert short
    assert all(u.used_s < 1.0 for u in short)
    named = [u for u in first if u.identification is not None and u.identification.voice == "Anna"]
    assert named
    assert all(np.linalg.norm(u.embedding.vector) == pytest.approx(1, abs=1e-5) for u in named)
    assert max(u.used_s for u in named) <= 2.41
    assert all(u.compute_ms >= 0 for u in first)


def test_the_right_name_is_there_two_seconds_after_the_voice_began(enrolled, tmp_path):
    places = conversation(tmp_path / "talk.wav", ANNA, BERT)
    _, updates = listen(enrolled, tmp_path / "talk.wav").updates(0)
    for (start_s, _), name in zip(places, ("Anna", "Bert"), strict=True):
        first = next(u.time_s for u in updates if u.time_s > start_s and u.identification is not None
                     and u.identification.voice == name)
        assert first - start_s <= 2.0


def test_a_voice_without_a_name_is_asked_after_more_often(enrolled, tmp_path):
    """Every eighth of a second until there is a name or the window is full, then every quarter."""
    conversation(tmp_path / "talk.wav", ANNA, STRANGER, rate_hz=48_000)
    listener = enrolled.voices.listener(FileSource(tmp_path / "talk.wav", pace=0))
    listener._source = Fine(listener._source)
    listener.start()
    listener.wait(60)
    listener.stop()
    updates = listener.updates(0)[1]
    steps = {"eager": [], "settled": []}
    for earlier, later in pairwise(updates):
        if earlier.speaking and later.speaking:
            found = earlier.identification
            waiting = found.voice is None and found.nearest is None and earlier.used_s < 2.2
            settled = found.status in ("match", "tentative") or earlier.used_s >= 2.39
            if waiting or settled:
                steps["eager" if waiting else "settled"].append(later.time_s - earlier.time_s)
    assert np.median(steps["eager"]) == pytest.approx(0.125, abs=0.02)
    assert np.median(steps["settled"]) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize("snr_db", [12.0, 24.0])
def test_the_noise_of_the_room_is_told_to_who_names(enrolled, tmp_path, monkeypatch, snr_db):
    conversation(tmp_path / "talk.wav", ANNA, ANNA)
    talk = files.read(tmp_path / "talk.wav")
    speech = spoken(ANNA, 7).samples
    noise = np.random.default_rng(1).normal(size=len(talk.samples)) * np.sqrt(np.square(speech).mean()) * 10 ** (-snr_db / 20)
    files.write(tmp_path / "noisy.wav", Audio((talk.samples + noise).astype(np.float32), 16_000))
    told, identify = [], Identifier.identify

    def asked(self, query, speech_s, snr_db=None, narrow=False):
        told.append(snr_db)
        return identify(self, query, speech_s, snr_db, narrow)

    monkeypatch.setattr(Identifier, "identify", asked)
    listen(enrolled, tmp_path / "noisy.wav")
    assert None not in told
    assert np.median(told[len(told) // 2:]) == pytest.approx(snr_db, abs=4)


@pytest.mark.parametrize("line", ["full", "telephone", "8 kHz"])
def test_a_telephones_band_is_told_to_who_names(enrolled, tmp_path, monkeypatch, line):
    conversation(tmp_path / "talk.wav", ANNA, ANNA, rate_hz=8_000 if line == "8 kHz" else 16_000)
    if line == "telephone":
        files.write(tmp_path / "talk.wav", telephone(files.read(tmp_path / "talk.wav")))
    told, identify = [], Identifier.identify

    def asked(self, query, speech_s, snr_db=None, narrow=False):
        told.append(narrow)
        return identify(self, query, speech_s, snr_db, narrow)

    monkeypatch.setattr(Identifier, "identify", asked)
    listener = listen(enrolled, tmp_path / "talk.wav")
    bands = [one.identification.band for one in listener.updates(0)[1] if one.embedding is not None]
    assert bands == ["narrow" if narrow else "full" for narrow in told]
    assert not told[0] and told[-1] == (line != "full")
    assert sum(told) == 0 if line == "full" else told[told.index(True):] == [True] * sum(told)


class Fine:
    """A source that gives a hundredth of a second at a time, as a microphone does."""

    def __init__(self, source):
        self._inner, self._held = source, np.zeros(0, np.float32)

    def __getattr__(self, name):
        return getattr(self._inner, name)

    @property
    def ended(self):
        return self._inner.ended and not len(self._held)

    def read(self):
        if not len(self._held):
            self._held = self._inner.read()
        block, self._held = self._held[:480], self._held[480:]
        return block


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_other_rates_hear_the_same(enrolled, tmp_path, rate_hz):
    conversation(tmp_path / "talk.wav", BERT, rate_hz=rate_hz)
    listener = listen(enrolled, tmp_path / "talk.wav")
    assert settled(listener.turns()) == ["Bert"]
    assert len(listener.recent(1.0)) == 16_000


def test_with_nobody_enrolled_and_with_music_there_are_no_names(earmark, tmp_path):
    conversation(tmp_path / "talk.wav", ANNA)
    assert settled(listen(earmark, tmp_path / "talk.wav").turns()) == [None]
    files.write(tmp_path / "music.wav", chord())
    listener = listen(earmark, tmp_path / "music.wav")
    assert listener.turns() == []
    assert any("Music" in {tag.name for tag in u.heard} for u in listener.updates(0)[1])


def test_a_voice_that_is_enrolled_meanwhile_counts_at_once(enrolled, tmp_path):
    """The identifier is asked at every step, so a rename in the middle of a conversation is heard."""
    conversation(tmp_path / "talk.wav", ANNA)
    listener = enrolled.voices.listener(FileSource(tmp_path / "talk.wav", pace=0))
    enrolled.voices.rename("Anna", "Zoë")
    listener.start()
    listener.wait(60)
    listener.stop()
    assert settled(listener.turns()) == ["Zoë"]


# --- what is kept -----------------------------------------------------------------------------------------------------


def test_only_what_is_recorded_is_kept_and_it_can_be_read(enrolled, tmp_path):
    conversation(tmp_path / "talk.wav", ANNA, rate_hz=44_100)
    source = FileSource(tmp_path / "talk.wav", pace=0)
    listener = enrolled.voices.listener(source)
    target = enrolled.store.recordings / "kept.wav"
    assert listener.recording is None
    listener.record(target)
    assert listener.recording == target
    listener.start()
    listener.wait(60)
    listener.stop()
    assert listener.recording is None
    assert sounds_in(enrolled.workspace) == ["kept.wav"]
    kept, heard = files.read(target), files.read(tmp_path / "talk.wav")
    assert kept.rate_hz == heard.rate_hz == 44_100
    assert kept.samples == pytest.approx(heard.samples, abs=2 ** -14)


def test_recording_can_stop_before_listening_does(enrolled, tmp_path):
    conversation(tmp_path / "talk.wav", ANNA, BERT)
    listener = enrolled.voices.listener(FileSource(tmp_path / "talk.wav", pace=20))
    listener.record(tmp_path / "part.wav")
    listener.start()
    while listener.elapsed_s < 2 and listener.state == "listening":
        time.sleep(0.01)
    assert listener.stop_recording() == tmp_path / "part.wav"
    listener.stop()
    length_s = files.info(tmp_path / "part.wav").duration_s
    assert 2 <= length_s < files.info(tmp_path / "talk.wav").duration_s
    assert listener.stop_recording() is None


def test_a_recording_that_cannot_be_made_is_said_and_listening_goes_on(enrolled, tmp_path):
    conversation(tmp_path / "talk.wav", ANNA)
    (tmp_path / "file").touch()
    listener = enrolled.voices.listener(FileSource(tmp_path / "talk.wav", pace=0))
    listener.start()
    with pytest.raises(StoreError, match="recording"):
        listener.record(tmp_path / "file" / "kept.wav")
    listener.wait(60)
    listener.stop()
    assert settled(listener.turns()) == ["Anna"]


RECORD_UNTIL_KILLED = """
import sys, time
from pathlib import Path
import numpy as np
from engine.audio.recorder import Recorder
recorder = Recorder(Path(sys.argv[1]), 16_000)
for second in range(5):
    recorder.write(np.full(16_000, 0.25, np.float32))
while recorder.safe_s < 4:
    time.sleep(0.01)
print("written", flush=True)
time.sleep(60)
"""


def test_a_recording_of_a_killed_program_is_made_whole(tmp_path):
    target = tmp_path / "recordings" / "talk.wav"
    program = subprocess.Popen([sys.executable, "-c", RECORD_UNTIL_KILLED, str(target)], stdout=subprocess.PIPE,
                               cwd=Path(__file__).parents[3], text=True)
    assert program.stdout.readline() == "written\n"
    assert recover(target.parent) == []  # it is being written, by another program
    assert target.with_name("talk.wav.part").exists()
    program.send_signal(signal.SIGKILL)
    program.wait()
    program.stdout.close()
    assert not target.exists()
    assert recover(target.parent) == [target]
    found = files.read(target)
    assert found.duration_s >= 4.0  # all that was flushed
    assert found.samples == pytest.approx(0.25, abs=1e-4)
    assert strictly_read_s(target) == found.duration_s
    assert recover(target.parent) == []


def test_what_is_being_recorded_is_not_taken_for_what_a_killed_program_left(earmark):
    """The window tidies up after it is shown, and a recording may have begun by then."""
    recorder = Recorder(earmark.store.recordings / "talk.wav", 16_000)
    assert earmark.tidy() == []  # nothing is in it yet
    recorder.write(np.full(80_000, 0.25, np.float32))
    safe(recorder, 4)
    assert earmark.tidy() == []
    recorder.write(np.full(80_000, 0.25, np.float32))
    assert files.info(recorder.close()).duration_s == 10
    assert sounds_in(earmark.workspace) == ["talk.wav"]


def strictly_read_s(path):
    """Length by the standard library, which believes the sizes in the header; they must be those of the file."""
    with wave.open(str(path), "rb") as file:
        frames = file.getnframes()
        assert len(file.readframes(frames)) == 2 * frames
    assert int.from_bytes(path.read_bytes()[4:8], "little") == path.stat().st_size - 8
    return frames / 16_000


def safe(recorder, seconds):
    """Wait until this much is written."""
    until = time.monotonic() + 10
    while recorder.safe_s < seconds:
        assert time.monotonic() < until
        time.sleep(0.01)


def test_what_is_being_recorded_can_be_read_strictly_after_every_flush(tmp_path):
    recorder = Recorder(tmp_path / "talk.wav", 16_000)
    for second in range(5):
        recorder.write(np.full(16_000, 0.1 * second, np.float32))
        if second in (1, 3):
            safe(recorder, second + 1)
            assert strictly_read_s(tmp_path / "talk.wav.part") == second + 1
    recorder.close()
    assert strictly_read_s(tmp_path / "talk.wav") == 5
    assert files.read(tmp_path / "talk.wav").samples[::16_000] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4], abs=1e-4)


RECORD_ON_A_FULL_DISK = """
import resource, sys, time
from pathlib import Path
import numpy as np
from engine.audio.recorder import Recorder
from engine.errors import StoreError
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
recorder = Recorder(Path(sys.argv[1]), 16_000)
try:
    for second in range(1000):
        recorder.write(np.full(16_000, 0.25, np.float32))
        time.sleep(0.02)
except StoreError as error:
    print(error)
try:
    recorder.close()
except StoreError:
    print(recorder.path.exists())
"""


@pytest.mark.skipif(os.name == "nt", reason="no limit on the size of files there")
def test_a_recording_can_be_read_while_it_is_written_and_after(tmp_path):
    recorder = Recorder(tmp_path / "talk.wav", 16_000)
    recorder.write(np.full(48_000, 0.25, np.float32))
    safe(recorder, 2)
    during = files.read(so_far(tmp_path / "talk.wav"))
    assert during.duration_s >= 2 and during.samples[100] == pytest.approx(0.25, abs=1e-3)
    recorder.close()
    assert so_far(tmp_path / "talk.wav") == tmp_path / "talk.wav"
    assert files.read(so_far(tmp_path / "talk.wav")).duration_s == 3


def test_a_recording_that_cannot_grow_is_an_error_and_what_was_written_is_safe(tmp_path):
    said = subprocess.run([sys.executable, "-c", RECORD_ON_A_FULL_DISK, str(tmp_path / "talk.wav")], check=True,
                          cwd=Path(__file__).parents[3], capture_output=True, text=True).stdout
    assert said.startswith("The recording stopped")
    assert said.endswith("True\n")
    assert strictly_read_s(tmp_path / "talk.wav") >= 2


def test_a_recording_that_cannot_be_finished_is_a_store_error(tmp_path):
    recorder = Recorder(tmp_path / "talk.wav", 16_000)
    recorder.write(np.zeros(16_000, np.float32))
    (tmp_path / "talk.wav").mkdir()
    with pytest.raises(StoreError, match="could not be finished"):
        recorder.close()


def test_a_recording_of_a_killed_program_that_holds_no_sound_is_thrown_away(tmp_path):
    recorder = Recorder(tmp_path / "talk.wav", 16_000)
    (tmp_path / "empty.wav.part").write_bytes((tmp_path / "talk.wav.part").read_bytes())
    recorder.close().unlink()
    assert recover(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


# --- faults -----------------------------------------------------------------------------------------------------------


class Unplugged:
    """A microphone that gives a second of sound and then goes away."""

    rate_hz = 16_000
    overflows = 3
    ended = False

    def __init__(self):
        self._blocks = [spoken(ANNA, 7).samples[:8_000]] * 2
        self.lost, self.closed = False, False
        self.error = DeviceError("The microphone “Test” went away.")

    def start(self):
        pass

    def read(self):
        if self._blocks:
            return self._blocks.pop()
        self.lost = True
        return np.zeros(0, np.float32)

    def close(self):
        self.closed = True


def test_a_microphone_that_goes_away_is_told_and_the_recording_is_whole(earmark, tmp_path):
    source = Unplugged()
    listener = earmark.voices.listener(source)
    listener.record(tmp_path / "kept.wav")
    listener.start()
    listener.wait(30)
    assert (listener.state, listener.overflows) == ("lost", 3)
    assert "went away" in str(listener.error)
    assert files.read(tmp_path / "kept.wav").duration_s == 1.0
    listener.stop()
    assert source.closed
    assert listener.state == "lost"


def test_a_full_disk_ends_the_recording_and_listening_goes_on(enrolled, tmp_path, monkeypatch):
    conversation(tmp_path / "talk.wav", ANNA)
    write, left = Recorder.write, iter([True, True])

    def fill_up(recorder, wave):
        if not next(left, False):
            raise StoreError("The recording stopped.")
        write(recorder, wave)

    monkeypatch.setattr(Recorder, "write", fill_up)
    listener = enrolled.voices.listener(Fine(FileSource(tmp_path / "talk.wav", pace=0)))
    listener.record(tmp_path / "kept.wav")
    listener.start()
    listener.wait(60)
    assert (listener.state, listener.error, listener.recording) == ("stopped", None, None)
    assert str(listener.recording_error) == "The recording stopped."
    assert settled(listener.turns()) == ["Anna"]
    assert [one.path for one in listener.take_recorded()] == [tmp_path / "kept.wav"]
    assert files.info(tmp_path / "kept.wav").duration_s == pytest.approx(2 * 480 / 16_000)
    listener.record(tmp_path / "again.wav")
    assert listener.recording_error is None
    listener.stop()


def test_a_recording_that_cannot_be_finished_is_told(earmark, tmp_path):
    listener = earmark.voices.listener(Unplugged())
    listener.record(tmp_path / "kept.wav")
    (tmp_path / "kept.wav").mkdir()
    listener.start()
    listener.wait(30)
    listener.stop()
    assert listener.state == "lost"
    assert "went away" in str(listener.error)
    assert "could not be finished" in str(listener.recording_error)
    assert listener.stop_recording() is None


def test_a_fault_of_ours_ends_listening_with_a_sentence_and_the_recording_is_whole(earmark, tmp_path, caplog,
                                                                                   monkeypatch):
    def tagger():
        raise RuntimeError("something about Anna")

    monkeypatch.setattr(logging.getLogger("engine"), "propagate", True)
    conversation(tmp_path / "talk.wav", ANNA)
    listener = earmark.voices.listener(FileSource(tmp_path / "talk.wav", pace=0))
    listener._tagger = tagger
    listener.record(tmp_path / "kept.wav")
    listener.start()
    listener.wait(30)
    assert listener.state == "lost"
    assert "fault in Earmark" in str(listener.error)
    assert listener.recording is None
    assert files.info(tmp_path / "kept.wav").duration_s > 0
    assert "RuntimeError" in caplog.text
    assert "in tagger" in caplog.text
    assert "about Anna" not in caplog.text.replace('raise RuntimeError("something about Anna")', "")
    listener.stop()


def test_a_file_that_turns_out_to_be_cut_off_ends_listening_with_its_error(earmark, tmp_path):
    import soundfile

    soundfile.write(tmp_path / "whole.flac", spoken(ANNA, 7).samples, 16_000)
    data = (tmp_path / "whole.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(data[:len(data) // 2])
    listener = earmark.voices.listener(FileSource(tmp_path / "cut.flac", pace=0))
    listener.start()
    listener.wait(30)
    assert listener.state == "lost"
    assert "cut off" in str(listener.error)
    listener.stop()


def test_stopping_twice_and_before_the_start_does_no_harm(earmark, tmp_path):
    conversation(tmp_path / "talk.wav", ANNA)
    listener = earmark.voices.listener(FileSource(tmp_path / "talk.wav"))
    listener.stop()
    listener = earmark.voices.listener(FileSource(tmp_path / "talk.wav"))
    listener.start()
    began = time.monotonic()
    listener.stop()
    listener.stop()
    assert listener.state == "stopped"
    assert time.monotonic() - began < 3


def test_levels_are_those_of_the_last_tenth_of_a_second(earmark, tmp_path):
    wave = np.full(16_000, 0.1, np.float32)
    wave[1::2] *= -1
    files.write(tmp_path / "steady.wav", Audio(wave, 16_000))
    listener = listen(earmark, tmp_path / "steady.wav")
    level = listener.level()
    assert level.rms_dbfs == pytest.approx(-20, abs=0.1)
    assert level.peak_dbfs == pytest.approx(-20, abs=0.1)
    assert level.clips == 0


@pytest.mark.skipif(os.name == "nt", reason="threads are counted through /proc")
def test_a_stopped_listener_leaves_no_thread(earmark, tmp_path):
    import threading

    conversation(tmp_path / "talk.wav", ANNA)
    before = threading.active_count()
    listen(earmark, tmp_path / "talk.wav")
    assert threading.active_count() == before
