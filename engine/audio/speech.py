"""Where somebody speaks: Silero VAD, which carries its own weights.

Source: Silero Team, "Silero VAD", https://github.com/snakers4/silero-vad (MIT). It looks at chunks of 512 samples at
16 kHz (32 ms), each with the state that the chunks before it left, and gives the probability of speech.
"""

from __future__ import annotations

import copy
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
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

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch.jit is deprecated; the package has no other form for torch
            self._fresh = load_silero_vad()
        self._timestamps: Any = get_speech_timestamps
        # two, so that a long sound does not keep a live stream waiting
        self._sounds, self._streams = one_core("earmark-speech"), one_core("earmark-speech")
        torch.set_num_threads(threads)  # importing silero_vad, and the line above, set it for the whole process
        self._net = copy.deepcopy(self._fresh)

    def spans(self, audio: Audio) -> list[Span]:
        """Where there is speech, in order and apart from each other; [] where there is none."""
        samples = resample(audio.samples, audio.rate_hz, RATE_HZ)
        if not len(samples):
            return []
        found = self._sounds.submit(self._found, np.ascontiguousarray(samples, dtype=np.float32)).result()
        end_s = audio.duration_s
        return [Span(part["start"] / RATE_HZ, min(end_s, part["end"] / RATE_HZ)) for part in found]

    def stream(self) -> SpeechStream:
        """A detector for one live stream, with a net and a state of its own (2 MB, 20 ms)."""
        stream = SpeechStream(copy.deepcopy(self._fresh), self._streams)
        stream.push(np.zeros(_WARM_UP * CHUNK, dtype=np.float32))
        stream.reset()
        return stream

    def _found(self, samples: FloatArray) -> list[dict[str, int]]:
        """Silero's own timestamps, in samples. On the thread of `_sounds`, so that one sound is looked at at a time."""
        import torch

        found: list[dict[str, int]] = self._timestamps(
            torch.from_numpy(samples), self._net, threshold=THRESHOLD, sampling_rate=RATE_HZ,
            min_speech_duration_ms=_MIN_SPEECH_MS, min_silence_duration_ms=_MIN_SILENCE_MS, speech_pad_ms=_PAD_MS)
        return found


class SpeechStream:
    """The probability of speech in a stream, chunk by chunk. Used by one thread at a time."""

    rate_hz = RATE_HZ

    def __init__(self, net: Any, worker: ThreadPoolExecutor) -> None:
        self._net, self._worker = net, worker
        self._held: FloatArray = np.zeros(0, dtype=np.float32)

    def push(self, samples: FloatArray) -> list[float]:
        """Take float32 (n,) at 16 kHz; returns 0–1 for each chunk of 512 samples that is now complete."""
        self._held = np.concatenate([self._held, np.asarray(samples, dtype=np.float32)])
        whole = len(self._held) // CHUNK * CHUNK
        chunks = self._held[:whole].reshape(-1, CHUNK).copy()  # (chunks, 512)
        self._held = self._held[whole:].copy()
        return self._worker.submit(_probabilities, self._net, chunks).result() if whole else []

    def reset(self) -> None:
        """Forget the stream: the next push begins a new one."""
        self._held = self._held[:0]
        self._net.reset_states()


def _probabilities(net: Any, chunks: FloatArray) -> list[float]:
    import torch

    with torch.inference_mode():
        return [float(net(chunk, RATE_HZ).item()) for chunk in torch.from_numpy(chunks)]


def one_core(name: str, threads: int = 1) -> ThreadPoolExecutor:
    """A pool of threads (one, as a rule) in each of which torch uses one core; name: of the threads.

    Silero is so small that the cores wait for each other longer than they work: on a busy machine a chunk took
    100–200 ms with two, 0.8 ms with one. How many torch uses is set per thread, and copied by threads that start later:
    whoever calls this sets it back for those.
    """
    import torch

    together = threading.Barrier(threads)

    def begin(_: int) -> int:
        together.wait()  # all of them have started, and none will later
        return torch.get_num_threads()  # asked once, torch settles the number for this thread

    workers = ThreadPoolExecutor(threads, name, initializer=torch.set_num_threads, initargs=(1,))
    list(workers.map(begin, range(threads)))
    return workers
