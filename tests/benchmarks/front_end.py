"""What a recording's level, offset, rumble, cut-off waves and telephone band do, before and after the front end of voices.

    python tests/benchmarks/front_end.py [levels] [bands] [clipping]

Stands behind the constants of engine/audio/clean.py, levels.py (clips) and band.py.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile as sf
from measuring import SHARED
from scipy.signal import butter, resample_poly, sosfiltfilt

from engine.audio import files
from engine.audio.band import NARROW_DB, NARROW_RATE_HZ, high_to_middle_db
from engine.audio.clean import cleaned, loud_dbfs
from engine.audio.levels import clips, level_dbfs
from engine.audio.speech import SpeechDetector
from engine.encoders.models import Models
from engine.encoders.protocols import VoiceEncoder
from engine.records import Audio, FloatArray
from engine.voices.takes import net_speech
from engine.weights import Weights

PARTS = ("levels", "bands", "clipping")
ENCODERS = ("ge2e", "campplus")
LEVELS = (-60, -50, -40, -35, -30, -25, -20, -15, -10, -5, 0, 10, 20)  # dBFS of speech, as floats
CODECS = {"mp3": ("MP3", "MPEG_LAYER_III"), "vorbis": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS"), "a-law": ("WAV", "ALAW"),
          "8 bit": ("WAV", "PCM_U8")}


def main(shared: Path, parts: Sequence[str]) -> None:
    models = Models(Weights(), "cpu")
    detector, speech = models.speech(), shared / "speech"
    utterances = [files.read(path) for path in sorted((speech / "librispeech-10x10").rglob("*.flac"))]
    if "levels" in parts:
        levels([models.voice_named(name) for name in ENCODERS], detector, [
            Audio(one.samples[:6 * one.rate_hz], one.rate_hz) for one in utterances[::10]])
    if "bands" in parts:
        bands(detector, speech, utterances)
    if "clipping" in parts:
        clipping(utterances[::2])


def levels(encoders: Sequence[VoiceEncoder], detector: SpeechDetector, utterances: Sequence[Audio]) -> None:
    spans = [detector.spans(one) for one in utterances]
    own = [level_dbfs(net_speech(one, some).samples) for one, some in zip(utterances, spans, strict=True)]
    loud = [loud_dbfs(one) or 0.0 for one in utterances]
    print(f"level of speech {min(own):.0f} to {max(own):.0f} dBFS; loud frames over it "
          f"{np.percentile(np.array(loud) - own, [0, 50, 100]).round(1).tolist()} dB")
    known = [vectors(encoder, [net_speech(one, some) for one, some in zip(utterances, spans, strict=True)])
             for encoder in encoders]
    print("\ncosine to the recording as it is, p5 · p50\n\n| recording | " + " | ".join(
        f"{e.spec.name} | through the front end" for e in encoders)
        + " | speech found, least | most |\n|---|" + "---|" * (2 * len(encoders) + 2))
    rng = np.random.default_rng(0)
    changes: dict[str, Callable[[Audio, float], FloatArray]] = {
        "as it is": lambda one, _: one.samples,
        **{f"speech at {db} dBFS": lambda one, level, db=db: one.samples * np.float32(10 ** ((db - level) / 20))  # type: ignore[misc]
           for db in LEVELS},
        "−50 dBFS, 16 bit": lambda one, level: quantised(one.samples * np.float32(10 ** ((-50 - level) / 20))),
        "offset 0.02": lambda one, _: one.samples + np.float32(0.02),
        "offset 0.3": lambda one, _: one.samples + np.float32(0.3),
        "rumble, 5 to 30 Hz, at speech's level": lambda one, level: one.samples + rumble(one, level, rng),
        "rumble, 20 dB above": lambda one, level: one.samples + rumble(one, level + 20, rng)}
    for name, change in changes.items():
        changed = [Audio(np.asarray(change(one, level), np.float32), one.rate_hz)
                   for one, level in zip(utterances, own, strict=True)]
        heard = [cleaned(one).audio for one in changed]
        found = [detector.spans(one) for one in heard]
        share = [sum(s.duration_s for s in a) / sum(s.duration_s for s in b) for a, b in zip(found, spans, strict=True)]
        bits = []
        for encoder, wanted in zip(encoders, known, strict=True):
            for some, where in ((changed, spans), (heard, found)):
                got = vectors(encoder, [net_speech(one, s) for one, s in zip(some, where, strict=True)])
                cosines = np.sum(got * wanted, axis=1)
                bits.append(f"{np.percentile(cosines, 5):.3f} · {np.percentile(cosines, 50):.3f}")
        print(f"| {name} | " + " | ".join(bits) + f" | {min(share):.2f} | {max(share):.2f} |")


def vectors(encoder: VoiceEncoder, speech: Sequence[Audio]) -> FloatArray:
    return np.array([one.vector for one in encoder.embed_many(speech)])


def rumble(one: Audio, dbfs: float, rng: np.random.Generator) -> FloatArray:
    noise = sosfiltfilt(butter(2, [5, 30], "band", fs=one.rate_hz, output="sos"), rng.standard_normal(len(one.samples)))
    return np.asarray(noise / np.sqrt(np.mean(np.square(noise))) * 10 ** (dbfs / 20), np.float32)


def quantised(x: FloatArray) -> FloatArray:
    return np.asarray(np.rint(x * 32768) / 32768, np.float32)


def coded(x: FloatArray, rate_hz: int, container: str, codec: str) -> Audio:
    held = io.BytesIO()
    sf.write(held, x, rate_hz, format=container, subtype=codec)
    held.seek(0)
    samples, rate = sf.read(held, dtype="float32")
    return Audio(samples, rate)


def bands(detector: SpeechDetector, speech: Path, utterances: Sequence[Audio]) -> None:
    def through(hz: Sequence[float], order: int) -> Callable[[Audio], Audio]:
        return lambda one: Audio(sosfiltfilt(butter(order, hz, "band", fs=one.rate_hz, output="sos"), one.samples).astype(
            np.float32), one.rate_hz)

    def low(one: Audio) -> FloatArray:
        return np.asarray(resample_poly(one.samples, 8_000, one.rate_hz), np.float32)

    def up(samples: FloatArray, rate_hz: int = 16_000) -> Audio:
        return Audio(np.asarray(resample_poly(samples, rate_hz // 100, 80), np.float32), rate_hz)

    def read(folder: str, step: int = 1) -> Iterator[Audio]:
        return (files.read(path) for path in sorted((speech / folder).rglob("*.*"))[::step] if path.suffix in files.SUFFIXES)

    some = utterances[::3]
    kinds: dict[str, Iterator[Audio]] = {
        "librispeech-10x10": iter(utterances), "librispeech-cohort": read("librispeech-cohort"),
        "ravdess-6": read("ravdess-6", 2), "vctk-4": read("vctk-4"), "ami-9": read("ami-9"),
        "mp3": (coded(one.samples, one.rate_hz, *CODECS["mp3"]) for one in some[::3]),
        "opus": (coded(one.samples, one.rate_hz, *CODECS["opus"]) for one in some[::3]),
        "300–3400 Hz, steep": map(through([300, 3400], 8), some), "300–3400 Hz, 18 dB an octave twice": map(
            through([300, 3400], 3), some),
        "8 kHz and back": (up(low(one)) for one in some), "8 kHz to 44.1 kHz": (up(low(one), 44_100) for one in some),
        "8 kHz, a-law, to 16 kHz": (up(coded(low(one), 8_000, *CODECS["a-law"]).samples) for one in some),
        "8 kHz, a-law": (coded(low(one), 8_000, *CODECS["a-law"]) for one in some),
        "8 kHz, GSM, to 16 kHz": (up(coded(low(one), 8_000, "WAV", "GSM610").samples) for one in some),
        "8 kHz to 16 kHz, mp3": (coded(up(low(one)).samples, 16_000, *CODECS["mp3"]) for one in some[::3]),
        "8 kHz to 16 kHz, opus": (coded(up(low(one)).samples, 16_000, *CODECS["opus"]) for one in some[::3]),
        "8 kHz to 16 kHz, −50 dBFS, 16 bit": (
            Audio(quantised(up(low(one)).samples * np.float32(0.05)), 16_000) for one in some),
        "asterisk-8k to 16 kHz": (up(one.samples) for one in read("asterisk-8k", 4)), "asterisk-8k": read("asterisk-8k", 4)}
    print(f"\n| speech | n | high over middle, dB: least · p50 · most | narrow (below {NARROW_DB:.0f}) |\n|---|---|---|---|")
    for name, sounds in kinds.items():
        values, narrow = [], 0
        for one in sounds:
            heard = net_speech(one, detector.spans(one))
            value = None if one.rate_hz <= NARROW_RATE_HZ else high_to_middle_db(heard if len(heard.samples) else one)
            narrow += one.rate_hz <= NARROW_RATE_HZ or (value is not None and value < NARROW_DB)
            values.append(np.nan if value is None else value)
        figures = "–" if np.isnan(values).all() else " · ".join(f"{x:.0f}" for x in np.nanpercentile(values, [0, 50, 100]))
        print(f"| {name} | {len(values)} | {figures} | {narrow} |")


def clipping(utterances: Sequence[Audio]) -> None:
    """Half are cut off at the level that 0.5 % of the samples are above."""
    after: dict[str, Callable[[FloatArray, int], FloatArray]] = {
        "as it is": lambda x, _: quantised(x), "6 dB lower": lambda x, _: quantised(x * np.float32(0.5)),
        "20 dB lower": lambda x, _: quantised(x * np.float32(0.1)), "40 dB lower": lambda x, _: quantised(x * np.float32(0.01)),
        "60 dB lower": lambda x, _: quantised(x * np.float32(0.001)), "80 dB lower": lambda x, _: quantised(x * np.float32(1e-4)),
        **{f"{db} dB louder, as floats": lambda x, _, db=db: x * np.float32(10 ** (db / 20))  # type: ignore[misc]
           for db in (0.2, 0.5, 1, 2, 12)},
        "offset 0.3 at half the height": lambda x, _: x / 2 + np.float32(0.3),
        "at 48 kHz": lambda x, _: np.asarray(resample_poly(x, 3, 1), np.float32),
        **{codec: lambda x, rate_hz, codec=codec: coded(x, rate_hz, *CODECS[codec]).samples  # type: ignore[misc]
           for codec in CODECS},
        "mp3, 6 dB lower": lambda x, rate_hz: coded(x / 2, rate_hz, *CODECS["mp3"]).samples,
        "opus, 6 dB lower": lambda x, rate_hz: coded(x / 2, rate_hz, *CODECS["opus"]).samples}
    print("\n| recording, peak at full scale | whole: said to be cut off | cut off: said so | places a second, p50 |\n"
          "|---|---|---|---|")
    for name, change in after.items():
        bits: list[str] = []
        for cut in (False, True):
            found = []
            for one in utterances if "mp3" not in name and "opus" not in name else utterances[::4]:
                wave = one.samples[:10 * one.rate_hz]
                peak = np.percentile(np.abs(wave), 99.5) if cut else np.abs(wave).max()
                found.append(clips(change(np.clip(wave / peak, -1, 1), one.rate_hz)) / (len(wave) / one.rate_hz))
            told = sum(one > 0 for one in found)
            bits.append(f"{told} of {len(found)}" + (f" | {np.median(found):.1f}" if cut else ""))
        print(f"| {name} | " + " | ".join(bits) + " |")


if __name__ == "__main__":
    main(SHARED, sys.argv[1:] or PARTS)
