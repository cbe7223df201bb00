"""Samples of another voice encoder, made from the recordings that people let us keep."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from engine.audio import files
from engine.audio.clean import cleaned
from engine.audio.speech import SpeechDetector
from engine.encoders.protocols import VoiceEncoder
from engine.errors import AudioError, EnrollmentError, ShapeError, TooLittleSpeech
from engine.records import Failure, Span, Take
from engine.store import Store
from engine.tasks import Ticket
from engine.voices.identification import MIN_SPEECH_S
from engine.voices.takes import net_speech, spoken_parts


def reembed(store: Store, encoder: VoiceEncoder, detector: SpeechDetector, ticket: Ticket | None = None) -> tuple[Failure, ...]:
    """Give every take that has a recording and no samples of this encoder its samples; the other encoders keep theirs.

    Each take is stored as soon as it is ready: after a cancellation or a kill the next call goes on. Returns the recordings
    that could not be used. Raises Cancelled, EncoderError, StoreError.
    """
    ticket = ticket or Ticket()
    waiting = [take for take in store.voices.takes(spec=encoder.spec) if not take.samples and take.recording is not None]
    failed = []
    for number, take in enumerate(waiting):
        ticket.report(number, len(waiting), take.source)
        try:
            _embed(store, take, encoder, detector)
        except (AudioError, ShapeError, EnrollmentError) as error:
            if any(one.id == take.id for one in store.voices.takes(take.voice_id)):  # it was not removed meanwhile
                failed.append(Failure(take.recording or Path(take.source), getattr(error, "reason", str(error))))
    ticket.report(len(waiting), len(waiting), "")
    return tuple(failed)


def _embed(store: Store, take: Take, encoder: VoiceEncoder, detector: SpeechDetector) -> None:
    audio = cleaned(files.from_bytes(store.voices.recording(take.id), Path(take.source))).audio
    spans = detector.spans(audio)
    stretches = store.voices.spans(take.id)  # samples that were removed do not come back
    parts = spoken_parts(audio, spans)
    if stretches:
        cut = [(net_speech(audio, _within(spans, one)), one) for one in stretches]
        parts = [(speech, one) for speech, one in cut if len(speech.samples)]
    if sum(part.duration_s for part, _ in parts) < (0 if stretches else MIN_SPEECH_S) or not parts:
        raise TooLittleSpeech(sum(part.duration_s for part, _ in parts), MIN_SPEECH_S)
    embeddings = encoder.embed_many([part for part, _ in parts])
    samples = [(e, part.duration_s) for e, (part, _) in zip(embeddings, parts, strict=True)]
    store.voices.add_samples(take.id, encoder.spec, samples, [span for _, span in parts])


def _within(spans: Sequence[Span], stretch: Span) -> list[Span]:
    """What of the spans lies in a stretch."""
    cut = [Span(max(one.start_s, stretch.start_s), min(one.end_s, stretch.end_s)) for one in spans]
    return [one for one in cut if one.duration_s > 0]
