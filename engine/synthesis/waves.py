"""Small parts that made sounds are built from: tones, noises, filters, envelopes, and laying them along time.

Waves are float64 (samples,) at RATE_HZ, not levelled; times in seconds, frequencies in hertz.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 44_100

Wave = NDArray[np.float64]


def clock(seconds: float) -> Wave:
    """The time of every sample: 0, 1/44100 …"""
    return np.arange(round(seconds * RATE_HZ)) / RATE_HZ


def phase(hz: Wave | float, seconds: float) -> Wave:
    """The running phase in radians of an oscillator whose frequency may change with every sample."""
    return 2 * np.pi * np.cumsum(np.broadcast_to(hz, len(clock(seconds)))) / RATE_HZ


def sine(hz: Wave | float, seconds: float) -> Wave:
    return np.sin(phase(hz, seconds))


def harmonics(hz: Wave | float, seconds: float, gains: Sequence[float]) -> Wave:
    """A sum of harmonics 1, 2, 3 … with these gains; those above 18 kHz are left out, so nothing aliases."""
    turn, top = phase(hz, seconds), float(np.max(hz))
    double, before, now = 2 * np.cos(turn), np.zeros_like(turn), np.sin(turn)
    out = np.zeros_like(turn)
    for n, gain in enumerate(gains, start=1):
        if n * top >= 18_000:
            break
        if gain:
            out += gain * now
        before, now = now, double * now - before  # sin((n + 1)x) = 2 cos x · sin nx − sin((n − 1)x)
    return out


def saw(hz: Wave | float, seconds: float, partials: int = 30) -> Wave:
    """A band-limited sawtooth: harmonics falling as 1/n."""
    return harmonics(hz, seconds, [1 / n for n in range(1, partials + 1)])


def square(hz: Wave | float, seconds: float, partials: int = 30) -> Wave:
    """A band-limited square wave: odd harmonics falling as 1/n."""
    return harmonics(hz, seconds, [1 / n if n % 2 else 0.0 for n in range(1, partials + 1)])


def noise(rng: np.random.Generator, seconds: float, slope: float = 0.0) -> Wave:
    """Gaussian noise whose power falls as 1/f^slope (0 white, 1 pink, 2 brown), RMS 1."""
    n = len(clock(seconds))
    white = rng.standard_normal(n)
    if slope == 0:
        return white
    spectrum = np.fft.rfft(white)
    hz = np.maximum(np.fft.rfftfreq(n, 1 / RATE_HZ), 20.0)
    shaped = np.fft.irfft(spectrum * hz ** (-slope / 2), n)
    return shaped / np.sqrt((shaped**2).mean())


def band(wave: Wave, low_hz: float | None, high_hz: float | None, order: int = 2) -> Wave:
    """Keep what lies between two frequencies (None: no edge on that side); Butterworth, causal."""
    from scipy.signal import butter, sosfilt

    if low_hz and high_hz:
        sos = butter(order, (low_hz, high_hz), "bandpass", fs=RATE_HZ, output="sos")
    elif low_hz:
        sos = butter(order, low_hz, "highpass", fs=RATE_HZ, output="sos")
    else:
        sos = butter(order, high_hz, "lowpass", fs=RATE_HZ, output="sos")
    return np.asarray(sosfilt(sos, wave))


def swept_band(wave: Wave, centre_hz: Wave, quality: float) -> Wave:
    """A resonance that wanders: a two-pole band-pass whose centre changes every 64 samples."""
    from scipy.signal import lfilter

    out, state = np.empty_like(wave), np.zeros(2)
    for start in range(0, len(wave), 64):
        omega = 2 * np.pi * float(centre_hz[start]) / RATE_HZ
        alpha = np.sin(omega) / (2 * quality)
        b = np.array([alpha, 0.0, -alpha]) / (1 + alpha)
        a = np.array([1 + alpha, -2 * np.cos(omega), 1 - alpha]) / (1 + alpha)
        out[start : start + 64], state = lfilter(b, a, wave[start : start + 64], zi=state)
    return out


def slow(rng: np.random.Generator, seconds: float, hz: float) -> Wave:
    """A random curve 0–1 that changes about `hz` times a second."""
    knots = max(4, round(seconds * hz) + 3)
    along = clock(seconds) / seconds * (knots - 1)
    step, turn = np.divmod(along, 1.0)
    heights, place = rng.random(knots), step.astype(np.int64)
    ease = 0.5 - 0.5 * np.cos(np.pi * turn)
    return heights[place] + (heights[np.minimum(place + 1, knots - 1)] - heights[place]) * ease


def fade(seconds: float, attack_s: float, release_s: float) -> Wave:
    """An envelope that rises and falls in straight lines and stays at 1 between."""
    t = clock(seconds)
    return np.clip(np.minimum(t / max(attack_s, 1e-4), (seconds - t) / max(release_s, 1e-4)), 0, 1)


def dying(seconds: float, t60_s: float, attack_s: float = 0.002) -> Wave:
    """An envelope that falls by 60 dB in t60_s after a short attack."""
    t = clock(seconds)
    return np.minimum(1, t / attack_s) * 10 ** (-3 * t / t60_s)


def ringing(seconds: float, partials: Iterable[tuple[float, float, float]], attack_s: float = 0.001) -> Wave:
    """A struck body: partials of (frequency, gain, 60 dB decay time), each dying at its own pace."""
    return np.sum([gain * sine(hz, seconds) * dying(seconds, t60, attack_s) for hz, gain, t60 in partials], axis=0)


def plucked(rng: np.random.Generator, hz: float, seconds: float, damping: float = 0.996) -> Wave:
    """A plucked string (Karplus & Strong 1983, Computer Music Journal 7): a loop of noise, averaged at each turn."""
    from scipy.signal import lfilter

    n, turn = len(clock(seconds)), round(RATE_HZ / hz - 0.5)
    burst = np.zeros(n)
    burst[:turn] = band(rng.uniform(-1, 1, turn), None, 6000)[:turn]
    loop = np.zeros(turn + 2)
    loop[0], loop[turn], loop[turn + 1] = 1, -damping / 2, -damping / 2
    return np.asarray(lfilter([1.0], loop, burst))


def lay(seconds: float, parts: Iterable[tuple[float, Wave]]) -> Wave:
    """Mix waves into one of `seconds`, each from its own start; what would stand over the end is cut."""
    out = np.zeros(len(clock(seconds)))
    for start_s, wave in parts:
        start = round(start_s * RATE_HZ)
        piece = wave[: max(0, len(out) - start)]
        out[start : start + len(piece)] += piece
    return out


def repeated(seconds: float, every_s: float, wave: Wave, start_s: float = 0.0) -> Wave:
    """The same wave again and again."""
    return lay(seconds, [(at, wave) for at in np.arange(start_s, seconds, every_s)])


def unit(wave: Wave, peak: float = 1.0) -> Wave:
    """Scale so that the highest sample is at `peak`; silence stays silence."""
    top = float(np.abs(wave).max(initial=0.0))
    return wave * (peak / top) if top else wave


def room(rng: np.random.Generator, wave: Wave, t60_s: float = 0.4, wet: float = 0.2, tail: bool = False) -> Wave:
    """Put a wave into a small room: exponentially dying noise as its echo (Moorer 1979). tail: let it ring on."""
    from scipy.signal import fftconvolve

    echo = band(rng.standard_normal(len(clock(t60_s))), 150, 6000) * dying(t60_s, t60_s)
    wetted = fftconvolve(wave, echo / np.sqrt((echo**2).sum()))
    dry = np.pad(wave, (0, len(wetted) - len(wave)))
    mixed = dry + wet * wetted
    return mixed if tail else mixed[: len(wave)]
