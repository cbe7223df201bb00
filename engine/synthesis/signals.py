"""Signals people made to be heard: sirens, telephones, alarms, horns."""

from __future__ import annotations

import numpy as np

from engine.synthesis.waves import (
    RATE_HZ,
    Wave,
    band,
    clock,
    fade,
    harmonics,
    lay,
    noise,
    repeated,
    ringing,
    room,
    saw,
    sine,
    square,
    unit,
)

Rng = np.random.Generator


def wail_siren(rng: Rng) -> Wave:
    """A police siren's wail: up and down between 600 and 1350 Hz every five seconds."""
    t = clock(8)
    pitch = 600 + 750 * (0.5 - 0.5 * np.cos(2 * np.pi * t / 4.0)) ** 0.8
    return room(rng, band(saw(pitch, 8), 400, 4500), 0.8, 0.5)


def yelp_siren(rng: Rng) -> Wave:
    """A siren's yelp: the same sweep, three times a second."""
    t = clock(5)
    pitch = 650 * 2 ** (1.1 * (1 - np.abs(2 * (t * 3.2 % 1) - 1)))
    return room(rng, band(saw(pitch, 5), 400, 4500), 0.8, 0.5)


def two_tone_siren(rng: Rng) -> Wave:
    """The European two-tone siren: 435 and 580 Hz in turn."""
    pitch = np.where(clock(6) % 1.2 < 0.6, 435.0, 580.0)
    return room(rng, band(saw(pitch, 6), 300, 5000), 0.8, 0.5)


def air_raid_siren(rng: Rng) -> Wave:
    """A motor siren: a slow rise to 460 Hz, a hold and a slow fall."""
    t = clock(14)
    pitch = 160 + 300 * np.clip(np.minimum(1 - np.exp(-t / 1.8), np.where(t < 8, 1, np.exp(-(t - 8) / 3))), 0, 1)
    return room(rng, harmonics(pitch, 14, [1, 0.7, 0.5, 0.25, 0.3, 0.1, 0.1, 0.1]) * fade(14, 0.5, 3), 1.5, 0.8)


def sine_tone(rng: Rng) -> Wave:
    return sine(1000, 3) * fade(3, 0.01, 0.01)


def beeps(rng: Rng) -> Wave:
    return repeated(4, 0.5, sine(1000, 0.15) * fade(0.15, 0.005, 0.005))


def dial_tone(rng: Rng) -> Wave:
    """The North American dial tone: 350 + 440 Hz (ITU-T E.180)."""
    return _telephone_band(sine(350, 5) + sine(440, 5))


def busy_tone(rng: Rng) -> Wave:
    """The North American busy tone: 480 + 620 Hz, half a second on, half a second off (ITU-T E.180)."""
    burst = (sine(480, 0.5) + sine(620, 0.5)) * fade(0.5, 0.005, 0.005)
    return _telephone_band(repeated(5, 1.0, burst))


def dialling(rng: Rng) -> Wave:
    """Ten keys of a telephone, two tones each (ITU-T Q.23)."""
    rows, columns = (697, 770, 852, 941), (1209, 1336, 1477)
    keys = [(rows[rng.integers(4)], columns[rng.integers(3)]) for _ in range(11)]
    tones = [
        (0.2 + 0.22 * i, (sine(a, 0.13) + sine(b, 0.13)) * fade(0.13, 0.004, 0.004)) for i, (a, b) in enumerate(keys)
    ]
    return _telephone_band(lay(3.0, tones))


def telephone_bell(rng: Rng) -> Wave:
    """An old telephone: two gongs struck in turn, twenty times a second, two seconds on and two off."""
    low = ringing(0.3, [(1250, 1, 0.5), (2750, 0.6, 0.35), (4300, 0.3, 0.25), (6100, 0.2, 0.15)])
    high = ringing(0.3, [(1480, 1, 0.5), (3250, 0.6, 0.35), (5000, 0.3, 0.25), (7200, 0.2, 0.15)])
    strokes = [
        (start + i * 0.05, (low if i % 2 else high) * rng.uniform(0.8, 1)) for start in (0.1, 4.1) for i in range(40)
    ]
    return room(rng, lay(7.5, strokes), 0.5, 0.3)


def ringtone(rng: Rng) -> Wave:
    """A telephone's electronic warble: two notes in turn, thirteen times a second."""
    pitch = np.where(clock(1.0) * 13 % 1 < 0.5, 1050.0, 1320.0)
    return room(rng, repeated(6, 2.0, square(pitch, 1.0, 9) * fade(1.0, 0.005, 0.01)), 0.3, 0.1)


def alarm_clock(rng: Rng) -> Wave:
    """A bedside alarm: four short beeps of 2 kHz, then a breath."""
    beep = square(2050, 0.09, 5) * fade(0.09, 0.003, 0.003)
    return room(rng, lay(6, [(0.1 + bar + 0.14 * i, beep) for bar in range(6) for i in range(4)]), 0.3, 0.1)


def smoke_detector(rng: Rng) -> Wave:
    """A smoke alarm: 3.1 kHz in threes, half a second on and off, then a longer gap (the T3 pattern of ISO 8201)."""
    tone = harmonics(3100, 0.5, [1, 0.2, 0.3, 0.1]) * fade(0.5, 0.005, 0.01)
    return room(rng, lay(8, [(start + i, tone) for start in (0, 4) for i in range(3)]), 0.4, 0.3)


def reversing_beeps(rng: Rng) -> Wave:
    """A lorry backing up: 1250 Hz, half a second on and off."""
    return room(rng, repeated(6, 1.0, square(1250, 0.5, 7) * fade(0.5, 0.01, 0.01)), 0.6, 0.4)


def car_horn(rng: Rng) -> Wave:
    """Two reeds of a car horn, 405 and 505 Hz, one short and one long press."""
    parts = []
    for start, length in ((0.2, 0.35), (0.8, 1.4)):
        reeds = sum(saw(hz * (1 + 0.001 * rng.standard_normal()), length, 24) for hz in (405.0, 505.0))
        parts.append((start, reeds * fade(length, 0.02, 0.04)))
    return room(rng, band(lay(2.6, parts), 350, 5000), 0.6, 0.4)


def train_horn(rng: Rng) -> Wave:
    """The five-note chord of a diesel locomotive's horn: long, long, short, long."""
    parts = []
    for start, length in ((0.2, 1.6), (2.2, 1.6), (4.2, 0.5), (5.1, 2.3)):
        t = clock(length)
        bend = 1 - 0.02 * np.exp(-t / 0.08)
        chord = sum(saw(hz * bend, length, 20) for hz in (311.1, 370.0, 415.3, 466.2, 622.3))
        blow = 0.15 * band(noise(rng, length), 500, 4000)
        parts.append((start, (chord + blow) * fade(length, 0.08, 0.15)))
    return room(rng, band(lay(8, parts), 250, 3500), 1.6, 0.9)


def foghorn(rng: Rng) -> Wave:
    """A ship's horn: one deep long tone."""
    blast = harmonics(
        98 * (1 - 0.05 * np.exp(-clock(3.5) / 0.2)), 3.5, [1, 0.9, 0.8, 0.7, 0.5, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1]
    )
    return room(rng, lay(6, [(0.3, blast * fade(3.5, 0.15, 0.4))]), 2.5, 1.0)


def buzzer(rng: Rng) -> Wave:
    """A game show's buzzer: a harsh 120 Hz."""
    return band(np.tanh(3 * saw(120, 1.5, 60)) + 0.5 * square(240, 1.5), 80, 7000) * fade(1.5, 0.01, 0.02)


def car_alarm(rng: Rng) -> Wave:
    """A car alarm: sweeps up, sweeps down, and a two-tone bar, in turn."""
    parts, start = [], 0.0
    for kind in ("up", "up", "up", "tone", "down", "down", "down", "tone"):
        t = clock(0.9)
        if kind == "tone":
            pitch = np.where(t * 5 % 1 < 0.5, 900.0, 1400.0)
        else:
            turn = t * 3.3 % 1
            pitch = 700 * 2 ** (1.3 * (turn if kind == "up" else 1 - turn))
        parts.append((start, square(pitch, 0.9, 9) * fade(0.9, 0.005, 0.01)))
        start += 0.95
    return room(rng, band(lay(7.6, parts), 500, 6000), 0.7, 0.5)


def doorbell(rng: Rng) -> Wave:
    """Ding-dong: two struck bars, a third apart."""

    def bar(hz: float) -> Wave:
        return ringing(2.5, [(hz, 1, 2.2), (2.76 * hz, 0.25, 0.7), (5.4 * hz, 0.12, 0.3)])

    return room(rng, lay(3.4, [(0.1, bar(659.3)), (0.9, bar(523.3))]), 0.6, 0.25)


def bicycle_bell(rng: Rng) -> Wave:
    """A thumb bell: two quick trills of a small bright gong."""
    gong = ringing(1.2, [(2350, 1, 1.5), (2368, 0.8, 1.5), (5900, 0.5, 0.8), (9800, 0.3, 0.4)])
    strokes = [(start + 0.045 * i, gong * (0.5 + 0.1 * i)) for start in (0.1, 0.9) for i in range(5)]
    return lay(2.8, strokes)


def telegraph(rng: Rng) -> Wave:
    """Morse code: SOS twice, 700 Hz."""
    dot, parts, at = 0.08, [], 0.2
    for letter in ("...", "---", "...", " ", "...", "---", "..."):
        for sign in letter:
            length = dot * (3 if sign == "-" else 1)
            if sign != " ":
                parts.append((at, sine(700, length) * fade(length, 0.005, 0.005)))
            at += length + dot
        at += 2 * dot
    return lay(at + 0.2, parts)


def radio_static(rng: Rng) -> Wave:
    """Between two stations: hiss, crackle and a whistling carrier."""
    crackle = (rng.random(5 * RATE_HZ) < 0.0015) * rng.standard_normal(5 * RATE_HZ) * 8
    return unit(noise(rng, 5)) + unit(band(crackle, 300, 6000)) * 0.8


def _telephone_band(wave: Wave) -> Wave:
    return band(wave, 200, 3600)
