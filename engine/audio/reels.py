"""What a player plays from: sound in memory, or a long file that is decoded while it plays."""

from __future__ import annotations

import contextlib
import queue
import threading
from pathlib import Path
from typing import Protocol

import numpy as np

from engine.audio import files
from engine.errors import AudioError
from engine.records import FloatArray

_BLOCK_S = 0.5
_BLOCKS_AHEAD = 8  # 4 s


class Reel(Protocol):
    """Mono sound at the device's rate."""

    start_s: float
    error: AudioError | None

    @property
    def position_s(self) -> float:
        """How far it was taken, in the time of the whole sound."""

    def take(self, out: FloatArray) -> bool:
        """Fill float32 (n,), with silence after the end; False once there is nothing left. Never waits."""

    def close(self) -> None:
        """Stop decoding."""


class MemoryReel:
    """Sound that is decoded already."""

    error: AudioError | None = None

    def __init__(self, samples: FloatArray, rate_hz: int, start_s: float, loop: bool) -> None:
        """samples: float32 (n,) from start_s of the sound on."""
        self.start_s = start_s
        self._samples, self._rate_hz, self._loop = samples, rate_hz, loop and len(samples) > 0
        self._at = 0

    @property
    def position_s(self) -> float:
        return self.start_s + self._at / self._rate_hz

    def take(self, out: FloatArray) -> bool:
        filled = 0
        while filled < len(out):
            n = min(len(out) - filled, len(self._samples) - self._at)
            out[filled : filled + n] = self._samples[self._at : self._at + n]
            filled, self._at = filled + n, self._at + n
            if self._at < len(self._samples):
                continue
            if not self._loop:
                out[filled:] = 0
                return False
            self._at = 0
        return True

    def close(self) -> None:
        """Nothing to stop."""


class FileReel:
    """A long file, decoded a few seconds ahead by a thread of its own. `error` tells when it broke off."""

    def __init__(self, path: Path, rate_hz: int, start_s: float, end_s: float | None, loop: bool) -> None:
        self.start_s = start_s
        self.error: AudioError | None = None
        self._path, self._rate_hz, self._loop = path, rate_hz, loop
        self._length_s = None if end_s is None else max(0.0, end_s - start_s)
        self._blocks: queue.Queue[tuple[int, FloatArray] | None] = queue.Queue(_BLOCKS_AHEAD)
        self._closed = threading.Event()
        self._block: FloatArray = np.zeros(0, dtype=np.float32)
        self._block_at = 0  # position of the block in the stretch, in samples
        self._used = 0
        self._over = False
        self._thread = threading.Thread(target=self._decode, name="earmark-playback", daemon=True)
        self._thread.start()

    @property
    def position_s(self) -> float:
        return self.start_s + (self._block_at + self._used) / self._rate_hz

    def take(self, out: FloatArray) -> bool:
        filled = 0
        while filled < len(out) and not self._over:
            n = min(len(out) - filled, len(self._block) - self._used)
            out[filled : filled + n] = self._block[self._used : self._used + n]
            filled, self._used = filled + n, self._used + n
            if self._used < len(self._block):
                continue
            try:
                block = self._blocks.get_nowait()
            except queue.Empty:  # the decoder is late: silence rather than waiting
                break
            if block is None:
                self._over = True
            else:
                self._block_at, self._block = block
                self._used = 0
        out[filled:] = 0
        return not self._over

    def close(self) -> None:
        self._closed.set()
        self._thread.join(timeout=5)

    def _decode(self) -> None:
        try:
            going = True
            while going and not self._closed.is_set():
                at = 0
                for block in files.stream(self._path, self._rate_hz, _BLOCK_S, self.start_s, self._length_s):
                    self._put((at, block))
                    at += len(block)
                    if self._closed.is_set():
                        return
                going = self._loop and at > 0
        except AudioError as error:
            self.error = error
        self._put(None)

    def _put(self, block: tuple[int, FloatArray] | None) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(queue.Full):
                self._blocks.put(block, timeout=0.1)
                return
