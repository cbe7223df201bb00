"""Weather, water, fire and animals."""

from __future__ import annotations

import numpy as np

from engine.synthesis.waves import (
    Wave,
    band,
    clock,
    dying,
    fade,
    lay,
    noise,
    phase,
    ringing,
    room,
    saw,
    sine,
    slow,
    swept_band,
    unit,
)

Rng = np.random.Generator


def rain(rng: Rng) -> Wave:
    """Steady rain: a bed of hiss with thousands of single drops on it."""
    bed = band(noise(rng, 8, 0.4), 400, 11000) * (0.85 + 0.15 * slow(rng, 8, 1))
    return unit(bed, 0.5) + unit(_drops(rng, 8, 350, 900, 6000), 0.8)


def rain_on_roof(rng: Rng) -> Wave:
    """Heavy rain on a tin roof: every drop rings a little."""
    bed = band(noise(rng, 6, 1.0), 150, 5000)
    return unit(bed, 0.5) + unit(_drops(rng, 6, 900, 300, 2500), 0.7)


def wind(rng: Rng) -> Wave:
    """Howling wind: brown noise through a resonance that wanders with the gusts."""
    gust = slow(rng, 8, 0.9)
    howl = swept_band(noise(rng, 8, 0.5), 260 + 550 * gust, 5)
    rumble = band(noise(rng, 8, 2), 40, 350)
    return (unit(howl, 0.8) + unit(rumble, 1.0) + 0.12 * unit(band(noise(rng, 8, 1), 200, 5000))) * (0.25 + gust)


def ocean(rng: Rng) -> Wave:
    """Waves on a beach: three swells that rise, break and hiss back."""
    parts = []
    for start in (0.0, 4.2, 8.6):
        t = clock(6)
        swell = np.clip(t / 2.2, 0, 1) ** 2 * np.exp(-np.maximum(0, t - 2.2) / 1.3)
        wash = np.clip((t - 1.8) / 1.0, 0, 1) * np.exp(-np.maximum(0, t - 2.8) / 1.4)
        parts.append(
            (
                start,
                unit(band(noise(rng, 6, 1.2), 60, 1800)) * swell
                + 0.5 * unit(band(noise(rng, 6, 0.3), 1000, 9000)) * wash,
            )
        )
    return lay(13, parts) + 0.06 * unit(band(noise(rng, 13, 1), 100, 4000))


def stream(rng: Rng) -> Wave:
    """A brook: hundreds of bubbles, each a short tone that rises (Minnaert's bubble, van den Doel 2005)."""
    parts = []
    for _ in range(900):
        hz, length = float(np.exp(rng.uniform(np.log(400), np.log(3500)))), float(rng.uniform(0.015, 0.06))
        rise = hz * (1 + 0.15 * clock(length) / length)
        parts.append(
            (
                rng.uniform(0, 6.9),
                sine(rise, length) * dying(length, length * 1.3) * rng.pareto(2.5) * (800 / hz) ** 0.3,
            )
        )
    return unit(lay(7, parts), 0.9) + 0.12 * unit(band(noise(rng, 7, 0.8), 300, 6000))


def dripping(rng: Rng) -> Wave:
    """A tap that drips into a full sink."""
    parts = []
    for at in np.arange(0.3, 6, 0.85):
        hz = float(rng.uniform(900, 1400))
        length = 0.12
        plop = sine(hz * (1 + 0.8 * (clock(length) / length) ** 2), length) * dying(length, 0.12)
        click = band(noise(rng, 0.01), 2000, 9000) * dying(0.01, 0.01)
        parts += [(at, 0.25 * unit(click)), (at + 0.012, plop)]
    return room(rng, lay(6.5, parts), 0.7, 0.35)


def thunder(rng: Rng) -> Wave:
    """A crack and a long rolling rumble."""
    roll = band(noise(rng, 8, 1.8), 25, 500) * dying(8, 9, 0.05) * (0.3 + slow(rng, 8, 3))
    crack = band(noise(rng, 1.2, 0.8), 80, 4000) * dying(1.2, 0.9) * (0.3 + slow(rng, 1.2, 25))
    return lay(8, [(0.5, unit(roll)), (0.45, unit(crack, 0.9)), (1.3, unit(crack, 0.4))])


def fire(rng: Rng) -> Wave:
    """A wood fire: a soft roar with crackles of all sizes."""
    parts = [
        (
            rng.uniform(0, 6.9),
            band(noise(rng, 0.02), rng.uniform(700, 3000), 12000)
            * dying(0.02, rng.uniform(0.004, 0.02), 2e-4)
            * min(6.0, rng.pareto(1.6)),
        )
        for _ in range(260)
    ]
    roar = band(noise(rng, 7, 1.5), 60, 900) * (0.6 + 0.4 * slow(rng, 7, 6))
    return unit(lay(7, parts), 0.9) + unit(roar, 0.10)


def cricket(rng: Rng) -> Wave:
    """A field cricket: chirps of three pulses at 4.6 kHz."""
    pulse = sine(4600, 0.02) * np.hanning(len(clock(0.02)))
    return lay(6, [(start + 0.035 * i, pulse) for start in np.arange(0.1, 5.8, 0.42) for i in range(4)]) + 0.01 * noise(
        rng, 6, 1
    )


def bird(rng: Rng) -> Wave:
    """A songbird: quick whistled sweeps between 2.5 and 7 kHz in short phrases."""
    parts = []
    for start in (0.2, 1.5, 2.9, 4.3):
        at, low = start, float(rng.uniform(2600, 3800))
        for _ in range(int(rng.integers(5, 9))):
            length = float(rng.uniform(0.05, 0.12))
            turn = clock(length) / length
            shape = turn if rng.random() < 0.4 else (1 - turn if rng.random() < 0.5 else np.sin(np.pi * turn))
            parts.append((at, sine(low * (1 + 0.8 * shape), length) * np.hanning(len(turn)) * rng.uniform(0.5, 1)))
            at += length + float(rng.uniform(0.02, 0.06))
    return room(rng, lay(5.8, parts), 0.8, 0.4) + 0.003 * noise(rng, 5.8, 1)


def bark(rng: Rng) -> Wave:
    """A dog-like bark: a rough tone that jumps up and falls, through an opening and closing throat."""
    parts = []
    for start in (0.2, 0.65, 1.6, 2.05, 3.0):
        length = float(rng.uniform(0.16, 0.2))
        t = clock(length) / length
        hz = float(rng.uniform(380, 440)) * (0.75 + 0.55 * np.sin(np.pi * np.minimum(1, t * 1.1)) ** 0.7)
        source = saw(hz * (1 + 0.04 * rng.standard_normal(len(t)).cumsum() / 60), length, 40) + 0.8 * noise(rng, length)
        throat = (
            swept_band(source, 600 + 700 * np.sin(np.pi * t), 3)
            + 0.7 * swept_band(source, 1500 + 500 * np.sin(np.pi * t), 5)
            + 0.2 * band(source, 2500, 6000)
        )
        parts.append((start, np.tanh(3 * unit(throat)) * np.minimum(1, t * 12) * (1 - t) ** 0.7))
    return room(rng, lay(3.6, parts), 0.5, 0.3)


def rattle(rng: Rng) -> Wave:
    """A rattlesnake's tail: clicks of hiss, sixty a second."""
    gate = np.maximum(0, np.sin(phase(60.0, 3))) ** 4
    return band(noise(rng, 3), 4000, 14000) * gate * fade(3, 0.3, 0.5)


def _drops(rng: Rng, seconds: float, per_s: int, low_hz: float, high_hz: float) -> Wave:
    length = 0.02
    kinds = [
        ringing(length, [(float(np.exp(rng.uniform(np.log(low_hz), np.log(high_hz)))), 1, 0.012)], 3e-4)
        + 0.5 * band(noise(rng, length), 1000, 10000) * dying(length, 0.006, 2e-4)
        for _ in range(24)
    ]
    starts = rng.uniform(0, seconds - length, int(per_s * seconds))
    return lay(seconds, [(at, kinds[rng.integers(24)] * min(4.0, rng.pareto(2.2))) for at in starts])
