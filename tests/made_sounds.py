"""Sounds for tests, written as many kinds of file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from engine.records import FloatArray

RATE_HZ = 16000
SECONDS = 6.0
_BITS_PER_S = {"wmav2": 96000, "libopencore_amrnb": 12200}  # which have no usual rate of their own


def speech_like(seconds: float = SECONDS, rate_hz: int = RATE_HZ, seed: int = 0) -> FloatArray:
    """Coloured noise whose loudness moves: float32 (n,)."""
    rng = np.random.default_rng(seed)
    noise = np.convolve(rng.standard_normal(round(seconds * rate_hz)), np.ones(6) / 6, "same")
    swell = 0.55 + 0.45 * np.sin(2 * np.pi * 1.7 * np.arange(len(noise)) / rate_hz)
    return (0.2 * noise * swell).astype(np.float32)


def make(path: Path, samples: FloatArray, rate_hz: int = RATE_HZ) -> None:
    """Write a sound, the kind by the ending."""
    kind = path.suffix[1:]
    if kind in ("m4a", "webm", "wma", "mka", "aac", "mp4", "3gp"):
        encode(path, {"m4a": "ipod", "wma": "asf", "mka": "matroska", "aac": "adts"}.get(kind, kind),
               {"webm": "libopus", "mka": "libopus", "wma": "wmav2"}.get(kind, "aac"), samples, rate_hz)
    elif kind == "opus":
        soundfile.write(path, samples, rate_hz, format="OGG", subtype="OPUS")
    else:
        soundfile.write(path, samples, rate_hz)


def encode(path: Path, container: str, codec: str, samples: FloatArray, rate_hz: int, options: dict[str, str] | None = None,
           film: bool = False) -> None:
    """Write a sound through FFmpeg. samples: (n,) or (n, 2). film: with a moving picture of as many seconds."""
    import av

    frames = samples[:, None] if samples.ndim == 1 else samples
    layout = "mono" if frames.shape[1] == 1 else "stereo"
    with av.open(str(path), "w", format=container, options=options or {}) as out:
        picture = out.add_stream("mpeg4", rate=10) if film else None
        stream = out.add_stream(codec, rate=48000 if codec == "libopus" else rate_hz)
        stream.layout = layout
        if codec in _BITS_PER_S:
            stream.bit_rate = _BITS_PER_S[codec]
        if picture is not None:
            picture.width, picture.height, picture.pix_fmt = 64, 64, "yuv420p"
            for number in range(round(len(frames) / rate_hz * 10)):
                image = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number % 256, np.uint8), format="rgb24")
                for packet in picture.encode(image):
                    out.mux(packet)
            for packet in picture.encode(None):
                out.mux(packet)
        convert = av.AudioResampler(format=stream.format.name, layout=layout, rate=stream.rate)
        for first in range(0, len(frames), 1 << 14):
            one = av.AudioFrame.from_ndarray(np.ascontiguousarray(frames[first : first + (1 << 14)].T, np.float32), format="fltp",
                                             layout=layout)
            one.sample_rate, one.pts = rate_hz, first
            for ready in convert.resample(one):
                for packet in stream.encode(ready):
                    out.mux(packet)
        for ready in convert.resample(None):
            for packet in stream.encode(ready):
                out.mux(packet)
        for packet in stream.encode(None):
            out.mux(packet)
