"""Engines, tools, household things, impacts and noises."""

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
    phase,
    repeated,
    ringing,
    room,
    sine,
    slow,
    swept_band,
    unit,
)

Rng = np.random.Generator


def motorboat(rng: Rng) -> Wave:
    """An outboard motor: sixty explosions a second, muffled by water."""
    rate = 62 + 6 * slow(rng, 7, 1.5)
    return _strokes(rng, rate, 7, 0.25) + 0.05 * unit(band(noise(rng, 7, 0.8), 200, 5000)) * (
        0.6 + 0.4 * slow(rng, 7, 5)
    )


def idling_engine(rng: Rng) -> Wave:
    """A car's engine idling: four uneven strokes a turn, 1400 turns a minute."""
    rate = 47 * (1 + 0.02 * (slow(rng, 7, 4) - 0.5))
    return _strokes(rng, rate, 7, 0.25) + 0.06 * unit(band(noise(rng, 7, 1), 300, 3000))


def helicopter(rng: Rng) -> Wave:
    """A helicopter: the blades' beat thirteen times a second over the turbine's hiss."""
    beat = (0.5 + 0.5 * np.sin(phase(13.0, 7))) ** 2
    chop = band(noise(rng, 7, 1.2), 40, 900) * beat
    whine = band(noise(rng, 7, 0.6), 300, 4000) * (0.5 + 0.5 * beat)
    return (unit(chop) + 0.25 * unit(whine)) * (0.7 + 0.3 * slow(rng, 7, 1))


def propeller(rng: Rng) -> Wave:
    """A small propeller aircraft passing: a drone that swells and sinks in pitch."""
    t = clock(8)
    bend = 1 - 0.10 * np.tanh((t - 4) / 1.2)
    drone = harmonics(82 * bend, 8, [1, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.4, 0.3, 0.3, 0.2, 0.2, 0.1, 0.1])
    beat = 1 + 0.3 * np.sin(phase(82 * bend / 3, 8))
    return (drone * beat + unit(band(noise(rng, 8, 1), 100, 2500))) * (0.15 + 0.85 * np.exp(-(((t - 4) / 2.2) ** 2)))


def clock_ticking(rng: Rng) -> Wave:
    """A mechanical clock: tick and tock, twice a second."""

    def tick(hz: float) -> Wave:
        click = band(noise(rng, 0.03), 1500, 12000) * dying(0.03, 0.012, 2e-4)
        return unit(click) + 0.5 * ringing(0.03, [(hz, 1, 0.02), (2.3 * hz, 0.6, 0.015)], 2e-4)

    return lay(8, [(0.1 + 0.5 * i, tick(2600 if i % 2 else 3100)) for i in range(16)]) + 0.0005 * noise(rng, 8, 1)


def heartbeat(rng: Rng) -> Wave:
    """A heart through a stethoscope: lub-dub at seventy a minute."""

    def thump(hz: float, length: float) -> Wave:
        return (
            sine(hz * (1 + 0.4 * dying(length, 0.1)), length) + 0.3 * unit(band(noise(rng, length, 2), 30, 150))
        ) * np.hanning(len(clock(length)))

    return lay(
        8,
        [
            (at + d, w)
            for at in np.arange(0.2, 7.5, 0.857)
            for d, w in ((0, thump(48, 0.14)), (0.3, 0.7 * thump(62, 0.1)))
        ],
    )


def steam(rng: Rng) -> Wave:
    """Steam let off by a valve."""
    return band(noise(rng, 4), 2500, 14000) * np.minimum(fade(4, 0.05, 1.5), 0.7 + 0.3 * slow(rng, 4, 15))


def spray(rng: Rng) -> Wave:
    """Three bursts of a spray can."""
    return lay(3, [(at, band(noise(rng, 0.5), 4000, 16000) * fade(0.5, 0.02, 0.06)) for at in (0.2, 1.1, 2.0)])


def white_noise(rng: Rng) -> Wave:
    return noise(rng, 5)


def pink_noise(rng: Rng) -> Wave:
    return noise(rng, 5, 1)


def mains_hum(rng: Rng) -> Wave:
    """A badly earthed amplifier: 50 Hz and its harmonics."""
    return harmonics(50, 5, [1, 0.8, 0.4, 0.5, 0.2, 0.3, 0.1, 0.2, 0.1, 0.1]) + 0.01 * noise(rng, 5)


def vacuum_cleaner(rng: Rng) -> Wave:
    """A motor's whine in a rush of air, run up and switched off."""
    t = clock(7)
    speed = np.clip(t / 0.8, 0, 1) * np.clip((7 - t) / 1.2, 0, 1) ** 0.5
    air = unit(band(noise(rng, 7, 0.6), 150, 9000))
    motor = harmonics(235 * (0.2 + 0.8 * speed), 7, [1, 0.5, 0.4, 0.7, 0.3, 0.2, 0.3, 0.1, 0.1, 0.2])
    return (air + 0.10 * motor) * speed


def typing(rng: Rng) -> Wave:
    """Fingers on a computer keyboard: a press and a lighter release for each key."""
    parts, at = [], 0.1
    while at < 5.7:
        hz = float(rng.uniform(1800, 3200))
        press = band(noise(rng, 0.025), 900, 9000) * dying(0.025, 0.016, 3e-4) + 0.6 * ringing(
            0.025, [(hz, 1, 0.02), (280, 1.2, 0.03)]
        )
        parts.append((at, press * rng.uniform(0.6, 1)))
        parts.append(
            (at + rng.uniform(0.05, 0.08), 0.3 * band(noise(rng, 0.012), 2500, 11000) * dying(0.012, 0.009, 3e-4))
        )
        at += float(rng.choice([0.09, 0.12, 0.16, 0.4], p=[0.35, 0.35, 0.2, 0.1]) * rng.uniform(0.85, 1.15))
    return room(rng, lay(6, parts), 0.15, 0.15)


def camera(rng: Rng) -> Wave:
    """A camera's shutter: mirror up, curtain, mirror down, three pictures."""

    def clack(low: float, t60: float) -> Wave:
        return band(noise(rng, 0.05), low, 9000) * dying(0.05, t60, 2e-4)

    return room(
        rng,
        lay(
            3,
            [
                (at + d, g * clack(f, t))
                for at in (0.2, 1.1, 2.0)
                for d, g, f, t in ((0, 0.8, 500, 0.03), (0.035, 0.5, 2000, 0.02), (0.09, 1, 700, 0.04))
            ],
        ),
        0.15,
        0.2,
    )


def knocking(rng: Rng) -> Wave:
    """Knuckles on a wooden door: three knocks, a pause, three knocks."""

    def knock() -> Wave:
        wood = ringing(
            0.2, [(145, 1, 0.13), (265, 0.9, 0.1), (410, 0.6, 0.08), (680, 0.4, 0.05), (1150, 0.25, 0.03)], 5e-4
        )
        return unit(wood) + 0.4 * unit(band(noise(rng, 0.2), 300, 3500)) * dying(0.2, 0.02, 2e-4)

    return room(
        rng,
        lay(3.2, [(at + 0.17 * i, knock() * rng.uniform(0.8, 1)) for at in (0.2, 1.6) for i in range(3)]),
        0.35,
        0.3,
    )


def hammer(rng: Rng) -> Wave:
    """A hammer on an anvil, five blows."""
    blow = ringing(0.7, [(1180, 1, 0.5), (2710, 0.8, 0.4), (4350, 0.6, 0.3), (6900, 0.4, 0.2)]) + unit(
        band(noise(rng, 0.7), 500, 9000)
    ) * dying(0.7, 0.02, 1e-4)
    return room(rng, repeated(3.5, 0.65, blow, 0.2), 0.5, 0.2)


def glass_ping(rng: Rng) -> Wave:
    """A wine glass tapped with a spoon."""
    return ringing(2.5, [(1830, 1, 2.4), (4270, 0.5, 1.2), (7350, 0.25, 0.6), (1838, 0.4, 2.2)])


def breaking_glass(rng: Rng) -> Wave:
    """A pane breaks: a blow, then hundreds of ringing splinters."""
    splinters = [
        (
            0.15 + abs(rng.normal(0, 0.22)),
            ringing(
                0.25,
                [
                    (float(rng.uniform(2500, 12000)), 1, float(rng.uniform(0.05, 0.3))),
                    (float(rng.uniform(4000, 14000)), 0.7, 0.1),
                ],
                2e-4,
            )
            * min(3.0, rng.pareto(1.8)),
        )
        for _ in range(160)
    ]
    blow = band(noise(rng, 0.3), 300, 12000) * dying(0.3, 0.15, 2e-4)
    return room(rng, lay(2, [*splinters, (0.13, 2.5 * unit(blow))]), 0.4, 0.15)


def laser(rng: Rng) -> Wave:
    """A science-fiction ray gun: four tones that fall from 3 kHz to 200 Hz."""
    t = clock(0.35)
    shot = harmonics(200 + 2800 * np.exp(-t / 0.07), 0.35, [1, 0.4, 0.3, 0.1]) * dying(0.35, 0.5)
    return repeated(2.4, 0.55, shot, 0.1)


def explosion(rng: Rng) -> Wave:
    """A blast with a long low tail."""
    blast = np.tanh(4 * unit(band(noise(rng, 5, 1.3), 25, 3000) * dying(5, 2.2, 0.003)))
    rumble = band(noise(rng, 5, 2), 20, 200) * dying(5, 6, 0.05)
    return room(rng, lay(5.2, [(0.2, blast + 0.8 * unit(rumble))]), 1.5, 0.5)


def whoosh(rng: Rng) -> Wave:
    """Something quick passes close by."""
    t = clock(1.2)
    near = np.exp(-(((t - 0.55) / 0.18) ** 2))
    return swept_band(noise(rng, 1.2), 400 + 2600 * near, 1.5) * near


def sonar(rng: Rng) -> Wave:
    """A submarine's ping with its echo."""
    ping = sine(1480, 0.25) * fade(0.25, 0.01, 0.08)
    return room(rng, lay(6, [(0.3, ping), (1.5, 0.15 * ping), (3.3, ping), (4.5, 0.15 * ping)]), 2.5, 0.9)


def _strokes(rng: Rng, rate_hz: Wave | float, seconds: float, roughness: float) -> Wave:
    """An internal combustion engine: a muffled pulse a stroke, each a little different."""
    turn = phase(rate_hz, seconds) / (2 * np.pi)
    strength = 1 + roughness * rng.standard_normal(int(turn[-1]) + 2)
    pulse = (0.5 + 0.5 * np.cos(2 * np.pi * turn)) ** 3 * strength[turn.astype(np.int64)]
    body = band(pulse * noise(rng, seconds, 1.6), 35, 600) + 0.8 * band(pulse, 30, 300)
    body += 0.25 * band((0.4 + pulse) * noise(rng, seconds, 0.8), 500, 3500)
    return unit(body)
