"""Judging a take: how much speech it holds, how loud, how clean, and what to say about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.audio.band import band_of
from engine.audio.clean import Clean, cleaned
from engine.audio.levels import clips, level_dbfs
from engine.audio.speech import SpeechDetector
from engine.encoders.protocols import TagListener, VoiceEncoder
from engine.errors import Clipped, EnrollmentError, NoSpeech, TooLittleSpeech, TooNoisy, TwoVoices
from engine.records import Audio, Band, Embedding, FloatArray, Identification, Span
from engine.voices.limits import limits_of
from engine.voices.mixtures import groups_apart, windows

SAMPLE_S = 3.0
"""Net speech that one sample is made of; a take is cut into equal parts of about this length."""
QUIET_DBFS = -45.0
LOUD_DBFS = -8.0
NOISY_SNR_DB = 15.0
NOISE_PERCENTILE = 10
FLOOR_DBFS = -90.0  # silence between words counts as this, so that the ratio stays finite


NOISIEST_SNR_DB = 10.0  # below it a take is refused; see tests/benchmarks/takes.py for this and what follows
CLIPS_A_SECOND = 1.0  # places where the wave is cut off, by net speech; more are refused
LEAST_SPEECH = 0.05  # readers have 0.90 and more, synthesizers now and then 0.1


class Part(NamedTuple):
    """What one sample is made of. span: the stretch of the take that it comes from. speech_s: speech in it, its context apart."""

    audio: Audio
    span: Span
    speech_s: float


@dataclass(frozen=True)
class TakeQuality:
    """level_dbfs: RMS of the speech as it was recorded. snr_db: speech over the noise floor, None without speech.

    clipped: places where the wave is cut off. level_advice, noise_advice, clipping_advice: one sentence each.
    """

    duration_s: float
    speech_s: float
    level_dbfs: float
    snr_db: float | None
    clipped: int
    spans: tuple[Span, ...]
    level_ok: bool
    noise_ok: bool
    clipping_ok: bool
    level_advice: str
    noise_advice: str
    clipping_advice: str
    band: Band


@dataclass(frozen=True)
class Heard:
    """What a take is like so far and who it sounds like; embedding is None where there is too little speech. speech: net."""

    quality: TakeQuality
    identification: Identification
    embedding: Embedding | None
    speech: Audio | None = None


def judge(audio: Audio, detector: SpeechDetector, clean: Clean | None = None) -> TakeQuality:
    """Judge a take of any rate. clean: made of it already."""
    clean = clean or cleaned(audio)
    heard = clean.audio
    spans = tuple(detector.spans(heard)) if len(audio.samples) else ()
    speech, _ = split(heard, spans)
    level = level_dbfs(speech if len(speech) else heard.samples) - clean.gain_db if len(audio.samples) else FLOOR_DBFS
    snr = float(level + clean.gain_db - noise_dbfs(heard)) if len(speech) else None
    clipped = clips(audio.samples)
    level_ok = bool(len(speech)) and QUIET_DBFS <= level <= LOUD_DBFS
    noise_ok = snr is None or snr >= NOISY_SNR_DB
    if not len(speech):
        level_advice = "No speech yet."
    elif level < QUIET_DBFS:
        level_advice = "Too quiet. Come closer or turn the input up."
    elif level > LOUD_DBFS:
        level_advice = "Very loud. Move back a little."
    else:
        level_advice = "Good. Keep this distance."
    noise_advice = "Clean." if noise_ok else "There is noise between the words. A fan nearby?"
    clipping_advice = "None in this take." if not clipped else "The wave is cut off. Move back a hand’s width."
    return TakeQuality(audio.duration_s, sum(s.duration_s for s in spans), float(level), snr, clipped, spans, level_ok,
                       noise_ok, not clipped, level_advice, noise_advice, clipping_advice,
                       band_of(Audio(speech, audio.rate_hz) if len(speech) else heard))


def refusal(audio: Audio, quality: TakeQuality, least_s: float, tagger: TagListener, encoder: VoiceEncoder,
            anyway: bool = False) -> EnrollmentError | None:
    """Why a take must not be enrolled, or None.

    audio: the take, cleaned. encoder: for the rule against two voices; it rests where its limit was never measured. anyway:
    noise and clipping are taken as they are.
    """
    if quality.speech_s < least_s:
        return TooLittleSpeech(quality.speech_s, least_s)
    if not anyway and quality.clipped > CLIPS_A_SECOND * quality.speech_s:
        return Clipped(quality.clipped)
    if not anyway and quality.snr_db is not None and quality.snr_db < NOISIEST_SNR_DB:
        return TooNoisy(quality.snr_db, NOISIEST_SNR_DB)
    speech = net_speech(audio, quality.spans)
    probability = speech_probability(speech, tagger)
    if probability < LEAST_SPEECH:
        return NoSpeech(probability)
    limit = limits_of(encoder.spec).apart
    cut = windows(speech) if limit is not None else []
    if limit is not None and cut:
        apart, _ = groups_apart(np.array([one.vector for one in encoder.embed_many(cut)]))
        if apart < limit:
            return TwoVoices(apart)
    return None


def noise_dbfs(audio: Audio) -> float:
    """The noise floor: the level that one in ten frames of 20 ms stays below.

    What lies between the words would be no measure: speech detection pads its spans, and breaths and the ends of words
    are found there. Speech pauses at least that often (the minimum statistics of Martin 2001, in their simplest form).
    """
    size = max(1, audio.rate_hz // 50)
    frames = audio.samples[:len(audio.samples) // size * size].reshape(-1, size)
    if not len(frames):
        return FLOOR_DBFS
    power = float(np.percentile(np.mean(np.square(frames, dtype=np.float64), axis=1), NOISE_PERCENTILE))
    return max(FLOOR_DBFS, 10 * float(np.log10(max(power, 1e-12))))


def snr_db(audio: Audio) -> float:
    """How far speech lies over the noise floor: of a stretch that is speech nearly all the time."""
    return float(level_dbfs(audio.samples) - noise_dbfs(audio))


def split(audio: Audio, spans: Sequence[Span]) -> tuple[FloatArray, FloatArray]:
    """(what lies in the spans, what lies between them), each put end to end: float32 (n,), (m,)."""
    inside = _inside(audio, spans)
    return audio.samples[inside], audio.samples[~inside]


def with_context(spans: Sequence[Span], duration_s: float, context_s: float) -> list[Span]:
    """Stretches of speech with more of the recording on each side, one where they meet: soft ends of words, and the natural pause
    between two. context_s: see `Limits`. It is embedded, and not counted as speech."""
    found: list[Span] = []
    for one in spans:
        start_s, end_s = max(0.0, one.start_s - context_s), min(duration_s, one.end_s + context_s)
        if found and start_s <= found[-1].end_s:
            found[-1] = Span(found[-1].start_s, max(end_s, found[-1].end_s))
        else:
            found.append(Span(start_s, end_s))
    return found


def net_speech(audio: Audio, spans: Sequence[Span]) -> Audio:
    """The speech of a take put end to end, and nothing else: what is judged."""
    return Audio(split(audio, spans)[0], audio.rate_hz)


def speech_in_context(audio: Audio, spans: Sequence[Span], context_s: float) -> Audio:
    """The speech of a take put end to end, with its context: what is embedded."""
    return net_speech(audio, with_context(spans, audio.duration_s, context_s))


def spoken_parts(audio: Audio, spans: Sequence[Span], context_s: float) -> list[Part]:
    """Speech in its context, cut as `sample_parts` does."""
    heard, spoken = _inside(audio, with_context(spans, audio.duration_s, context_s)), _inside(audio, spans)
    places = np.flatnonzero(heard)
    parts = sample_parts(Audio(audio.samples[places], audio.rate_hz))
    cuts = np.array_split(places, len(parts))
    return [Part(part, Span(float(cut[0]) / audio.rate_hz, float(cut[-1] + 1) / audio.rate_hz),
                 float(spoken[cut].sum()) / audio.rate_hz) for part, cut in zip(parts, cuts, strict=True) if len(cut)]


def part_of(audio: Audio, spans: Sequence[Span], stretch: Span, context_s: float) -> Part | None:
    """Speech in its context from one stretch of a take, and of nothing beside it; None where nobody speaks in it."""
    def within(some: Sequence[Span]) -> list[Span]:
        cut = [Span(max(one.start_s, stretch.start_s), min(one.end_s, stretch.end_s)) for one in some]
        return [one for one in cut if one.duration_s > 0]

    speech_s = sum(one.duration_s for one in within(spans))
    heard = split(audio, within(with_context(spans, audio.duration_s, context_s)))[0]
    return Part(Audio(heard, audio.rate_hz), stretch, speech_s) if speech_s and len(heard) else None


def _inside(audio: Audio, spans: Sequence[Span]) -> NDArray[np.bool_]:
    """Which samples lie in the spans: bool (n,)."""
    inside = np.zeros(len(audio.samples), bool)
    for span in spans:
        inside[int(span.start_s * audio.rate_hz):int(np.ceil(span.end_s * audio.rate_hz))] = True
    return inside


def speech_probability(speech: Audio, tagger: TagListener) -> float:
    """YAMNet's mean probability of the class Speech over net speech: low where Silero took something else for it."""
    return next((tag.probability for tag in tagger.heard(speech, count=10_000) if tag.name == "Speech"), 0.0)


def sample_parts(speech: Audio) -> list[Audio]:
    """Net speech cut into equal parts of about 3 s (at least one)."""
    count = max(1, round(speech.duration_s / SAMPLE_S))
    return [Audio(part, speech.rate_hz) for part in np.array_split(speech.samples, count)]
