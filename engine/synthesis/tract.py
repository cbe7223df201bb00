"""From control tracks to a wave: a glottis, a vocal tract, and noise — the source–filter model.

The tone is the derivative of the KLGLOTT88 glottal flow (Klatt & Klatt 1990, J. Acoust. Soc. Am. 87), made at four
times the rate and decimated, so that its closing edge does not alias. It runs through a cascade of five digital
resonators, frication through a band of its own beside it (Klatt 1980, figure 2). Filters change every 5 ms.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.synthesis.prosody import FRAME_S, Tracks

RATE_HZ = 16_000
FRAME = round(FRAME_S * RATE_HZ)
OVERSAMPLING = 4
F4_HZ, F5_HZ = 3500.0, 4500.0  # the neutral tube's fourth and fifth resonances
BANDWIDTHS_HZ = (60.0, 90.0, 150.0, 200.0, 300.0)  # Klatt 1980, table I and II, middle values

Wave = NDArray[np.float64]


def glottis(
    rng: np.random.Generator, f0_hz: Wave, *, open_quotient: float, jitter: float, shimmer: float
) -> tuple[Wave, Wave]:
    """Return (tone, opening), each float64 (samples,) at RATE_HZ.

    f0_hz: one value a sample. open_quotient: share of a period the glottis is open. jitter, shimmer: standard deviation
    of the length and the height of single periods, as shares. opening: 0–1, how open the glottis is (it gates breath).
    """
    from scipy.signal import resample_poly

    fine = np.repeat(f0_hz, OVERSAMPLING) / (RATE_HZ * OVERSAMPLING)
    periods = int(fine.sum()) + 2
    lengths = 1 + jitter * rng.standard_normal(periods)
    heights = 1 + shimmer * rng.standard_normal(periods)
    phase = np.cumsum(fine)
    turn = phase.astype(np.int64)
    phase = np.cumsum(fine * lengths[turn])
    turn = np.minimum(phase.astype(np.int64), periods - 1)
    x = np.minimum((phase % 1.0) / open_quotient, 1.0)
    tone = (2 * x - 3 * x * x) * (x < 1) * heights[turn]
    flow = 6.75 * x * x * (1 - x)
    return resample_poly(tone, 1, OVERSAMPLING), np.maximum(resample_poly(flow, 1, OVERSAMPLING), 0)


def resonators(formants_hz: NDArray[np.float64], widths_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sections (frames, formants, 6) of unit gain at 0 Hz: y = A·x + B·y₋₁ + C·y₋₂ (Klatt 1980, equations 1 and 2)."""
    c = -np.exp(-2 * np.pi * widths_hz / RATE_HZ)
    b = 2 * np.exp(-np.pi * widths_hz / RATE_HZ) * np.cos(2 * np.pi * formants_hz / RATE_HZ)
    zeros, ones = np.zeros_like(b), np.ones_like(b)
    return np.stack([1 - b - c, zeros, zeros, ones, -b, -c], axis=-1)


def bands(centre_hz: Wave, width_hz: Wave) -> NDArray[np.float64]:
    """Band-pass sections (frames, 1, 6) of unit gain at the centre (Bristow-Johnson's cookbook, BPF with 0 dB peak)."""
    omega = 2 * np.pi * np.clip(centre_hz, 100, 0.45 * RATE_HZ) / RATE_HZ
    alpha = np.sin(omega) * width_hz / np.maximum(centre_hz, 100) / 2
    a0 = 1 + alpha
    rows = [alpha / a0, np.zeros_like(a0), -alpha / a0, np.ones_like(a0), -2 * np.cos(omega) / a0, (1 - alpha) / a0]
    return np.stack(rows, axis=-1)[:, None, :]


def filtered(wave: Wave, sections: NDArray[np.float64]) -> Wave:
    """Run wave (frames · FRAME,) through sections (frames, n, 6) that change with the frames.

    Overlapping windows are filtered each with the sections at its middle and added up again (Allen & Rabiner 1977,
    Proc. IEEE 65): what a slowly changing filter does, without a loop over samples.
    """
    hop, length, size = 2 * FRAME, 8 * FRAME, 1024  # 5 ms, 20 ms; 64 ms leave room for the resonators to ring out
    frames = len(wave) // FRAME
    window = np.hanning(length + 1)[:-1] / 2  # periodic; at a quarter's hop its sum is 2
    padded = np.pad(wave, (length, length + size))
    starts = np.arange(0, len(wave) + length, hop)
    middles = np.clip((starts - length // 2) // FRAME, 0, frames - 1)
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)  # (bins,)
    out = np.zeros(len(padded) + size)
    for first in range(0, len(starts), 1000):  # a thousand windows at a time: bounded memory
        some, chosen = starts[first : first + 1000], sections[middles[first : first + 1000]]
        spectra = np.fft.rfft(padded[some[:, None] + np.arange(length)] * window, size)
        for section in range(sections.shape[1]):
            b0, b1, b2, _, a1, a2 = chosen[:, section, :, None].transpose(1, 0, 2)  # each (windows, 1)
            spectra *= b0 + (b1 + b2 * z) * z if b1.any() or b2.any() else b0
            spectra /= 1 + (a1 + a2 * z) * z
        for start, piece in zip(some, np.fft.irfft(spectra, size), strict=True):
            out[start : start + size] += piece
    return out[length : length + len(wave)]


def tilted(wave: Wave, tilt_db: float) -> Wave:
    """Damp high partials by tilt_db at 3 kHz with one pole of unit gain at 0 Hz (the TL of Klatt & Klatt 1990)."""
    from scipy.signal import lfilter

    if tilt_db <= 0:
        return wave
    omega, power = 2 * np.pi * 3000 / RATE_HZ, 10 ** (tilt_db / 10)
    # |1 − a|² · power = |1 − a·e^{−jω}|²: a² (1 − power) + a (2·power − 2·cos ω) + 1 − power = 0
    pole = min(
        root.real for root in np.roots([1 - power, 2 * power - 2 * np.cos(omega), 1 - power]) if 0 <= root.real < 1
    )
    return np.asarray(lfilter([1 - pole], [1, -pole], wave))


def render(
    rng: np.random.Generator,
    control: Tracks,
    *,
    f0_hz: float,
    formant_scale: NDArray[np.float64],
    bandwidth_scale: float,
    open_quotient: float,
    tilt_db: float,
    breath: float,
    jitter: float,
    shimmer: float,
    nasality: float,
) -> Wave:
    """Return the wave, float64 (frames · FRAME,), not yet levelled. formant_scale: (5,) factors on F1 to F5."""
    frames = len(control.pitch)
    spread = lambda track: np.interp(np.arange(frames * FRAME), (np.arange(frames) + 0.5) * FRAME, track)  # noqa: E731
    wander = np.convolve(rng.standard_normal(frames + 80), np.hanning(81) / np.hanning(81).sum(), "valid") * 1.2
    pitch_hz = f0_hz * 2 ** ((spread(control.pitch) + spread(wander)) / 12)
    tone, opening = glottis(rng, pitch_hz, open_quotient=open_quotient, jitter=jitter, shimmer=shimmer)
    tone = tilted(tone, tilt_db)
    hiss = rng.standard_normal(frames * FRAME)
    voicing = spread(control.voicing)
    source = voicing * (tone + breath * 0.25 * hiss * opening) + 0.12 * spread(control.aspiration) * hiss
    higher = np.broadcast_to([F4_HZ, F5_HZ], (frames, 2))
    formants = np.minimum(np.concatenate([control.formants_hz, higher], axis=1) * formant_scale, 0.47 * RATE_HZ)
    widths = np.broadcast_to(np.array(BANDWIDTHS_HZ) * bandwidth_scale, formants.shape)
    throat = filtered(source, resonators(formants, widths))
    if nasality:
        nose = np.broadcast_to([270.0 * formant_scale[0]], (frames, 1))
        throat = throat + nasality * filtered(source, resonators(nose, np.full((frames, 1), 100.0)))
    rasp = filtered(
        rng.standard_normal(frames * FRAME), bands(control.noise_hz * formant_scale[3], control.noise_width_hz)
    )
    return throat + 1.6 * spread(control.noise) * rasp
