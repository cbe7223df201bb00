"""Captions from file names: a table of what people call files, all of it invented or a public naming convention."""

from __future__ import annotations

import os
from pathlib import PurePath

import pytest

from engine.describing.names import caption_of


@pytest.mark.parametrize(("path", "caption"), [
    ("bass_synthetic_033-047-050.wav", "synthetic bass"),  # family_source_id-pitch-velocity
    ("keyboard_electronic_001-021-127.wav", "electronic keyboard"),
    ("synth_lead_synthetic_004-060-025", "synthetic synth lead"),
    ("drum_cowbell.flac", "drum cowbell"),
    ("ambi_choir.flac", "ambient choir"),
    ("loop_amen_full.flac", "loop amen full"),
    ("000_Acoustic_Grand_Piano.flac", "acoustic grand piano"),
    ("003_Honky-tonk_Piano.flac", "honky tonk piano"),
    ("wesnoth/sounds/horse-canter-3.ogg", "horse canter"),
    ("airplane_jetEngine.ogg", "airplane jet engine"),
    ("ICantCarryAnyMore_Sound_2.ogg", "i cant carry any more"),
    ("DoorSlamHTTPServer.wav", "door slam http server"),
    ("doors/door2-close.ogg", "door close"),
    ("Kick Drum 04 (Stereo) [48kHz 24bit].WAV", "kick drum"),
    ("HiHat_open_02b.aif", "hi-hat open"),
    ("hi-hat closed.wav", "hi-hat closed"),
    ("drum_tom_hi_soft.flac", "drum tom high soft"),
    ("bd_boom.flac", "bass drum boom"),
    ("sn2_tight.wav", "snare tight"),
    ("bass_hard_c.flac", "bass hard"),
    ("piano C4.wav", "piano"),
    ("guit_em9.flac", "guitar"),
    ("120bpm_funk_loop.wav", "funk loop"),
    ("loop_3d_printer.flac", "loop 3d printer"),
    ("8bit_jump.wav", "8-bit jump"),
    ("01kick.wav", "kick"),
    ("rain rain heavy take 3 final v2.wav", "rain heavy"),
    ("512734__some-person__creaking-gate-in-the-wind.wav", "creaking gate in the wind"),
    ("wooden crate 3f2b1c9a-77de-4a01-9c3e-0123456789ab.ogg", "wooden crate"),
    ("thunder_9f8e7d6c5b4a.mp3", "thunder"),
    ("ring_a_bell_a.wav", "ring a bell"),
    ("Straßenbahn_Öffnen.wav", "straßenbahn öffnen"),
    ("雨の音.wav", "雨の音"),
    ("don't_panic.wav", "don't panic"),
    ("footsteps/03.ogg", "footsteps"),
    ("001 - Dog bark/1-100032-A.ogg", "dog bark"),
    ("voice_samples/15.ogg", "voice"),
    ("library/Glass/samples/007.wav", "glass"),
    ("6A.ogg", None),
    ("sounds/data/0001.wav", None),
    ("🎺.wav", None),
    ("version 1.5 kick", "kick"),
])
def test_what_a_name_says(path: str, caption: str | None) -> None:
    assert caption_of(path) == caption
    assert caption_of(PurePath(path)) == caption


def test_a_folder_can_stand_before_the_name() -> None:
    assert caption_of("footsteps/gravel 2.wav", with_folder=True) == "footsteps gravel"
    assert caption_of("sounds/gravel 2.wav", with_folder=True) == "gravel"
    assert caption_of("glass/glass break.wav", with_folder=True) == "glass break"


def test_bytes_that_are_no_utf8_do_no_harm() -> None:
    assert caption_of(os.fsdecode(b"caf\xe9 door.wav")) == "caf door"


def test_a_caption_is_its_own_caption() -> None:
    for name in ("synthetic bass", "horse canter", "creaking gate in the wind"):
        assert caption_of(name) == name
