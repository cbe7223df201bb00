"""Who spoke when in one live session, over as many listeners as it has, and what a recording holds of that.

A session goes on when one listens again: its turns, its strangers and their names stay, and its time goes on where it stopped.
Of what is recorded, a timeline can be kept: its turns, and what its strangers can be known again by. That is gathered from the
recorded speech alone, because nothing else may be kept.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from engine.audio.levels import clips
from engine.audio.speech import RATE_HZ
from engine.records import Embedding, EncoderSpec, FloatArray, Identification, IdentificationStatus, Span, Turn, Voice
from engine.store.records import NewTrack
from engine.voices.limits import Limits, limits_of
from engine.voices.timeline.live_turns import LiveTurns
from engine.voices.timeline.online import SILENT, HeardStranger, Numbered, Samples, Strangers

Who = tuple[str, int]  # ("voice", id) or ("stranger", number); ("stranger", 0): it never got a number

NOBODY: Who = ("stranger", 0)


@dataclass(frozen=True)
class Recorded:
    """What a recording holds of a session. tracks: in its own time. noise_dbfs: of what is no speech. Samples are of `spec`.

    begins_s, ends_s: when it began and ended, in the time of the session.
    """

    path: Path
    begins_s: float
    ends_s: float
    spec: EncoderSpec
    noise_dbfs: float
    tracks: tuple[NewTrack, ...]

    def kept(self, duration_s: float, voices: Collection[int]) -> tuple[NewTrack, ...]:
        """The tracks as they can be kept: inside what the file holds, and without what voices said that are gone meanwhile
        (ids that are not among `voices`); a stranger that had become one of them is a stranger again."""
        found = []
        for one in self.tracks:
            if one.voice_id is not None and one.voice_id not in voices:
                if one.stranger is None:
                    continue
                one = replace(one, voice_id=None, status="unknown")
            turns = tuple(Span(t.start_s, min(t.end_s, duration_s)) for t in one.turns if t.start_s < duration_s)
            if turns:
                found.append(replace(one, turns=turns))
        return tuple(found)


class LiveLanes:
    """The turns and strangers of one session. Thread-safe; one listener at a time adds to it.

    elapsed_s: how much was listened to. noise: mean square of what is no speech.
    """

    def __init__(self) -> None:
        self.elapsed_s = 0.0
        self.noise = 0.0
        self._lock = threading.Lock()
        self._turns = LiveTurns()
        self._strangers = Strangers(Limits().like)
        self._spec: EncoderSpec | None = None
        self._before: dict[int, HeardStranger] = {}  # heard by another encoder than the one in use, by number
        self._named: dict[int, int] = {}  # number of a stranger → id of the voice that it was named
        self._names: dict[int | None, str] = {}  # the same with the name that the voice has now
        self._ids: dict[str, int] = {}  # what voices that spoke are called → their id
        self._was: dict[int, int] = {}  # id of every voice that a stranger was named → the number
        self._gone: dict[int, int] = {}  # those of them that are gone
        self._part: _Part | None = None

    # --- for the listener ---------------------------------------------------------------------------------------------

    def go_on(self, spec: EncoderSpec) -> None:
        """A listener begins. With another voice encoder than before, strangers are told from each other anew."""
        with self._lock:
            if self._spec != spec:
                for one in self._strangers:  # none before the first listener
                    self._before[one.number] = one.heard(self._spec, self.noise)  # type: ignore[arg-type]
                self._strangers = Strangers(limits_of(spec).like, self._strangers.last)
            self._spec = spec
            self._pause()

    def pause(self) -> None:
        """A run of speech is over."""
        with self._lock:
            self._pause()

    def speech(self, found: Identification, query: Embedding, used_s: float, fresh: FloatArray) -> int | None:
        """A step of running speech. used_s: net speech that was embedded; fresh: float32 (n,), what of it is new.

        Grows the last turn, or begins one when somebody else speaks. Returns the number of a stranger.
        """
        voice = found.nearest if found.status in ("match", "tentative") else None
        new_s, power, clipped = len(fresh) / RATE_HZ, float(np.square(fresh).mean()) if len(fresh) else 0.0, clips(fresh)
        with self._lock:
            who = NOBODY
            if voice is not None:
                numbered = Numbered(None)
                self._strangers.known(new_s)
                if (voice_id := next((one.voice_id for one in found.candidates if one.voice == voice), None)) is not None:
                    self._ids[voice] = voice_id
                    who = ("voice", voice_id)
            else:
                numbered = self._strangers.hear(query, used_s, new_s, power, clipped)
                self._turns.relabel(numbered.merged)
                who = ("stranger", numbered.number or 0)
            self._turns.step(voice, found.status, numbered.number, self.elapsed_s, used_s)
            if self._part is not None:
                self._part.merge(numbered.merged)
                self._part.add(who, found.similarity, query, used_s, new_s, power, clipped, numbered.alone)
        return numbered.number

    def begin_recording(self, speech_before_s: float | None) -> None:
        """What is heard from now on is recorded. speech_before_s: of the running speech, what no step has looked at yet; None
        where nobody speaks."""
        with self._lock:
            self._part = _Part(self.elapsed_s, math.inf if speech_before_s is None else -speech_before_s)

    def end_recording(self, path: Path) -> Recorded | None:
        """The recording is over; None where none had begun."""
        with self._lock:
            part, self._part = self._part, None
            if part is None or self._spec is None:
                return None
            return Recorded(path, part.begins_s, self.elapsed_s, self._spec, _dbfs(self.noise), self._tracks(part))

    # --- for its owner ------------------------------------------------------------------------------------------------

    def turns(self) -> list[Turn]:
        """Who spoke when, from the beginning; the last turn grows while its voice speaks."""
        with self._lock:
            return self._turns.all(self._names, self._again())

    def stranger(self, number: int) -> HeardStranger | None:
        """What is known of a stranger of this session; None where there is none of this number."""
        with self._lock:
            one = self._strangers.get(number)
            if one is None or self._spec is None:
                return self._before.get(number)
            return one.heard(self._spec, self.noise)

    def name_stranger(self, number: int, voice_id: int) -> None:
        """The turns of a stranger are those of a voice from now on, as long as there is that voice."""
        with self._lock:
            self._strangers.keep_apart(number)
            self._named[number] = voice_id
            self._was.setdefault(voice_id, number)

    @property
    def some_known(self) -> bool:
        """Voices spoke or strangers were named, so that `look_again` has something to do."""
        return bool(self._named or self._ids)

    def look_again(self, voices: Iterable[Voice]) -> None:
        """Voices, and strangers that were named, are called what their voice is called now; where it is gone, strangers are
        strangers again, with all that they said under that name."""
        names = {voice.id: voice.name for voice in voices}
        with self._lock:
            renamed: dict[str | None, str] = {old: names[voice_id] for old, voice_id in self._ids.items()
                                              if names.get(voice_id, old) != old}
            if renamed:
                self._turns.rename(renamed)
                self._ids = {renamed.get(name, name): voice_id for name, voice_id in self._ids.items()}
            self._names = {number: names[voice_id] for number, voice_id in self._named.items() if voice_id in names}
            self._gone = {voice_id: number for voice_id, number in self._was.items() if voice_id not in names}

    # --- inside -------------------------------------------------------------------------------------------------------

    def _pause(self) -> None:
        self._strangers.pause()
        self._turns.pause()
        if self._part is not None:
            self._part.inside_s = math.inf

    def _again(self) -> dict[str | None, int]:
        """What voices that are gone are called → the number of the stranger whom each of them was."""
        return {name: self._gone[voice_id] for name, voice_id in self._ids.items() if voice_id in self._gone}

    def _tracks(self, part: _Part) -> tuple[NewTrack, ...]:
        """One for each voice and each stranger who spoke in the recording."""
        turns: dict[Who, list[Turn]] = {}
        numbers: dict[Who, set[int]] = {}  # strangers that are this voice because they were named so
        for turn in self._turns.all({}, self._again()):
            begin, end = max(turn.span.start_s, part.begins_s), min(turn.span.end_s, self.elapsed_s)
            if end > begin:
                who = self._who(turn)
                span = Span(begin - part.begins_s, end - part.begins_s)
                turns.setdefault(who, []).append(Turn(turn.voice, turn.status, span, turn.stranger))
                if who[0] == "voice" and turn.stranger is not None:
                    numbers.setdefault(who, set()).add(turn.stranger)
        found = []
        for who, mine in turns.items():
            kind, number = who
            named = sorted(numbers.get(who, ()))
            same = {number} if kind == "stranger" else set(named)  # what they said under a name that they lost is theirs, too
            once = [("voice", voice_id) for voice_id, was in self._gone.items() if was in same]
            gathered = [part.found[one] for one in (who, *(("stranger", n) for n in named), *once) if one in part.found]
            stranger = (named[0] if named else None) if kind == "voice" else number or None
            found.append(_track(number if kind == "voice" else None, stranger, [one.status for one in mine],
                                tuple(one.span for one in mine), gathered))
        return tuple(found)

    def _who(self, turn: Turn) -> Who:
        if turn.voice is not None:
            return ("voice", self._ids[turn.voice]) if turn.voice in self._ids else NOBODY
        if turn.stranger in self._names:
            return "voice", self._named[turn.stranger]  # type: ignore[index]
        return "stranger", turn.stranger or 0


@dataclass
class _Gathered:
    """Of one who speaks in a recording. power: mean square of the speech. likeness: sum of similarities to the nearest voice,
    each as heavy as its seconds; likeness_s: of how much speech."""

    speech_s: float = 0.0
    power: float = 0.0
    clipped: int = 0
    likeness: float = 0.0
    likeness_s: float = 0.0
    samples: Samples = field(default_factory=Samples)

    def take_over(self, other: _Gathered) -> None:
        total_s = self.speech_s + other.speech_s
        if total_s > 0:
            self.power = (self.power * self.speech_s + other.power * other.speech_s) / total_s
        self.speech_s = total_s
        self.clipped += other.clipped
        self.likeness += other.likeness
        self.likeness_s += other.likeness_s
        self.samples.take_over(other.samples)


@dataclass
class _Part:
    """The recording that runs. inside_s: how much of the running speech was heard since it began (infinite: all of it)."""

    begins_s: float
    inside_s: float
    found: dict[Who, _Gathered] = field(default_factory=dict)

    def add(self, who: Who, similarity: float | None, query: Embedding, used_s: float, new_s: float, power: float, clipped: int,
            alone: bool) -> None:
        self.inside_s += new_s
        one = self.found.setdefault(who, _Gathered())
        one.power += (power - one.power) * new_s / max(1e-9, one.speech_s + new_s)
        one.speech_s += new_s
        one.clipped += clipped
        if similarity is not None:
            one.likeness += similarity * new_s
            one.likeness_s += new_s
        if who[0] == "stranger" and who != NOBODY:
            one.samples.add(query, used_s, new_s, alone and self.inside_s >= used_s - 1e-6)

    def merge(self, merged: Iterable[tuple[int, int]]) -> None:
        for younger, older in merged:
            gone = self.found.pop(("stranger", younger), None)
            if gone is not None:
                self.found.setdefault(("stranger", older), _Gathered()).take_over(gone)


def _track(voice_id: int | None, stranger: int | None, statuses: list[IdentificationStatus], spans: tuple[Span, ...],
           gathered: list[_Gathered]) -> NewTrack:
    total = _Gathered()
    for one in gathered:
        total.take_over(one)
    status: IdentificationStatus = "unknown"
    if voice_id is not None:
        status = "match" if stranger is not None or "match" in statuses else "tentative"
    return NewTrack(voice_id, stranger, status, total.likeness / total.likeness_s if total.likeness_s else None,
                    _dbfs(total.power), total.clipped, spans, tuple(total.samples.all))


def _dbfs(power: float) -> float:
    return 10 * math.log10(max(power, SILENT))
