"""Where somebody speaks: Silero VAD, which carries its own weights.

Source: Silero Team, "Silero VAD", https://github.com/snakers4/silero-vad (MIT). It looks at chunks of 512 samples at
16 kHz (32 ms), each with the state that the chunks before it left, and gives the probability of speech.
"""

from __future__ import annotations

import copy
import threading
import warnings
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from engine.audio.resample import resample
from engine.records import Audio, FloatArray, Span

RATE_HZ = 16000
CHUNK = 512  # samples, 32 ms: the only size the net takes at 16 kHz
THRESHOLD = 0.5  # Silero's own; speech ends below THRESHOLD − 0.15
_MIN_SPEECH_MS = 250
_MIN_SILENCE_MS = 100
_WARM_UP = 4  # chunks: torch's just-in-time compiler takes its time over the first ones
_PAD_MS = 60  # each side: Silero's 30 ms cuts off soft consonants; 60 ms adds no silence worth the name


class SpeechDetector:
    """Silero VAD for whole sounds; gives streams for live ones. Thread-safe."""

    rate_hz = RATE_HZ

    def __init__(self) -> None:
        """Load the net (0.1 s, and torch if nobody has)."""
        import torch

        threads = torch.get_num_threads()
        from silero_vad import get_speech_timestamps, load_silero_vad
        from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

        torch.set_num_threads(threads)  # importing silero_vad sets it to 1 for the whole process
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch.jit is deprecated; the package has no other form for torch
            self._fresh = load_silero_vad()
        self._one_thread = _OneThread(ThreadpoolController())
        self._timestamps: Any = get_speech_timestamps
        self._lock = threading.Lock()
        self.stream()  # compiles `_fresh`'s code once
        self._net = copy.deepcopy(self._fresh)

    def spans(self, audio: Audio) -> list[Span]:
        """Where there is speech, in order and apart from each other; [] where there is none."""
        import torch

        samples = resample(audio.samples, audio.rate_hz, RATE_HZ)
        if not len(samples):
            return []
        with self._lock, self._one_thread():
            found = self._timestamps(
                torch.from_numpy(np.ascontiguousarray(samples, dtype=np.float32)), self._net, threshold=THRESHOLD,
                sampling_rate=RATE_HZ, min_speech_duration_ms=_MIN_SPEECH_MS,
                min_silence_duration_ms=_MIN_SILENCE_MS, speech_pad_ms=_PAD_MS)
        end_s = audio.duration_s
        return [Span(part["start"] / RATE_HZ, min(end_s, part["end"] / RATE_HZ)) for part in found]

    def stream(self) -> SpeechStream:
        """A detector for one live stream, with a net and a state of its own (2 MB, 20 ms)."""
        with self._lock:
            stream = SpeechStream(copy.deepcopy(self._fresh), self._one_thread)
        stream.push(np.zeros(_WARM_UP * CHUNK, dtype=np.float32))
        stream.reset()
        return stream


class _OneThread:
    """`with one_thread():` torch uses one core in the calling thread, and in no other.

    The net is so small that two threads wait for each other longer than they work: on a busy machine a chunk took
    200 ms with two threads, 0.5 ms with one. torch.set_num_threads would reach threads that start meanwhile.
    """

    def __init__(self, controller: Any) -> None:
        self._openmp = controller.select(user_api="openmp")

    def __call__(self) -> AbstractContextManager[Any]:
        import torch

        torch.get_num_threads()  # torch sets the calling thread up here, if this is its first use of torch
        limit: AbstractContextManager[Any] = self._openmp.limit(limits=1)
        return limit


class SpeechStream:
    """The probability of speech in a stream, chunk by chunk. Used by one thread at a time."""

    rate_hz = RATE_HZ

    def __init__(self, net: Any, one_thread: _OneThread) -> None:
        self._net, self._one_thread = net, one_thread
        self._held: FloatArray = np.zeros(0, dtype=np.float32)

    def push(self, samples: FloatArray) -> list[float]:
        """Take float32 (n,) at 16 kHz; returns 0–1 for each chunk of 512 samples that is now complete."""
        import torch

        self._held = np.concatenate([self._held, np.asarray(samples, dtype=np.float32)])
        whole = len(self._held) // CHUNK * CHUNK
        chunks = torch.from_numpy(self._held[:whole].copy()).reshape(-1, CHUNK)  # (chunks, 512)
        self._held = self._held[whole:].copy()
        with torch.inference_mode(), self._one_thread():
            return [float(self._net(chunk, RATE_HZ).item()) for chunk in chunks]

    def reset(self) -> None:
        """Forget the stream: the next push begins a new one."""
        self._held = self._held[:0]
        self._net.reset_states()
