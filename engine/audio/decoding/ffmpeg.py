"""Decoding through FFmpeg (PyAV), for what libsndfile cannot read: m4a, wma, webm, mka, the sound of films, odd mp3 files.

FFmpeg is given the open file and the one container that was recognised, never a name and never the choice: it opens no other
file, no address and no playlist.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from engine.audio.decoding.link import UNREADABLE, Link, cut_off, damaged
from engine.audio.decoding.sndfile import READ_FRAMES
from engine.errors import DecodeError
from engine.records import FloatArray

MISSING = ("this kind of file is read with the package “av”, which is not there. Install it with: pip install \"av>=18,<19\".")
_NOT_AUDIBLE_YET = 10  # packets at the beginning of an mp3 that lean on earlier ones, which are not there
_EXACT = ("mov", "ape", "wv", "tta")
"""Containers that count samples; of the others those count whose sound is not compressed."""
_ESTIMATED_S = 0.2  # how far the length that other containers give may be off
_TIMED = ("matroska",)  # where a pause is a gap in the times of the packets
_LONGEST_PAUSE_S = 3600.0
_LONGEST_PACKET = 4096  # samples
_NAMES = {"mp3float": "mp3", "mp2float": "mp2", "wmav1": "wma", "wmav2": "wma", "wmapro": "wma", "wmavoice": "wma",
          "wmalossless": "wma", "amrnb": "amr", "amrwb": "amr", "libopencore_amrnb": "amr", "libopencore_amrwb": "amr",
          "libopus": "opus", "vorbis": "ogg"}
_PLAIN = ("alaw", "mulaw", "u8", "s8", "s16le", "s16be", "s24le", "s24be", "s32le", "s32be", "f32le", "f32be", "f64le", "f64be",
          "s16le_planar", "dvd", "bluray")
_CODECS = ("aac", "aac_latm", "ac3", "eac3", "alac", "amrnb", "amrwb", "libopencore_amrnb", "libopencore_amrwb", "ape", "flac",
           "gsm", "gsm_ms", "mp1", "mp1float", "mp2", "mp2float", "mp3", "mp3float", "opus", "libopus", "speex", "tta", "vorbis",
           "wavpack", "wmav1", "wmav2", "wmapro", "wmavoice", "wmalossless", "dca", "truehd", "mlp", "nellymoser", "adpcm_swf",
           "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "qdm2", "qdmc", "mace3", "mace6", *(f"pcm_{one}" for one in _PLAIN))
"""Sound only: the pictures of a film are never decoded."""


class FFmpegSound:
    """One link; see Sound. Raises DecodeError where FFmpeg cannot read it, or is not installed."""

    def __init__(self, path: Path, file: BinaryIO, link: Link) -> None:
        self._path, self._link, self._file = path, link, file
        self._av = _av(path)
        self._open()
        self._frames = self._decoded()
        self._first: Any = next(self._frames, None)  # AAC tells its true rate only here
        if self._first is None:
            self.close()
            raise DecodeError(path, "there is no sound in it (0 samples).")
        self.rate_hz, self.channels = int(self._first.sample_rate), int(self._first.layout.nb_channels)
        codec = self._stream.codec_context.name
        self.format = link.demuxer if codec.startswith("pcm_") else _NAMES.get(codec, codec)
        self.frames: int | None = None

    def _open(self) -> None:
        av = self._av
        try:
            self._container = _container(av, self._link, self._file)
            self._stream: Any = next(iter(self._container.streams.audio), None)
        except (av.error.FFmpegError, OSError, ValueError, EOFError) as error:
            raise DecodeError(self._path, UNREADABLE) from error
        if self._stream is None:
            self._container.close()
            raise DecodeError(self._path, "there is no sound in it.")
        if self._stream.codec_context is None or self._stream.codec_context.name not in _CODECS:
            self._container.close()
            raise DecodeError(self._path, "its sound is of a kind that is not read.")

    def seconds(self) -> float:
        if self._link.seconds is not None:
            return self._link.seconds
        exact = self._exact_frames()
        return self._counted() if exact is None else exact / self.rate_hz

    def pieces(self, first: int) -> Iterator[FloatArray]:
        done, end = 0, self._exact_frames()
        try:
            for frames in self._timed() if self._link.demuxer in _TIMED else self._gathered():
                count = len(frames)
                if end is not None and 0 < done + count - end < 2 * _LONGEST_PACKET:  # what fills up the last packet
                    count = max(0, end - done)
                if done + count > first and count:
                    yield frames[max(0, first - done) : count]
                done += count
        except (ValueError, TypeError) as error:  # a kind of samples that PyAV does not know
            raise DecodeError(self._path, damaged(done / self.rate_hz).reason) from error
        self._check(done, end)

    def _gathered(self) -> Iterator[FloatArray]:
        """All samples, many packets at a time."""
        fifo, held, done = self._av.AudioFifo(), self._first, 0
        try:
            while held is not None:
                self._same_rate(held, done)
                done += held.samples
                held.pts = None
                try:
                    fifo.write(held)
                except ValueError:  # another number of channels
                    yield from _rest(fifo)
                    fifo = self._av.AudioFifo()
                    fifo.write(held)
                while fifo.samples >= READ_FRAMES:
                    yield _samples(fifo.read(READ_FRAMES))
                held = next(self._frames, None)
        except DecodeError:  # what came before it can be heard
            yield from _rest(fifo)
            raise
        yield from _rest(fifo)

    def _timed(self) -> Iterator[FloatArray]:
        """All samples, packet by packet, and silence for pauses."""
        rate, done, held = self.rate_hz, 0, self._first
        begun = held.pts
        while held is not None:
            self._same_rate(held, done)
            if held.pts is not None and begun is not None:
                pause = round(float((held.pts - begun) * held.time_base) * rate) - done
                if pause > max(held.samples, rate // 20):
                    if pause > _LONGEST_PAUSE_S * rate:
                        raise DecodeError(self._path, damaged(done / rate).reason)
                    yield np.zeros((pause, self.channels), np.float32)
                    done += pause
            yield _samples(held)
            done += int(held.samples)
            held = next(self._frames, None)

    def _same_rate(self, frame: Any, done: int) -> None:
        if frame.sample_rate != self.rate_hz:
            raise DecodeError(self._path, f"its sample rate changes at {done / self.rate_hz:.2f} s, from {self.rate_hz} to "
                                          f"{frame.sample_rate} Hz.")

    def close(self) -> None:
        self._frames.close()
        self._container.close()

    def _exact_frames(self) -> int | None:
        if not self._stream.duration or not (self._link.demuxer in _EXACT or (
                self._link.demuxer not in _TIMED and self._stream.codec_context.name.startswith("pcm_"))):
            return None
        return round(self._stream.duration * self._stream.time_base * self.rate_hz)

    def _check(self, done: int, end: int | None) -> None:
        """Raises DecodeError where less came out than the file says, or than its frames make."""
        least_s, rate, promised_s = self._link.least_s, self.rate_hz, 0.0
        if end is not None:
            packet = _LONGEST_PACKET if self._link.demuxer == "mov" else 0
            promised_s, least_s = end / rate, (end - packet) / rate
        elif least_s is None and self._container.duration and len(self._container.streams) == 1:
            promised_s = self._container.duration / self._av.time_base
            least_s = promised_s - _ESTIMATED_S
        if least_s is not None and done / rate < least_s:
            raise DecodeError(self._path, cut_off(done / rate, promised_s or least_s).reason)

    def _decoded(self) -> Generator[Any, None, None]:
        """All frames of the stream. Raises DecodeError at what cannot be decoded."""
        done, rate, dropped = 0, 1, 0
        invalid = self._av.error.InvalidDataError
        for packet in self._packets():
            if packet.is_corrupt:
                raise DecodeError(self._path, damaged(done / rate).reason)
            try:
                frames = packet.decode()
            except invalid as error:
                dropped += 1
                if self._link.demuxer == "mp3" and not done and dropped <= _NOT_AUDIBLE_YET:
                    continue
                raise DecodeError(self._path, damaged(done / rate).reason if done else UNREADABLE) from error
            except (self._av.error.FFmpegError, ValueError) as error:
                raise DecodeError(self._path, UNREADABLE) from error
            for frame in frames:
                done, rate = done + frame.samples, frame.sample_rate or 1
                yield frame

    def _packets(self) -> Iterator[Any]:
        try:
            yield from self._container.demux(self._stream)
        except (self._av.error.FFmpegError, OSError, ValueError) as error:
            raise DecodeError(self._path, UNREADABLE) from error

    def _counted(self) -> float:
        """The length by the times of the packets, read once more without decoding them."""
        container = _container(self._av, self._link, self._file)
        first, last = None, 0.0
        try:
            for packet in container.demux(container.streams.audio[0]):
                if packet.pts is not None:
                    at = float(packet.pts * packet.time_base)
                    first = at if first is None else first
                    last = max(last, at - first + float((packet.duration or 0) * packet.time_base))
        except self._av.error.FFmpegError:
            return last  # reading it says what is the matter
        finally:
            container.close()
        return last


def _container(av: Any, link: Link, file: BinaryIO) -> Any:
    return av.open(link.part(file), format=link.demuxer, metadata_errors="replace", io_open=_refuse,
                   options={"codec_whitelist": ",".join(_CODECS), "protocol_whitelist": "none"})


def _refuse(url: str, flags: int, options: dict[str, str]) -> Any:
    raise PermissionError(f"no other file is opened: {len(url)} characters")


def _av(path: Path) -> Any:
    """PyAV, silenced: what FFmpeg would print is said by DecodeError."""
    try:
        import av
    except ImportError as error:
        raise DecodeError(path, MISSING) from error
    av.logging.set_level(None)
    av.logging.set_libav_level(av.logging.PANIC)
    return av


def _rest(fifo: Any) -> Iterator[FloatArray]:
    if fifo.samples:
        yield _samples(fifo.read())


def _samples(frame: Any) -> FloatArray:
    """float32 (n, channels) of a frame, in [-1, 1] for whole numbers."""
    count, channels = int(frame.samples), int(frame.layout.nb_channels)
    if frame.format.name == "fltp":  # what most decoders give; `to_ndarray` takes half as long as decoding does
        planes = [np.frombuffer(plane, np.float32, count) for plane in frame.planes]
        return planes[0][:, None] if channels == 1 else np.stack(planes, axis=1)
    array = frame.to_ndarray()
    frames = array.T if frame.format.is_planar else array.reshape(-1, channels)
    if array.dtype == np.uint8:
        return (frames.astype(np.float32) - np.float32(128)) / np.float32(128)
    if array.dtype.kind == "i":
        return frames.astype(np.float32) * np.float32(0.5 ** (8 * array.dtype.itemsize - 1))
    return np.ascontiguousarray(frames, dtype=np.float32)
