"""Drums, strings, pipes, bells and synthesisers."""

from __future__ import annotations

import numpy as np

from engine.synthesis.waves import (
    Wave,
    band,
    clock,
    dying,
    fade,
    harmonics,
    lay,
    noise,
    plucked,
    ringing,
    room,
    saw,
    sine,
    square,
    swept_band,
    unit,
)

Rng = np.random.Generator

# Partials of a tuned church bell: ratio to the prime, gain, relative decay. Hum, prime, tierce, quint, nominal …
# (ratios: Fletcher & Rossing 1998, *The Physics of Musical Instruments*, chapter 21; gains and decays are guesses).
BELL = (
    (0.5, 1.0, 1.0),
    (1.0, 0.9, 0.6),
    (1.19, 0.8, 0.5),
    (1.5, 0.3, 0.35),
    (2.0, 1.0, 0.4),
    (2.51, 0.4, 0.2),
    (2.66, 0.3, 0.2),
    (3.01, 0.4, 0.18),
    (4.17, 0.3, 0.12),
    (5.43, 0.2, 0.08),
)


def kick(rng: Rng) -> Wave:
    """An electronic bass drum: a sine that falls from 180 to 48 Hz in a moment, with a click."""
    t = clock(0.6)
    return sine(48 + 130 * np.exp(-t / 0.03), 0.6) * dying(0.6, 0.55) + 0.2 * band(noise(rng, 0.6), 1500, 8000) * dying(
        0.6, 0.01
    )


def snare(rng: Rng) -> Wave:
    """A snare drum: two head modes and the rattle of the wires."""
    return ringing(0.5, [(185, 1, 0.2), (330, 0.6, 0.15)]) + 0.9 * unit(band(noise(rng, 0.5), 1200, 10000)) * dying(
        0.5, 0.28
    )


def hihat(rng: Rng) -> Wave:
    """A closed hi-hat, eight strokes, the last one open."""
    closed = _metal(rng, 0.12) * dying(0.12, 0.09, 5e-4)
    opened = _metal(rng, 0.8) * dying(0.8, 0.7, 5e-4)
    return lay(
        2.6, [(0.05 + 0.22 * i, closed * (1 if i % 2 == 0 else 0.6)) for i in range(7)] + [(0.05 + 0.22 * 7, opened)]
    )


def cymbal(rng: Rng) -> Wave:
    """A crash cymbal."""
    return _metal(rng, 3.5) * dying(3.5, 3.2, 0.002) + 0.5 * unit(band(noise(rng, 3.5), 300, 3000)) * dying(3.5, 1.2)


def drum_beat(rng: Rng) -> Wave:
    """Two bars of rock drums at 112 beats a minute."""
    step = 60 / 112 / 2
    closed = _metal(rng, 0.12) * dying(0.12, 0.09, 5e-4)
    parts = [(i * step, 0.35 * closed) for i in range(16)]
    parts += [(i * step, unit(kick(rng))) for i in (0, 3, 4, 8, 11, 12)]
    parts += [(i * step, 0.8 * unit(snare(rng))) for i in (2, 6, 10, 14)]
    return room(rng, lay(16 * step, parts), 0.4, 0.15)


def tom_roll(rng: Rng) -> Wave:
    """Four toms from high to low."""
    parts = []
    for i in range(16):
        hz = (190, 150, 120, 88)[i // 4]
        t = clock(0.6)
        tom = sine(hz * (1 + 0.5 * np.exp(-t / 0.03)), 0.6) * dying(0.6, 0.6) + 0.15 * unit(
            band(noise(rng, 0.6), 300, 3000)
        ) * dying(0.6, 0.05)
        parts.append((0.12 * i, tom))
    return room(rng, lay(2.7, parts), 0.5, 0.2)


def guitar(rng: Rng) -> Wave:
    """An acoustic guitar: three strummed chords (E minor, C, G) of six plucked strings."""
    chords = (
        (82.4, 123.5, 164.8, 196.0, 246.9, 329.6),
        (98.0, 130.8, 164.8, 196.0, 261.6, 329.6),
        (98.0, 123.5, 146.8, 196.0, 246.9, 392.0),
    )
    parts = [
        (0.1 + 1.5 * bar + again + 0.018 * i, plucked(rng, hz, 1.6, 0.995))
        for bar, chord in enumerate(chords)
        for again in (0, 0.75)
        for i, hz in enumerate(chord)
    ]
    dry = lay(5.2, parts)
    return dry + 0.8 * swept_band(dry, np.full(len(dry), 110.0), 4) + 0.6 * swept_band(dry, np.full(len(dry), 220.0), 4)


def single_string(rng: Rng) -> Wave:
    """One plucked string, let ring."""
    return plucked(rng, 196.0, 4, 0.998)


def harp(rng: Rng) -> Wave:
    """A glissando over three octaves of plucked strings."""
    notes = [130.8 * 2 ** ((12 * octave + step) / 12) for octave in range(3) for step in (0, 2, 4, 5, 7, 9, 11)]
    return room(
        rng,
        lay(4.5, [(0.1 + 0.07 * i, plucked(rng, hz, 3, 0.998) * (1 + 0.01 * i)) for i, hz in enumerate(notes)]),
        1.2,
        0.4,
    )


def organ(rng: Rng) -> Wave:
    """A pipe organ: a four-note chord, eight-, four- and two-foot stops, in a church."""
    parts = []
    for start, length, chord in (
        (0.1, 2.4, (130.8, 196.0, 261.6, 329.6)),
        (2.5, 2.4, (146.8, 220.0, 293.7, 349.2)),
        (4.9, 2.8, (130.8, 196.0, 261.6, 329.6)),
    ):
        pipes = sum(harmonics(hz, length, [1, 0.7, 0.25, 0.5, 0.1, 0.15, 0.05, 0.3]) for hz in (chord[0] / 2, *chord))
        parts.append((start, pipes * fade(length, 0.05, 0.08)))
    return room(rng, lay(8, parts), 2.5, 0.8)


def bass_synth(rng: Rng) -> Wave:
    """A synthesiser's bass line: sawtooth through a filter that closes on each note."""
    parts = []
    for i, hz in enumerate((55, 55, 110, 55, 65.4, 65.4, 98, 49) * 2):
        t = clock(0.24)
        parts.append(
            (
                0.25 * i,
                swept_band(saw(hz, 0.24, 80), 200 + 2200 * np.exp(-t / 0.08), 2.5) * fade(0.24, 0.004, 0.03)
                + 0.4 * sine(hz, 0.24) * fade(0.24, 0.004, 0.03),
            )
        )
    return lay(4.1, parts)


def arpeggio(rng: Rng) -> Wave:
    """A synthesiser's arpeggio: square waves up and down a minor chord."""
    notes = (220, 261.6, 329.6, 440, 523.3, 440, 329.6, 261.6)
    return room(
        rng,
        lay(
            4.3,
            [
                (0.13 * i, square(notes[i % 8], 0.14, 15) * dying(0.14, 0.3) * fade(0.14, 0.002, 0.02))
                for i in range(32)
            ],
        ),
        0.8,
        0.3,
    )


def synth_pad(rng: Rng) -> Wave:
    """A slow chord of detuned sawtooths."""
    voices = [saw(hz * 2 ** (cents / 1200), 7, 25) for hz in (110, 164.8, 220, 277.2) for cents in (-9, 0, 8)]
    pad = np.sum(voices, axis=0)
    return room(rng, swept_band(pad, 500 + 900 * np.sin(np.pi * clock(7) / 7), 0.7) * fade(7, 1.8, 2.2), 2, 0.6)


def flute(rng: Rng) -> Wave:
    """A flute-like melody: near-sinusoids with breath and vibrato."""
    parts, at = [], 0.1
    for hz, length in (
        (587.3, 0.5),
        (659.3, 0.5),
        (740.0, 0.5),
        (880.0, 1.0),
        (784.0, 0.5),
        (740.0, 0.5),
        (659.3, 1.4),
    ):
        t = clock(length)
        vibrato = 1 + 0.006 * np.sin(2 * np.pi * 5.2 * t) * np.clip((t - 0.15) / 0.3, 0, 1)
        tone = harmonics(hz * vibrato, length, [1, 0.45, 0.18, 0.06, 0.03])
        breath = 0.5 * swept_band(noise(rng, length), np.full(len(t), hz), 8) + 0.03 * band(
            noise(rng, length), 2000, 8000
        )
        parts.append((at, (tone + breath) * fade(length, 0.06, 0.06)))
        at += length * 0.98
    return room(rng, lay(5.3, parts), 1.2, 0.4)


def violin(rng: Rng) -> Wave:
    """A bowed string: a sawtooth with vibrato through a box's resonances."""
    parts, at = [], 0.1
    for hz, length in ((293.7, 1.0), (440.0, 1.0), (392.0, 0.6), (349.2, 0.6), (329.6, 0.6), (293.7, 1.8)):
        t = clock(length)
        tone = saw(hz * (1 + 0.007 * np.sin(2 * np.pi * 5.8 * t) * np.clip(t / 0.3, 0, 1)), length, 40) + 0.1 * noise(
            rng, length
        )
        box = 0.4 * tone + sum(
            g * swept_band(tone, np.full(len(t), f), q)
            for f, g, q in ((280, 1.5, 6), (460, 1.2, 6), (1000, 0.6, 3), (2500, 1.2, 2))
        )
        parts.append((at, box * fade(length, 0.09, 0.08)))
        at += length * 0.97
    return room(rng, band(lay(5.7, parts), 180, 9000), 1.2, 0.35)


def trumpet(rng: Rng) -> Wave:
    """A brass-like fanfare: partials that brighten with the blow."""
    parts = []
    for at, hz, length in (
        (0.1, 392, 0.16),
        (0.3, 392, 0.16),
        (0.5, 392, 0.16),
        (0.7, 523.3, 0.7),
        (1.45, 392, 0.3),
        (1.8, 523.3, 1.4),
    ):
        t = clock(length)
        blow = np.clip(t / 0.05, 0, 1) * np.clip((length - t) / 0.06, 0, 1)
        pitch = hz * (1 + 0.004 * np.sin(2 * np.pi * 5 * t) - 0.01 * np.exp(-t / 0.03))
        parts.append(
            (
                at,
                np.sum(
                    [
                        blow ** (1 + 0.35 * n) * harmonics(pitch, length, [0.0] * (n - 1) + [min(1, 3 / n) * (0.9**n)])
                        for n in range(1, 19)
                    ],
                    axis=0,
                ),
            )
        )
    return room(rng, lay(3.6, parts), 1.0, 0.35)


def whistling(rng: Rng) -> Wave:
    """Somebody's whistled tune: pure gliding tones with a little breath."""
    notes = (
        (1046.5, 0.3),
        (1318.5, 0.3),
        (1568, 0.5),
        (1318.5, 0.25),
        (1568, 0.25),
        (1760, 0.8),
        (1568, 0.4),
        (1318.5, 0.9),
    )
    hz = np.concatenate([np.full(len(clock(length)), note) for note, length in notes])
    gate = np.concatenate([fade(length, 0.03, 0.05) for _, length in notes])
    width = 1600
    hz = np.convolve(np.pad(hz, width // 2, mode="edge"), np.hanning(width) / np.hanning(width).sum(), "same")[
        width // 2 : -width // 2
    ]
    t = np.arange(len(hz)) / 44100
    seconds = len(hz) / 44100
    tone = harmonics(hz * (1 + 0.008 * np.sin(2 * np.pi * 5.5 * t)), seconds, [1, 0.02])
    return room(rng, (tone + 0.4 * swept_band(noise(rng, seconds), hz, 12)) * gate, 0.6, 0.3)


def church_bell(rng: Rng) -> Wave:
    """A church bell of 440 Hz, swung eight times; each partial is a pair a little apart, so that it beats."""
    pairs = [(440 * ratio * side, gain * share, 9 * t60) for ratio, gain, t60 in BELL
             for side, share in ((1.0, 1.0), (1 + 0.0012 * (1 + ratio), 0.6))]
    clapper = unit(band(noise(rng, 6), 1500, 8000)) * dying(6, 0.05)
    stroke = ringing(6, pairs, 5e-4) + 0.4 * clapper
    return room(rng, lay(9, [(0.1 + 0.9 * i, stroke) for i in range(8)]), 2.5, 0.5)


def hand_bell(rng: Rng) -> Wave:
    """A small hand bell, shaken."""
    gong = ringing(1.0, [(1980, 1, 1.6), (4100, 0.7, 0.9), (6230, 0.5, 0.6), (9100, 0.3, 0.3)])
    return room(
        rng,
        lay(3.5, [(0.1 + 0.16 * i + rng.uniform(-0.015, 0.015), gong * rng.uniform(0.5, 1)) for i in range(16)]),
        0.5,
        0.2,
    )


def wind_chimes(rng: Rng) -> Wave:
    """Tubes stirred by the wind: free bars on a pentatonic scale (mode ratios 1, 2.76, 5.40: Fletcher & Rossing)."""
    parts = []
    for _ in range(34):
        hz = float(rng.choice([1046.5, 1174.7, 1318.5, 1568.0, 1760.0, 2093.0]))
        bar = ringing(2.5, [(hz, 1, 2.5), (2.76 * hz, 0.45, 1.4), (5.40 * hz, 0.2, 0.5)])
        parts.append((rng.uniform(0.05, 5.5), bar * rng.uniform(0.2, 1)))
    return room(rng, lay(7, parts), 0.8, 0.25)


def music_box(rng: Rng) -> Wave:
    """A comb of small steel tongues playing a scale-like tune."""
    tune = (1046.5, 1318.5, 1568, 2093, 1568, 1318.5, 1174.7, 1396.9, 1760, 1396.9, 1174.7, 987.8, 1046.5)
    return room(
        rng,
        lay(
            5,
            [
                (0.1 + 0.32 * i, ringing(1.5, [(hz, 1, 1.6), (6.27 * hz, 0.25, 0.12), (2 * hz, 0.1, 0.8)]))
                for i, hz in enumerate(tune)
            ],
        ),
        0.5,
        0.2,
    )


def marimba(rng: Rng) -> Wave:
    """Wooden bars (mode ratios 1, 3.9, 9.2: tuned arches, Fletcher & Rossing)."""
    tune = (261.6, 329.6, 392, 523.3, 392, 329.6, 293.7, 349.2, 440, 349.2, 293.7, 246.9, 261.6)
    return room(
        rng,
        lay(
            3.6,
            [
                (0.1 + 0.22 * i, ringing(0.9, [(hz, 1, 0.9), (3.9 * hz, 0.3, 0.2), (9.2 * hz, 0.1, 0.06)]))
                for i, hz in enumerate(tune)
            ],
        ),
        0.5,
        0.15,
    )


def theremin(rng: Rng) -> Wave:
    """A gliding near-sine with wide vibrato."""
    t = clock(6)
    hz = 330 * 2 ** np.interp(t, [0, 1, 1.6, 2.8, 3.3, 4.6, 5, 6], [0, 0, 0.6, 0.6, 1.0, 1.0, 0.2, 0.2])
    return room(
        rng,
        harmonics(hz * (1 + 0.02 * np.sin(2 * np.pi * 6 * t)), 6, [1, 0.3, 0.12, 0.05]) * fade(6, 0.3, 0.5),
        1.0,
        0.3,
    )


def sweep(rng: Rng) -> Wave:
    """A sine that rises from 50 Hz to 10 kHz in five seconds, equally fast in octaves."""
    t = clock(5)
    return sine(50 * 200 ** (t / 5), 5) * fade(5, 0.02, 0.02)


def _metal(rng: Rng, seconds: float) -> Wave:
    """Six inharmonic square waves and hiss, high-passed, as in drum machines (Roland TR-808's cymbal)."""
    ring = np.sum([square(hz, seconds, 40) for hz in (205.3, 304.4, 369.6, 522.7, 540.0, 800.0)], axis=0)
    return unit(band(ring, 6500, None)) + 0.9 * unit(band(noise(rng, seconds), 6000, None))
