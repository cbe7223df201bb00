"""Samples of another voice encoder, made from the recordings that people let us keep."""

from __future__ import annotations

from pathlib import Path

from engine.audio import files
from engine.audio.clean import cleaned
from engine.audio.speech import SpeechDetector
from engine.encoders.protocols import VoiceEncoder
from engine.errors import AudioError, EnrollmentError, ShapeError, TooLittleSpeech
from engine.records import Failure, Take
from engine.store import Store
from engine.tasks import Ticket
from engine.voices.identification import MIN_SPEECH_S
from engine.voices.limits import limits_of
from engine.voices.takes import part_of, spoken_parts


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
    context_s = limits_of(encoder.spec).context_s
    parts = ([part for one in stretches if (part := part_of(audio, spans, one, context_s))] if stretches
             else spoken_parts(audio, spans, context_s))
    if (speech_s := sum(part.speech_s for part in parts)) < (0 if stretches else MIN_SPEECH_S) or not parts:
        raise TooLittleSpeech(speech_s, MIN_SPEECH_S)
    embeddings = encoder.embed_many([part.audio for part in parts])
    samples = [(e, part.speech_s) for e, part in zip(embeddings, parts, strict=True)]
    store.voices.add_samples(take.id, encoder.spec, samples, [part.span for part in parts])
