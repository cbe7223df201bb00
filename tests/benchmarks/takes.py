"""Which takes are refused: two voices in one take, no speech, and noise. What stands behind the constants of voices/takes.py.

    python tests/benchmarks/takes.py [--encoder NAME] [--part mixtures|speech|noise|unlike|heard|far] [shared data folder]

Two voices: every third speaker of the cohort, the same speaker's speech against mixtures with another one; asterisk-8k as other
recordings of one voice. No speech: what Silero takes for at least a second of speech, by YAMNet's class Speech. Noise: white
noise under clean speech, and the similarity of the noisy take to the centroid of the clean rest. Unlike: ten draws
of takes that are enrolled; every other take of the same people is added to them, and every take of the others (likeness.py).
Heard: how many voices speak in one file, of one reader and of two or three in turn (mixtures.py). Far: twenty draws of five takes
of one person, then with a sample of somebody else, and which samples are called far, by the least gap to the others (samples.py).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from measuring import SHARED, chosen_encoder

from engine.audio import files
from engine.audio.clean import cleaned
from engine.audio.speech import SpeechDetector
from engine.encoders.models import Models
from engine.encoders.protocols import VoiceEncoder
from engine.records import Audio, Embedding, FloatArray, Sample, Take, Voice
from engine.voices.identification import MIN_SPEECH_S, Identifier, centroid
from engine.voices.likeness import doubt
from engine.voices.limits import limits_of
from engine.voices.mixtures import groups_apart, to_count, voices_in, windows
from engine.voices.samples import check
from engine.voices.takes import Part, judge, net_speech, sample_parts, speech_probability, spoken_parts
from engine.weights import Weights

RATE_HZ = 16_000
LIMITS = {"GE2E d-vector": (0.65, 0.70, 0.72, 0.75)}
OTHERS = (0.20, 0.25, 0.30, 0.35, 0.40, 0.45, 0.50)


PARTS = ("mixtures", "speech", "noise", "unlike", "heard", "far")
DRAWS = 10
GAPS = (0.10, 0.15, 0.20, 0.25, 0.30)


def main(encoder: VoiceEncoder, shared: Path, parts: Sequence[str]) -> None:
    detector = Models(Weights(), "cpu").speech()
    cohort = [files.read(path, RATE_HZ) for path in sorted((shared / "speech" / "librispeech-cohort").glob("*.ogg"))[::3]]
    speech: list[FloatArray] = []
    if {"mixtures", "heard"} & {*parts}:
        net = (level(net_speech(audio, detector.spans(audio)).samples) for audio in cohort)
        speech = [one for one in net if len(one) > 6 * RATE_HZ]
    for part in parts:
        print(f"\n{part}, {encoder.spec.name}\n")
        if part == "mixtures":
            mixtures(encoder, shared, speech)
        elif part == "speech":
            no_speech(shared, cohort, detector)
        elif part == "noise":
            noise(encoder, cohort, detector)
        elif part == "unlike":
            unlike(encoder, shared, detector)
        elif part == "far":
            far(encoder, shared, detector)
        else:
            heard(encoder, shared, speech, detector)


def mixtures(encoder: VoiceEncoder, shared: Path, speech: list[FloatArray]) -> None:
    limits = LIMITS.get(encoder.spec.name, OTHERS)

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


def no_speech(shared: Path, cohort: list[Audio], detector: SpeechDetector) -> None:
    tagger = Models(Weights(), "cpu").sound()
    print("| recordings | n | with 1 s of speech | P(Speech) p1 | p5 | p50 | p95 | p99 |\n|---|---|---|---|---|---|---|---|")
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


def noise(encoder: VoiceEncoder, cohort: list[Audio], detector: SpeechDetector) -> None:
    print("| white noise, dB below | snr_db p50 | similarity p5 | p50 | speech found |\n|---|---|---|---|---|")
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


def unlike(encoder: VoiceEncoder, shared: Path, detector: SpeechDetector) -> None:
    limits, rng = limits_of(encoder.spec), np.random.default_rng(0)
    if limits.alike is None:
        print("Nobody measured the limit of this encoder: the rule rests.")
        return
    print("| people | takes | speech p50 | enrolled | own refused | for another voice | others let in | who are enrolled |")
    print("|---|---|---|---|---|---|---|---|")
    for name, longer in (("librispeech-10x10", False), ("vctk-4", False), ("ravdess-6", False), ("ravdess-6", True)):
        people = takes_of(encoder, shared / "speech" / name, detector, longer)
        lengths = [sum(s for _, s in take) for takes in people for take in takes]
        for count in (1, 2, 3):
            counts = np.zeros(6, int)
            for _ in range(DRAWS):
                chosen = [rng.choice(len(takes), count, replace=False) for takes in people]
                known = [[Sample(0, at, who, e, s, 0.0) for at in chosen[who] for e, s in takes[at]]
                         for who, takes in enumerate(people)]
                voices = [Voice(who, str(who), 0, "enrolled", datetime.now(UTC), count, len(known[who]), 0.0)
                          for who in range(len(people))]
                everybody = Identifier(voices, [one for samples in known for one in samples], 0.5, 0.0)
                alone = [Identifier([voice], known[voice.id], 0.5, 0.0) for voice in voices]
                for who, takes in enumerate(people):
                    for at in set(range(len(takes))) - set(chosen[who].tolist()):
                        for other, voice in enumerate(voices):
                            low, all_ = (doubt(takes[at], voice, known[other], one, limits) for one in (alone[other], everybody))
                            counts += np.array((1, low is not None, low is None and all_ is not None, 0, 0, 0) if other == who
                                               else (0, 0, 0, 1, low is None, all_ is None))
            own, others = counts[0], counts[3]
            rates = [f"{share * 100:.1f} %" for share in (*counts[1:3] / own, *counts[4:] / others)]
            print(f"| {name}{', a mood a take' if longer else ''} | {len(lengths)} | {np.median(lengths):.1f} s | {count} | "
                  + " | ".join(rates) + " |")


def takes_of(encoder: VoiceEncoder, folder: Path, detector: SpeechDetector,
             longer: bool) -> list[list[list[tuple[Embedding, float]]]]:
    """The samples of the takes of each person. longer: all of one mood (third field of the name) are one take."""
    found = []
    for person in sorted(one for one in folder.iterdir() if one.is_dir()):
        takes: dict[str, list[Part]] = {}
        for path in sorted(person.iterdir()):
            audio = cleaned(files.read(path, RATE_HZ)).audio
            parts = spoken_parts(audio, detector.spans(audio), limits_of(encoder.spec).context_s)
            if sum(part.speech_s for part in parts) >= MIN_SPEECH_S:
                takes.setdefault(path.name.split("-")[2] if longer else path.name, []).extend(parts)
        found.append([[(e, part.speech_s) for e, part in
                       zip(encoder.embed_many([part.audio for part in parts]), parts, strict=True)] for parts in takes.values()])
    return found


def far(encoder: VoiceEncoder, shared: Path, detector: SpeechDetector) -> None:
    def flagged(parts: Sequence[tuple[int, tuple[Embedding, float]]], gap: float) -> list[bool]:
        own = Sample(0, 0, 0, parts[0][1][0], 0.0, 1.0)
        group = [replace(own, id=n, take_id=take, embedding=e, speech_s=s) for n, (take, (e, s)) in enumerate(parts)]
        about = {one.take_id: Take(one.take_id, 0, "", datetime.now(UTC), 0, 0, 0, 99.0, 0, 0, None, None) for one in group}
        return ["far" in one.flags for one in check(group, about, {0: "somebody"}, replace(limits_of(encoder.spec), gap=gap))]

    print("| people | least gap | own samples far | voices with one | another's sample far |\n|---|---|---|---|---|")
    for name in ("librispeech-10x10", "vctk-4", "ravdess-6"):
        people = takes_of(encoder, shared / "speech" / name, detector, False)
        for gap in GAPS:
            rng, own, other = np.random.default_rng(1), [], []
            for _ in range(2 * DRAWS):
                for who, takes in enumerate(people):
                    chosen = [(int(at), part) for at in rng.choice(len(takes), 5, replace=False) for part in takes[at]]
                    stranger = people[(who + int(rng.integers(1, len(people)))) % len(people)]
                    part = stranger[int(rng.integers(len(stranger)))][0]
                    own.append(flagged(chosen, gap))
                    other.append(flagged([*chosen, (-1, part)], gap)[-1])
            print(f"| {name} | {gap:.2f} | {np.mean(np.concatenate(own)):.2%} | {np.mean([any(one) for one in own]):.1%} "
                  f"| {np.mean(other):.1%} |")


def heard(encoder: VoiceEncoder, shared: Path, speech: list[FloatArray], detector: SpeechDetector) -> None:
    def row(name: str, waves: list[FloatArray]) -> None:
        found = []
        for wave in waves:
            cut = to_count(Audio(wave, RATE_HZ))
            vectors = np.array([e.vector for e in encoder.embed_many(cut)])
            found.append(voices_in(vectors, limits_of(encoder.spec)))
        print(f"| {name} | {len(found)} | " + " | ".join(str(sum(one == count for one in found)) for count in (1, 2, 3, None)) +
              f" | {sum((one or 0) > 3 for one in found)} |")

    print("| one file | n | 1 voice | 2 | 3 | not told | more |\n|---|---|---|---|---|---|---|")
    row("one reader of the cohort", speech)
    others = [speech[(k + len(speech) // 2) % len(speech)] for k in range(len(speech))]
    for own, other in ((6, 6), (8, 2)):
        row(f"two of them, {own} and {other} s", [np.concatenate([a[:own * RATE_HZ], b[:other * RATE_HZ]])
                                                 for a, b in zip(speech[::3], others[::3], strict=True)])
    readers: list[FloatArray] = []
    for name in ("librispeech-10x10", "vctk-4", "ravdess-6"):
        people = []
        for person in sorted(one for one in (shared / "speech" / name).iterdir() if one.is_dir()):
            read = [files.read(path, RATE_HZ) for path in sorted(person.iterdir())]
            net = [net_speech(audio, detector.spans(audio)).samples for audio in read]
            people.append(np.concatenate([level(one) for one in net if len(one)]))
        for seconds in (10, 30, 60):
            row(f"one of {name}, {seconds} s", [one[:seconds * RATE_HZ] for one in people if len(one) >= seconds * RATE_HZ])
        readers = readers or people
    for turn_s, seconds, count in ((3, 10, 2), (5, 10, 2), (3, 30, 2), (5, 60, 2), (5, 30, 3)):
        row(f"{count} of librispeech-10x10, turns of {turn_s} s, {seconds} s", [
            in_turn([readers[(k + 3 * n) % len(readers)] for n in range(count)], turn_s, seconds) for k in range(len(readers))])


def in_turn(readers: list[FloatArray], turn_s: int, seconds: int) -> FloatArray:
    """Each speaks for turn_s, one after the other, and goes on where it stopped."""
    size = turn_s * RATE_HZ
    parts = [readers[k % len(readers)][k // len(readers) * size:][:size] for k in range(-(-seconds // turn_s))]
    return np.concatenate(parts)[:seconds * RATE_HZ]


def level(wave: FloatArray) -> FloatArray:
    """At −26 dBFS."""
    return np.asarray(wave * (0.05 / (np.sqrt(np.mean(np.square(wave, dtype=np.float64))) + 1e-9)), np.float32)


if __name__ == "__main__":
    chosen, wanted = chosen_encoder(), list(PARTS)
    if "--part" in sys.argv:
        at = sys.argv.index("--part")
        wanted = [sys.argv[at + 1]]
        del sys.argv[at:at + 2]
    main(chosen, Path(sys.argv[1]) if len(sys.argv) > 1 else SHARED, wanted)
