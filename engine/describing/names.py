"""Captions read from file names and folders: `bass_synthetic_033-047-050.wav` → “synthetic bass”.

Sample libraries say in the name what a sound is, between numbers, take letters, note names, hashes and words about the
file. `caption_of` keeps the words about the sound. It is a pure function of the path's text and never opens a file.
The idea is that of LAION-CLAP's data (Wu et al. 2023, section 3.1: captions from labels and file names).
"""

from __future__ import annotations

import os
import re
import unicodedata
from itertools import pairwise
from pathlib import PurePath

from engine.audio.files import SUFFIXES

FILE_WORDS = frozenset({
    "aif", "aiff", "alt", "alternate", "audio", "bit", "bits", "bounce", "bpm", "clip", "clips", "copy", "custom",
    "default", "demo", "edit", "edited", "export", "exported", "file", "files", "final", "flac", "format", "hertz", "hq",
    "hz", "khz", "lq", "master", "mastered", "misc", "miscellaneous", "mono", "mp3", "new", "norm", "normalised",
    "normalized", "ogg", "old", "opus", "pcm", "processed", "raw", "rec", "recorded", "recording", "recordings", "render",
    "rendered", "sample", "samples", "sampled", "sfx", "snd", "sound", "sounds", "soundfx", "src", "stereo", "surround",
    "take", "takes", "temp", "tk", "tmp", "track", "trim", "trimmed", "untitled", "unnamed", "var", "variation", "ver",
    "version", "wav", "wave", "wavs"})
"""Words about the file, not about the sound."""

FOLDER_WORDS = frozenset({
    "all", "asset", "assets", "base", "content", "data", "downloads", "en", "eng", "english", "game", "games", "lib",
    "library", "media", "music", "pack", "packs", "package", "public", "res", "resource", "resources", "share", "shared",
    "stuff", "test", "tests", "train", "usr"})
"""Words that make a folder's name say nothing about the sound, on top of FILE_WORDS."""

SHORT_FORMS = {
    "amb": "ambient", "ambi": "ambient", "atmo": "atmosphere", "bd": "bass drum", "bg": "background", "cym": "cymbal",
    "dist": "distorted", "elec": "electronic", "filt": "filtered", "fx": "effect", "gtr": "guitar", "guit": "guitar",
    "hh": "hi-hat", "hihat": "hi-hat", "instr": "instrument", "kik": "kick", "lo": "low", "orch": "orchestra",
    "perc": "percussion", "pno": "piano", "rhy": "rhythm", "sd": "snare drum", "sn": "snare", "syn": "synth",
    "tamb": "tambourine", "vib": "vibraphone", "vox": "vocal", "xylo": "xylophone"}
"""What sample libraries shorten, by what it means."""

SOURCES = frozenset({"acoustic", "electronic", "synthetic", "synthesized", "synthesised"})
"""Words that name how a sound was made; libraries put them after the instrument, English before it."""

KEPT_NUMBERS = {"2d": "2d", "3d": "3d", "8bit": "8-bit"}

_FREESOUND = re.compile(r"^\d{2,}__[^_].*?__(?=.)")  # 12345__author__title
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W\d_]+)*")
_HUMP = re.compile(r"(?<=[a-zß-öø-ÿ])(?=[A-ZÀ-ÖØ-Þ])|(?<=[A-ZÀ-ÖØ-Þ])(?=[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ])")
_LETTERS_THEN_NUMBER = re.compile(r"^([^\W\d_]{3,})\d+[^\W\d_]?$")
_NUMBER_THEN_LETTERS = re.compile(r"^\d+([^\W\d_]{4,})$")


def caption_of(path: PurePath | str, with_folder: bool = False) -> str | None:
    """The words of a file's name that say what is heard, lower case, None where neither name nor folders have any.

    path: best relative to the folder of the collection: where the name has no word (`footsteps/03.ogg`, hashes), the
    nearest folder that has one is used. with_folder: put that folder's words before those of the name as well
    (`footsteps/gravel 2.wav` → “footsteps gravel”).
    """
    path = PurePath(path)
    stem = path.stem if path.suffix.lower() in SUFFIXES else path.name
    words = _words(_FREESOUND.sub("", _readable(stem)), FILE_WORDS)
    if not words or with_folder:
        for folder in reversed(path.parent.parts):
            found = _words(_readable(folder), FILE_WORDS | FOLDER_WORDS)
            if found:
                words = [w for w in found if w not in words] + words
                break
    return " ".join(words) or None


def _readable(name: str) -> str:
    """Composed characters; bytes that are no UTF-8 become spaces."""
    text = os.fsencode(name).decode("utf-8", "replace").replace("\N{REPLACEMENT CHARACTER}", " ")
    return unicodedata.normalize("NFC", text)


def _words(name: str, dropped: frozenset[str]) -> list[str]:
    pieces: list[str] = []
    for piece in _WORD.findall(_UUID.sub(" ", name)):
        if not _random(piece):
            pieces += _HUMP.sub(" ", piece).split()
    found = [word for word in (_without_number(piece.lower()) for piece in pieces) if word and word not in dropped]
    words: list[str] = []
    for place, word in enumerate(found):
        following = found[place + 1] if place + 1 < len(found) else None
        if len(word) == 1 and word.isascii() and (word not in "ai" or following is None):
            continue  # take letters and note names
        if word == "hi":
            word = "hi-hat" if following == "hat" else "high"
        if word == "hat" and words and words[-1] == "hi-hat":
            continue
        word = SHORT_FORMS.get(word, word)
        if not words or words[-1] != word:
            words.append(word)
    if len(words) > 1 and words[-1] in SOURCES:
        words = [words[-1], *words[:-1]]
    return words


def _random(piece: str) -> bool:
    """Whether a piece is a hash or an identifier: long, and changing between letters and digits again and again."""
    changes = sum(a.isdigit() != b.isdigit() for a, b in pairwise(piece))
    return len(piece) >= 8 and changes >= 2 and changes > 0.25 * len(piece)


def _without_number(word: str) -> str:
    """`grass1` → `grass`, `01kick` → `kick`; numbers, notes (`c4`), takes (`6a`) and rates (`48khz`) → nothing."""
    if word in KEPT_NUMBERS:
        return KEPT_NUMBERS[word]
    if not any(c.isdigit() for c in word):
        return word
    match = _LETTERS_THEN_NUMBER.match(word) or _NUMBER_THEN_LETTERS.match(word)
    if match:
        return match.group(1)
    letters = word.rstrip("0123456789")
    return letters if letters in SHORT_FORMS else ""
