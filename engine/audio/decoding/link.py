"""What a look at the bytes of a file says about the sound in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from engine.audio.decoding.part import Part

UNREADABLE = "this is not a sound file that can be read, or its start is damaged."


@dataclass(frozen=True)
class Fault:
    """Something is missing. reason: a sentence, as DecodeError wants it. at_s: up to there the sound is whole, counted from
    the beginning of the link; None where only reading can tell."""

    reason: str
    at_s: float | None = None


@dataclass(frozen=True)
class Link:
    """One recording in a file: the bytes [start, end).

    patches: see Part. demuxer: FFmpeg's name for the container, empty where FFmpeg is not asked. sndfile: libsndfile reads it
    right. prints: but it prints to the terminal what it does not like, so FFmpeg is asked first where it is there. seconds: its
    length, where the look already told it; None: the decoder knows. least_s: less than this may not come out of it. fault: what
    is missing.
    """

    start: int
    end: int
    patches: tuple[tuple[int, bytes], ...] = ()
    demuxer: str = ""
    sndfile: bool = True
    prints: bool = False
    seconds: float | None = None
    least_s: float | None = None
    fault: Fault | None = None

    def part(self, file: BinaryIO) -> Part:
        return Part(file, self.start, self.end, self.patches)


def cut_off(held_s: float, promised_s: float) -> Fault:
    """For a file that holds less than was meant to be in it."""
    digits = 2 if f"{held_s:.2f}" != f"{promised_s:.2f}" else 5  # the last samples
    return Fault(f"the file is cut off or damaged: {held_s:.{digits}f} of {promised_s:.{digits}f} seconds could be read.", held_s)


def ends_early(held_s: float) -> Fault:
    """For a file that ends in the middle of something, where nothing says how much was meant to be in it."""
    return Fault(f"the file is cut off: only {held_s:.2f} s can be read.", held_s)


def damaged(at_s: float) -> Fault:
    """For a file with something missing or wrong in the middle."""
    return Fault(f"the file is damaged at {at_s:.2f} s.", at_s)
