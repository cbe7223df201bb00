"""What lines do to a voice: the band of a telephone, and codecs that send less than they were given.

Coding is done by FFmpeg (PyAV), GSM by libsndfile; nothing is written to a disk.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.audio.resample import resample
from engine.errors import UsageError
from engine.records import Audio, FloatArray

TELEPHONE_HZ = (300.0, 3_400.0)
_ORDER = 6  # of the Butterworth band-pass at either edge


@dataclass(frozen=True)
class Codec:
    """title: as people call it. encoder, container: FFmpeg's names; none for what libsndfile codes. bits_s: the rates that are
    usual for speech, none where there is but one."""

    title: str
    rate_hz: int
    encoder: str = ""
    container: str = ""
    bits_s: tuple[int, ...] = ()


CODECS: dict[str, Codec] = {
    "a-law": Codec("G.711 A-law", 8_000, "pcm_alaw", "wav"),
    "mu-law": Codec("G.711 µ-law", 8_000, "pcm_mulaw", "wav"),
    "gsm": Codec("GSM 06.10", 8_000),
    "g726": Codec("G.726", 8_000, "g726", "wav", (24_000, 32_000)),
    "g723": Codec("G.723.1", 8_000, "g723_1", "g723_1", (6_300,)),
    "amr": Codec("AMR-NB", 8_000, "libopencore_amrnb", "amr", (5_900, 7_950, 12_200)),
    "g722": Codec("G.722", 16_000, "g722", "g722"),
    "opus": Codec("Opus", 16_000, "libopus", "ogg", (10_000, 16_000, 24_000)),
    "opus-8k": Codec("Opus, narrow band", 8_000, "libopus", "ogg", (8_000, 12_000)),
    "mp3": Codec("MP3", 16_000, "libmp3lame", "mp3", (24_000, 32_000)),
    "aac": Codec("AAC", 16_000, "aac", "adts", (24_000, 32_000)),
}


def telephone(audio: Audio) -> Audio:
    """The sound between 300 and 3400 Hz, at the rate it came with."""
    from scipy.signal import sosfilt

    return Audio(np.asarray(sosfilt(_band(audio.rate_hz), audio.samples.astype(np.float64)), np.float32), audio.rate_hz)


def coded(audio: Audio, name: str, bits_s: int | None = None) -> Audio:
    """The sound after one of CODECS, as long and at the rate that it came with.

    bits_s: bits a second, by default the lowest that is usual. Raises UsageError for a codec that there is not, or that the
    FFmpeg at hand was built without.
    """
    if name not in CODECS:
        raise UsageError(f"There is no codec “{name}”; there are {', '.join(CODECS)}.")
    if not len(audio.samples):
        return audio
    codec = CODECS[name]
    wave = np.clip(resample(audio.samples, audio.rate_hz, codec.rate_hz), -1, 1)
    sent = _by_ffmpeg(wave, codec, bits_s) if codec.encoder else _by_gsm(wave)
    back = resample(sent, codec.rate_hz, audio.rate_hz)[:len(audio.samples)]
    return Audio(np.pad(back, (0, len(audio.samples) - len(back))), audio.rate_hz)


def _by_ffmpeg(wave: FloatArray, codec: Codec, bits_s: int | None) -> FloatArray:
    try:
        import av
    except ImportError:
        raise UsageError(f"{codec.title} is coded with the package “av”, which is not there. Install it with: "
                         "pip install \"av>=18,<19\".") from None
    file = io.BytesIO()
    try:
        with av.open(file, "w", format=codec.container) as out:
            stream: Any = out.add_stream(codec.encoder, rate=codec.rate_hz, layout="mono")
            if codec.bits_s:
                stream.bit_rate = bits_s or codec.bits_s[0]
            frame = av.AudioFrame.from_ndarray((wave * 32767).astype(np.int16)[None], format="s16", layout="mono")
            frame.sample_rate = codec.rate_hz
            for packet in [*stream.encode(frame), *stream.encode(None)]:
                out.mux(packet)
    except (av.codec.codec.UnknownCodecError, av.error.FFmpegError) as error:
        raise UsageError(f"{codec.title} cannot be coded here: {error}.") from None
    file.seek(0)
    into = av.AudioResampler("flt", "mono", codec.rate_hz)
    # the containers that are only a row of packets are told, all others tell themselves
    with av.open(file, "r", format=codec.container if codec.container in ("g722", "g723_1") else None) as back:
        frames = [part for frame in back.decode(audio=0) for part in into.resample(frame)] + into.resample(None)
    return np.concatenate([np.asarray(part.to_ndarray()[0], np.float32) for part in frames])


def _by_gsm(wave: FloatArray) -> FloatArray:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, wave, CODECS["gsm"].rate_hz, format="WAV", subtype="GSM610")
    file.seek(0)
    return np.asarray(soundfile.read(file, dtype="float32")[0], np.float32)


@lru_cache(maxsize=8)
def _band(rate_hz: int) -> NDArray[np.float64]:
    from scipy.signal import butter

    high = min(TELEPHONE_HZ[1], 0.49 * rate_hz)
    return np.asarray(butter(_ORDER, (TELEPHONE_HZ[0], high), "bandpass", fs=rate_hz, output="sos"), np.float64)
