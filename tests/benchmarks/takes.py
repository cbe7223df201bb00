"""Which takes are refused: two voices in one take, no speech, and noise. What stands behind the constants of voices/takes.py.

    python tests/benchmarks/takes.py [--encoder NAME] [shared data folder]

Two voices: every third speaker of the cohort, the same speaker's speech against mixtures with another one; asterisk-8k as other
recordings of one voice. No speech: what Silero takes for at least a second of speech, by YAMNet's class Speech. Noise: white
noise under clean speech, and the similarity of the noisy take to the centroid of the clean rest.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from measuring import SHARED, chosen_encoder

from engine.audio import files
from engine.encoders.models import Models
from engine.encoders.protocols import VoiceEncoder
from engine.records import Audio, FloatArray
from engine.voices.identification import MIN_SPEECH_S, centroid
from engine.voices.mixtures import groups_apart, windows
from engine.voices.takes import judge, net_speech, sample_parts, speech_probability
from engine.weights import Weights

RATE_HZ = 16_000
LIMITS = {"GE2E d-vector": (0.65, 0.70, 0.72, 0.75)}
OTHERS = (0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50)


def main(encoder: VoiceEncoder, shared: Path) -> None:
    models = Models(Weights(), "cpu")
    detector, tagger, limits = models.speech(), models.sound(), LIMITS.get(encoder.spec.name, OTHERS)
    cohort = [files.read(path, RATE_HZ) for path in sorted((shared / "speech" / "librispeech-cohort").glob("*.ogg"))[::3]]
    speech = [level(net_speech(audio, detector.spans(audio)).samples) for audio in cohort]
    speech = [one for one in speech if len(one) > 6 * RATE_HZ]

    def apart(wave: FloatArray) -> float:
        cut = windows(Audio(wave, RATE_HZ))
        return groups_apart(np.array([e.vector for e in encoder.embed_many(cut)]))[0] if cut else 1.0

    def row(name: str, waves: list[FloatArray]) -> None:
        found = np.array([apart(wave) for wave in waves])
        print(f"| {name} | {len(found)} | " + " | ".join(f"{(found < limit).mean():.2f}" for limit in limits) +
              f" | {np.percentile(found, 1):.2f} | {np.percentile(found, 50):.2f} |")

    print("| take | n | " + " | ".join(f"< {limit}" for limit in limits) + " | p1 | p50 |")
    print("|---|---|" + "---|" * (len(limits) + 2))
    row("one voice, all of it", speech)
    row("one voice, 6 s", [one[:6 * RATE_HZ] for one in speech])
    others = [speech[(k + len(speech) // 2) % len(speech)] for k in range(len(speech))]
    pairs = list(zip(speech, others, strict=True))
    for own, other in ((6, 6), (4, 2), (3, 3)):
        row(f"{own} s, then {other} s of another", [
            np.concatenate([a[:own * RATE_HZ], b[:other * RATE_HZ]]) for a, b in pairs])
    turn = 2 * RATE_HZ
    row("turns of 2 s", [np.concatenate([one[k * turn:(k + 1) * turn] for k in range(3) for one in pair]) for pair in pairs])
    for db in (0, -6):
        row(f"both at once, {db} dB", [a + np.float32(10 ** (db / 20)) * np.resize(b, len(a)) for a, b in pairs])
    prompts = []
    for folder in sorted((shared / "speech" / "asterisk-8k").iterdir()):
        read = [files.read(path, RATE_HZ) for path in sorted(folder.rglob("*.*"))[:240]] if folder.is_dir() else []
        for start in range(0, len(read), 8):
            prompts.append(level(np.concatenate([one.samples for one in read[start:start + 8]])))
    row("eight prompts of one voice, 8 kHz", prompts)

    print("\n| recordings | n | with 1 s of speech | P(Speech) p1 | p5 | p50 | p95 | p99 |\n|---|---|---|---|---|---|---|---|")
    for name, paths in (("cohort", None), *((folder, sorted((shared / "sounds" / folder).rglob("*.*"))) for folder in (
            "esc10", "games", "gm-instruments", "sonic-pi", "tuxpaint", "blanket"))):
        values, n = [], 0
        for one in cohort if paths is None else paths:
            if not isinstance(one, Audio):
                if one.suffix.lower() not in files.SUFFIXES:
                    continue
                one = files.read(one, RATE_HZ, duration_s=60)
            n += 1
            found = net_speech(one, detector.spans(one))
            if found.duration_s >= MIN_SPEECH_S:
                values.append(speech_probability(found, tagger))
        figures = [f"{np.percentile(values, p):.3f}" for p in (1, 5, 50, 95, 99)] if values else ["–"] * 5
        print(f"| {name} | {n} | {len(values)} | " + " | ".join(figures) + " |")

    print("\n| white noise, dB below | snr_db p50 | similarity p5 | p50 | speech found |\n|---|---|---|---|---|")
    rng = np.random.default_rng(0)
    clean = [(one, centroid(np.array([e.vector for e in encoder.embed_many(sample_parts(Audio(one[len(one) // 2:], RATE_HZ)))])))
             for one in (level(audio.samples) for audio in cohort[:50])]
    for db in (None, 30, 20, 15, 10, 5, 0):
        snrs, likeness, enough = [], [], 0
        for wave, own in clean:
            half = wave[:len(wave) // 2]
            noise = rng.normal(0, 0.05 * 10 ** (-(db or 0) / 20), len(half)).astype(np.float32)
            audio = Audio(half if db is None else half + noise, RATE_HZ)
            quality = judge(audio, detector)
            if quality.speech_s < MIN_SPEECH_S or quality.snr_db is None:
                continue
            enough += 1
            snrs.append(quality.snr_db)
            likeness.append(float(encoder.embed(net_speech(audio, quality.spans)).vector @ own))
        print(f"| {'none' if db is None else db} | {np.median(snrs):.1f} | {np.percentile(likeness, 5):.2f} | "
              f"{np.median(likeness):.2f} | {enough} of {len(clean)} |")


def level(wave: FloatArray) -> FloatArray:
    """At −26 dBFS."""
    return np.asarray(wave * (0.05 / (np.sqrt(np.mean(np.square(wave, dtype=np.float64))) + 1e-9)), np.float32)


if __name__ == "__main__":
    main(chosen_encoder(), Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED)
