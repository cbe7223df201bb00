"""Live listening: a source goes in, who speaks and what is heard comes out, step by step.

One thread drains the source, resamples to 16 kHz and follows the speech; every STEP_S of sound it embeds the last
seconds of the running speech. Nothing is kept but the last seconds and who spoke when (`lanes`), unless `record` is called.
"""

from __future__ import annotations

import logging
import math
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from engine.audio.band import band_of
from engine.audio.clean import HighPass, leveled
from engine.audio.levels import clips, level_dbfs, peak_dbfs
from engine.audio.microphone import Source
from engine.audio.recorder import Recorder
from engine.audio.resample import StreamResampler
from engine.audio.speech import SpeechDetector
from engine.encoders.protocols import TagListener, VoiceEncoder
from engine.errors import DeviceError, EarmarkError, StoreError
from engine.records import Audio, Band, Embedding, FloatArray, Identification, LiveUpdate, Tag, Turn
from engine.voices.identification import MIN_SPEECH_S, Identifier, nobody
from engine.voices.timeline.live_lanes import LiveLanes, Recorded
from engine.voices.timeline.online import HeardStranger

log = logging.getLogger(__name__)

RATE_HZ = 16_000
STEP_S = 0.25  # sound between two identifications
EAGER_STEP_S = 0.125  # the same while somebody has begun to speak and has no name yet
WINDOW_S = 2.4  # net speech that is embedded at the most; thresholds.py measures by this length
CHUNK = 512  # samples: one speech probability each
SPEECH_ON, SPEECH_OFF = 0.5, 0.35  # probability that starts and that ends speech
GAP_S = 0.7  # silence that ends a run of speech: what comes after may be somebody else
HANG_S = 0.15  # kept of the silence after a word
BEFORE = 2 * CHUNK  # samples kept of what lies before a word: the detector hears soft beginnings late
NOISE_SHARE = 0.01  # of a silent chunk of 32 ms in the level of the noise: it follows within some seconds
BAND_S, BAND_FROM_S = 8.0, 3.0  # of the last speech that tells the band of the source, and the least that does
BAND_EVERY_S = 1.0  # of speech
HEARD_S = 1.5
HEARD_EVERY_S = 0.5
RECENT_S = 12.0
POLL_S = 0.02
KEEP_UPDATES = 4_000  # about 16 minutes; turns are kept for the whole session

ListenerState = Literal["idle", "listening", "lost", "stopped"]


@dataclass(frozen=True)
class Level:
    """Of the last 0.1 s; clips counts since listening began."""

    rms_dbfs: float
    peak_dbfs: float
    clips: int


class Listener:
    """Listens to one source until it is stopped, ends, or goes away. Its methods may be called from any thread.

    error: why it is "lost". recording_error: why the last recording ended by itself, for instance a full disk; listening
    goes on then. The next `record` clears it. lanes: who spoke when in its session.
    """

    rate_hz = RATE_HZ

    def __init__(self, source: Source, encoder: VoiceEncoder, detector: SpeechDetector,
                 identifier: Callable[[], Identifier], tagger: Callable[[], TagListener] | None = None,
                 lanes: LiveLanes | None = None) -> None:
        """identifier: asked at every step, so that a new voice or threshold counts at once. tagger: loads lazily. lanes: of the
        session that goes on; by default a new one begins."""
        self._source, self._encoder, self._identifier, self._tagger = source, encoder, identifier, tagger
        self._speech = detector.stream()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._recent = np.zeros(0, np.float32)
        self._updates: list[LiveUpdate] = []
        self._dropped = 0
        self.lanes = lanes or LiveLanes()
        self._recorder: Recorder | None = None
        self._began = False  # something was given to it
        self._into = self.lanes  # of the session that what is heard belongs to; `lanes` as soon as its thread has seen it
        self._ended: list[tuple[Recorder, Recorded | None]] = []  # recordings that are over, and what they hold
        self._heard: tuple[Tag, ...] = ()
        self._clips = 0
        self.state: ListenerState = "idle"
        self.error: EarmarkError | None = None
        self.recording_error: StoreError | None = None
        # the running speech
        self._pending = np.zeros(0, np.float32)
        self._run = np.zeros(0, np.float32)
        self._before = np.zeros(0, np.float32)
        self._silence = 0
        self._speaking = False
        self._name: str | None = None
        self._name_since = 0.0
        self._new = 0  # samples of it that no step has looked at yet
        self._spoken = np.zeros(0, np.float32)  # the last speech of all runs
        self._band: Band = "full"
        self._unjudged = 0  # samples of speech since it was told

    # --- for the owner ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the source and begin. Raises DeviceError when it cannot be opened."""
        self._source.start()
        self._resampler, self._high_pass = StreamResampler(self._source.rate_hz, RATE_HZ), HighPass(RATE_HZ)
        self.lanes.go_on(self._encoder.spec)
        self.state = "listening"
        self._thread = threading.Thread(target=self._main, name="listener", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop and close the source; a recording is finished. Does nothing the second time."""
        self._stop.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)
        self._source.close()
        self.stop_recording()
        if self.state == "listening":
            self.state = "stopped"

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait until the source has ended or gone away."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    @property
    def elapsed_s(self) -> float:
        """How much of this session was listened to."""
        return self.lanes.elapsed_s

    @property
    def overflows(self) -> int:
        return self._source.overflows

    @property
    def recording(self) -> Path | None:
        recorder = self._recorder
        return recorder.path if recorder else None

    def record(self, path: Path) -> None:
        """Keep what is heard from now on in a wav file. Raises StoreError when it cannot be made."""
        self.stop_recording()
        recorder = Recorder(path, self._source.rate_hz)
        with self._lock:
            self._recorder, self._began, self.recording_error = recorder, False, None

    def end_recording(self) -> None:
        """Nothing more is recorded. Does not wait for the disk, which `take_recorded` and `stop_recording` do."""
        with self._lock:
            recorder, self._recorder = self._recorder, None
            if recorder is not None:
                recorder.end()
                self._is_over(recorder)

    def stop_recording(self) -> Path | None:
        """Finish the recording; returns its path, or None: nothing was recorded, or `recording_error` says why not."""
        recorder = self._recorder
        self.end_recording()
        return self._finished(recorder) if recorder is not None else None

    def take_recorded(self) -> list[Recorded]:
        """What the recordings that ended since this was last asked hold of the session, to be kept as timelines. Waits until
        their files are finished; where one could not be, `recording_error` says why."""
        with self._lock:
            ended, self._ended = self._ended, []
        for recorder, _ in ended:
            self._finished(recorder)
        return [recorded for _, recorded in ended if recorded is not None]

    def begin_anew(self, lanes: LiveLanes | None = None) -> LiveLanes:
        """Go on in another session, by default a new one; returns the one that was left. A recording is finished first.

        The running speech is of the session that was left: what is said from now on begins a new run.
        """
        self.stop_recording()
        with self._lock:
            left, self.lanes = self.lanes, lanes or LiveLanes()
        self.lanes.go_on(self._encoder.spec)
        return left

    def updates(self, since: int) -> tuple[int, list[LiveUpdate]]:
        """The updates from number `since` on, and the number to ask from next."""
        with self._lock:
            first = max(0, since - self._dropped)
            return self._dropped + len(self._updates), self._updates[first:]

    def turns(self) -> list[Turn]:
        """Who spoke when, from the beginning of the session; the last turn grows while its voice speaks."""
        return self.lanes.turns()

    def stranger(self, number: int) -> HeardStranger | None:
        """What is known of a stranger of this session; None where there is none of this number."""
        return self.lanes.stranger(number)

    def name_stranger(self, number: int, voice_id: int) -> None:
        """The turns of a stranger are those of a voice from now on, as long as there is that voice."""
        self.lanes.name_stranger(number, voice_id)
        self.look_again()

    def look_again(self) -> None:
        """Voices may have changed: who spoke is called what the voice is called now."""
        if self.lanes.some_known:
            self.lanes.look_again(self._identifier().voices)

    def recent(self, seconds: float) -> FloatArray:
        """The last seconds of sound, float32 (n,) at 16 kHz; shorter at the beginning. At most 12 s."""
        with self._lock:
            return self._recent[max(0, len(self._recent) - int(seconds * RATE_HZ)):].copy()

    def level(self) -> Level:
        """How loud it is now."""
        last = self.recent(0.1)
        if not len(last):
            return Level(-120.0, -120.0, self._clips)
        return Level(level_dbfs(last), peak_dbfs(last), self._clips)

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _main(self) -> None:
        step, since_heard = 0, 0
        try:
            while not self._stop.is_set():
                block = self._source.read()
                if not len(block):
                    if self._source.lost:
                        self._went_away()
                        return
                    if getattr(self._source, "ended", False):
                        self._take(self._high_pass.push(self._resampler.flush()))
                        self._step(time.perf_counter())
                        self.state = "stopped"
                        return
                    time.sleep(POLL_S)
                    continue
                self._clips += clips(block)
                self._record(block)
                wave = self._high_pass.push(self._resampler.push(block))
                size = int(EAGER_STEP_S * RATE_HZ)
                for start in range(0, len(wave), size):  # a fast source steps as often as a slow one
                    part = wave[start:start + size]
                    with self._lock:
                        self._change_session()
                    began = time.perf_counter()
                    self._take(part)
                    step += len(part)
                    since_heard += len(part)
                    if step >= (EAGER_STEP_S if self._eager else STEP_S) * RATE_HZ:
                        step = 0
                        self._step(began)
                    elif since_heard >= HEARD_EVERY_S * RATE_HZ:  # a name never waits for the tags
                        since_heard = 0
                        self._listen()
        except EarmarkError as error:
            self._ended_by(error)
            log.warning("listening ended: %s", type(error).__name__)
        except Exception as error:  # noqa: BLE001 (a job ends here)
            # the words of an error may hold a name, so only its type and where it came from are logged
            log.error("listening ended: %s\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
            self._ended_by(EarmarkError("Listening ended because of a fault in Earmark. What was recorded until then is "
                                        "safe. Start again; the log has the details."))

    def _ended_by(self, error: EarmarkError) -> None:
        self.stop_recording()
        self.error = error
        self.state = "lost"

    def _record(self, block: FloatArray) -> None:
        """Keep a block, if that is wanted; a recording that cannot go on is over, and listening goes on."""
        with self._lock:
            recorder = self._recorder
            if recorder is None:
                return
            self._change_session()
            if not self._began:
                self._began = True
                self.lanes.begin_recording(self._new / RATE_HZ if len(self._run) else None)
            try:
                recorder.write(block)
                return
            except StoreError as error:
                self._recorder, self.recording_error = None, error
                recorder.end()
                self._is_over(recorder)
        log.warning("a recording ended by itself")

    def _change_session(self) -> None:
        """Under the lock: where another session was begun, the running speech ends, and what comes belongs to the new one."""
        if self._into is not self.lanes:
            self._into = self.lanes
            self._end_run()

    def _is_over(self, recorder: Recorder) -> None:
        """Under the lock."""
        self._ended.append((recorder, self.lanes.end_recording(recorder.path)))

    def _finished(self, recorder: Recorder) -> Path | None:
        try:
            return recorder.close()
        except StoreError as error:
            self.recording_error = self.recording_error or error  # the first one is the one to tell
            return None

    def _went_away(self) -> None:
        self._ended_by(getattr(self._source, "error", None) or DeviceError(
            "The microphone went away. What was recorded until then is safe."))

    def _take(self, wave: FloatArray) -> None:
        """Add 16 kHz sound: to what is drawn, to the running speech."""
        with self._lock:
            self._recent = np.concatenate([self._recent, wave])[-int(RECENT_S * RATE_HZ):]
            self._into.elapsed_s += len(wave) / RATE_HZ
        self._pending = np.concatenate([self._pending, wave])
        probabilities = self._speech.push(wave)
        for probability in probabilities:
            chunk, self._pending = self._pending[:CHUNK], self._pending[CHUNK:]
            self._follow(chunk, probability)

    def _follow(self, chunk: FloatArray, probability: float) -> None:
        """Let one chunk of 32 ms join the running speech, or count as silence."""
        if probability >= (SPEECH_OFF if self._speaking else SPEECH_ON):
            self._speaking, self._silence = True, 0
            self._run = np.concatenate([self._run, self._before, chunk])[-int(WINDOW_S * RATE_HZ):]
            self._new += len(self._before) + len(chunk)
            self._before = np.zeros(0, np.float32)
            return
        self._silence += len(chunk)
        if self._speaking and self._silence <= HANG_S * RATE_HZ:
            self._run = np.concatenate([self._run, chunk])[-int(WINDOW_S * RATE_HZ):]
            self._new += len(chunk)
            return
        self._speaking = False
        self._into.noise += (float(np.square(chunk).mean()) - self._into.noise) * NOISE_SHARE
        self._before = np.concatenate([self._before, chunk])[-BEFORE:]
        if self._silence >= GAP_S * RATE_HZ and len(self._run):
            self._end_run()
            self._into.pause()

    def _end_run(self) -> None:
        self._run = np.zeros(0, np.float32)
        self._name, self._new = None, 0

    @property
    def _eager(self) -> bool:
        """Somebody has begun to speak and has no name yet; a stranger is not asked after that often for long."""
        return self._speaking and not self._name and len(self._run) < int(WINDOW_S * RATE_HZ)

    def _listen(self) -> None:
        if self._tagger is None:
            return
        last = self.recent(HEARD_S)
        if len(last) >= RATE_HZ:
            self._heard = self._tagger().heard(Audio(last, RATE_HZ))

    def _step(self, began: float) -> None:
        """Identify the running speech and tell. began: when the work on its last sound began (perf_counter)."""
        now = self._into.elapsed_s
        used_s = len(self._run) / RATE_HZ
        found: Identification | None = None
        query: Embedding | None = None
        stranger: int | None = None
        if self._speaking and used_s < MIN_SPEECH_S:
            found = nobody("too-short", used_s)
        elif self._speaking:
            query = self._encoder.embed(leveled(Audio(self._run, RATE_HZ)).audio)
            identifier = self._identifier()
            self._follow_band()
            found = replace(identifier.identify(query, used_s, self._snr_db(), self._band == "narrow"), band=self._band)
            stranger = self._count_turn(found, query, now, used_s)
            if self._into.some_known:
                self._into.look_again(identifier.voices)
        run_s = used_s if self._name is None else now - self._name_since
        update = LiveUpdate(now, self._speaking, found, query, run_s, used_s, self._heard,
                            (time.perf_counter() - began) * 1000, stranger)
        with self._lock:
            if self._into is not self.lanes:  # it tells of a session that was left meanwhile
                return
            self._updates.append(update)
            if len(self._updates) > KEEP_UPDATES:
                self._dropped += len(self._updates) - KEEP_UPDATES
                del self._updates[:-KEEP_UPDATES]

    def _snr_db(self) -> float | None:
        """The running speech over the noise of the session; None where no silence was heard yet."""
        noise = self._into.noise
        return 10 * math.log10(max(float(np.square(self._run).mean()), noise) / noise) if noise > 0 else None

    def _follow_band(self) -> None:
        """The band is that of the source, so a few words without an s do not change it."""
        fresh = self._run[max(0, len(self._run) - self._new):]
        self._spoken = np.concatenate([self._spoken, fresh])[-int(BAND_S * RATE_HZ):]
        self._unjudged += len(fresh)
        if len(self._spoken) >= BAND_FROM_S * RATE_HZ and self._unjudged >= BAND_EVERY_S * RATE_HZ:
            self._unjudged, self._band = 0, band_of(Audio(self._spoken, RATE_HZ))

    def _count_turn(self, found: Identification, query: Embedding, now: float, used_s: float) -> int | None:
        """Grow the last turn, or begin one when somebody else speaks. Returns the number of a stranger."""
        voice = found.nearest if found.status in ("match", "tentative") else None
        key = voice or ""
        if key != self._name:
            # the first identification of a run covers the speech that it needed to become sure
            self._name_since = now - (used_s if self._name is None else STEP_S)
            self._name = key
        fresh = self._run[max(0, len(self._run) - self._new):]
        self._new = 0
        return self._into.speech(found, query, used_s, fresh)
