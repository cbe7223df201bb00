"""Some eighty sounds made of arithmetic, each named for what it is, to try a library with and to test one.

Nothing was recorded: they are imitations, and how convincing each is was measured with an audio tagger (see
tests/engine/synthesis/test_sounds.py). `SEARCHES` are the queries that find theirs, as measured.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import UsageError
from engine.files import whole
from engine.records import Audio
from engine.synthesis import machines, music, nature, signals
from engine.synthesis.waves import RATE_HZ, Wave, band, fade, lay, noise, unit
from engine.tasks import Ticket

PEAK = 0.7
Maker = Callable[[np.random.Generator], Wave]


@dataclass(frozen=True)
class MadeSound:
    """One made sound. name: also its file's; description: what it imitates and how it is made, in a sentence or two."""

    name: str
    description: str
    audio: Audio


def _within(seconds: float, bed: Maker, event: Maker, at_s: float, bed_gain: float) -> Maker:
    """A long sound: a quiet bed, and one event somewhere inside."""

    def make(rng: np.random.Generator) -> Wave:
        piece = bed(rng)
        length = len(piece) / RATE_HZ
        ramp = min(1.0, length / 4)
        tile = piece * fade(length, ramp, ramp)
        tiles = lay(seconds, [(at, tile) for at in np.arange(-0.0, seconds, length - ramp)])
        return lay(seconds, [(0, bed_gain * unit(tiles)), (at_s, unit(event(rng)))])

    return make


def _quiet_room(rng: np.random.Generator) -> Wave:
    return band(noise(rng, 8, 1.5), 60, 3000)


# name → (maker, description). Descriptions of short makers are their docstrings.
CATALOGUE: tuple[tuple[str, Maker, str], ...] = (
    ("police siren wail", signals.wail_siren, ""),
    ("siren yelp", signals.yelp_siren, ""),
    ("two-tone siren", signals.two_tone_siren, ""),
    ("air raid siren", signals.air_raid_siren, ""),
    ("sine tone 1 kHz", signals.sine_tone, "A sine of 1 kHz."),
    ("beeps", signals.beeps, "Short beeps of 1 kHz, two a second."),
    ("telephone dial tone", signals.dial_tone, ""),
    ("telephone busy signal", signals.busy_tone, ""),
    ("telephone dialling", signals.dialling, ""),
    ("telephone bell ringing", signals.telephone_bell, ""),
    ("ringtone", signals.ringtone, ""),
    ("alarm clock", signals.alarm_clock, ""),
    ("smoke detector", signals.smoke_detector, ""),
    ("reversing beeps", signals.reversing_beeps, ""),
    ("car horn", signals.car_horn, ""),
    ("train horn", signals.train_horn, ""),
    ("foghorn", signals.foghorn, ""),
    ("buzzer", signals.buzzer, ""),
    ("car alarm", signals.car_alarm, ""),
    ("doorbell", signals.doorbell, ""),
    ("bicycle bell", signals.bicycle_bell, ""),
    ("morse code", signals.telegraph, ""),
    ("radio static", signals.radio_static, ""),
    ("rain", nature.rain, ""),
    ("rain on a tin roof", nature.rain_on_roof, ""),
    ("howling wind", nature.wind, ""),
    ("ocean waves", nature.ocean, ""),
    ("stream", nature.stream, ""),
    ("dripping tap", nature.dripping, ""),
    ("thunder", nature.thunder, ""),
    ("fire crackling", nature.fire, ""),
    ("cricket", nature.cricket, ""),
    ("bird chirping", nature.bird, ""),
    ("dog-like barking", nature.bark, ""),
    ("rattlesnake rattle", nature.rattle, ""),
    ("motorboat", machines.motorboat, ""),
    ("engine idling", machines.idling_engine, ""),
    ("helicopter", machines.helicopter, ""),
    ("propeller aircraft", machines.propeller, ""),
    ("clock ticking", machines.clock_ticking, ""),
    ("heartbeat", machines.heartbeat, ""),
    ("steam hiss", machines.steam, ""),
    ("spray can", machines.spray, ""),
    ("white noise", machines.white_noise, "Gaussian white noise."),
    ("pink noise", machines.pink_noise, "Gaussian noise whose power falls as 1/f."),
    ("mains hum", machines.mains_hum, ""),
    ("vacuum cleaner", machines.vacuum_cleaner, ""),
    ("computer keyboard typing", machines.typing, ""),
    ("camera shutter", machines.camera, ""),
    ("knocking on a door", machines.knocking, ""),
    ("hammer on an anvil", machines.hammer, ""),
    ("glass ping", machines.glass_ping, ""),
    ("breaking glass", machines.breaking_glass, ""),
    ("laser zap", machines.laser, ""),
    ("explosion", machines.explosion, ""),
    ("whoosh", machines.whoosh, ""),
    ("sonar ping", machines.sonar, ""),
    ("bass drum", music.kick, ""),
    ("snare drum", music.snare, ""),
    ("hi-hat", music.hihat, ""),
    ("crash cymbal", music.cymbal, ""),
    ("drum beat", music.drum_beat, ""),
    ("tom roll", music.tom_roll, ""),
    ("acoustic guitar chords", music.guitar, ""),
    ("plucked string", music.single_string, ""),
    ("harp glissando", music.harp, ""),
    ("organ chord", music.organ, ""),
    ("bass synthesizer", music.bass_synth, ""),
    ("synthesizer arpeggio", music.arpeggio, ""),
    ("synthesizer pad", music.synth_pad, ""),
    ("flute melody", music.flute, ""),
    ("violin melody", music.violin, ""),
    ("trumpet fanfare", music.trumpet, ""),
    ("whistled tune", music.whistling, ""),
    ("church bell", music.church_bell, ""),
    ("hand bell", music.hand_bell, ""),
    ("wind chimes", music.wind_chimes, ""),
    ("music box", music.music_box, ""),
    ("marimba", music.marimba, ""),
    ("theremin", music.theremin, ""),
    ("sine sweep", music.sweep, ""),
    (
        "quiet room with a telephone ringing",
        _within(20, _quiet_room, signals.telephone_bell, 9.0, 0.01),
        "Twenty seconds of a nearly silent room; an old telephone rings from the ninth second.",
    ),
    (
        "wind with a church bell",
        _within(22, nature.wind, music.church_bell, 11.0, 0.12),
        "Twenty-two seconds of soft wind; a church bell is struck from the eleventh second.",
    ),
    (
        "rain with thunder",
        _within(20, nature.rain, nature.thunder, 8.0, 0.12),
        "Twenty seconds of rain; thunder rolls from the eighth second.",
    ),
)


# Queries and the sounds that answer them. With the tag bridge (YAMNet, MiniLM) one of these is among the first three of
# the whole catalogue at seed 0; most are first. The test measures it again.
SEARCHES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("a police siren", ("police siren wail", "siren yelp")),
    ("rain falling", ("rain", "rain on a tin roof", "rain with thunder")),
    ("waves on a beach", ("ocean waves",)),
    ("a telephone dial tone", ("telephone dial tone",)),
    ("a busy telephone line", ("telephone busy signal",)),
    ("a smoke alarm", ("smoke detector",)),
    ("a car horn", ("car horn",)),
    ("beeping", ("beeps", "sine tone 1 kHz", "reversing beeps")),
    ("a beating heart", ("heartbeat",)),
    ("a cricket chirping", ("cricket",)),
    ("a bird chirping", ("bird chirping",)),
    ("a rattlesnake", ("rattlesnake rattle",)),
    ("a clock ticking", ("clock ticking",)),
    ("a helicopter", ("helicopter",)),
    ("steam hissing", ("steam hiss",)),
    ("a spray can", ("spray can",)),
    ("knocking on a door", ("knocking on a door",)),
    ("sonar", ("sonar ping",)),
    ("somebody whistling", ("whistled tune",)),
    ("a flute", ("flute melody",)),
    ("a trumpet", ("trumpet fanfare",)),
    ("a drum beat", ("drum beat",)),
    ("thunder", ("thunder", "rain with thunder")),
    ("a church bell", ("church bell", "wind with a church bell")),
)


def make_sounds(seed: int = 0, names: tuple[str, ...] = ()) -> list[MadeSound]:
    """Make all sounds, or those named, in the catalogue's order: mono float32 at 44.1 kHz, peaks at 0.7.

    Same seed, same samples; a sound does not depend on which others are made with it. Raises UsageError for a name that
    is not in the catalogue.
    """
    if strange := set(names) - {name for name, _, _ in CATALOGUE}:
        raise UsageError(f"No made sound is called {', '.join(sorted(strange))}.")
    return [_made(seed, index) for index, (name, _, _) in enumerate(CATALOGUE) if not names or name in names]


def write_library(folder: Path, ticket: Ticket | None = None, seed: int = 0) -> list[Path]:
    """Write every sound as a 16-bit wav named after it into folder, and return the paths.

    A file that is there already is kept, so that a cancelled run goes on where it stopped. Each file appears whole or
    not at all. Raises Cancelled, OSError.
    """
    import soundfile

    ticket = ticket or Ticket()
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index, (name, _, _) in enumerate(CATALOGUE):
        ticket.report(index, len(CATALOGUE), name, "sounds")
        path = folder / f"{name}.wav"
        paths.append(path)
        if path.exists():
            continue
        sound = _made(seed, index)
        with whole(path) as out:
            soundfile.write(out.fileno(), sound.audio.samples, RATE_HZ, format="WAV", subtype="PCM_16", closefd=False)
    ticket.report(len(CATALOGUE), len(CATALOGUE), "", "sounds")
    return paths


def _made(seed: int, index: int) -> MadeSound:
    name, maker, description = CATALOGUE[index]
    wave = maker(np.random.default_rng([seed, zlib.crc32(name.encode())]))
    edge = fade(len(wave) / RATE_HZ, 0.002, 0.01)[: len(wave)]
    samples = unit(wave * np.pad(edge, (0, len(wave) - len(edge))), PEAK).astype(np.float32)
    words = description or " ".join((maker.__doc__ or name).split())
    return MadeSound(name, words, Audio(samples, RATE_HZ))
