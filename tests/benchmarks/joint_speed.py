"""How fast sounds and words become vectors: the default encoder end to end and in parts, and a CLAP of full size.

Each row is measured in a process of its own, over sounds that are made here. Processor time is that of all cores; it is
what to compare when the machine is busy with something else. The CLAP has the configuration of clap-htsat-unfused and
random weights.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from measuring import in_child, table

from engine.audio import files
from engine.weights import Weights

FILE_S, FILES, RATE_HZ = 10, 100, 44_100
LONG_FILES = 30  # files' worth of sound in the long one
CLAP_FILES = 6
MAKE = "make"
BATCHES = (1, 4, 8, 16, 32, 64)
TEXTS = [f"the sound of {thing} {place}" for thing in ("a dog", "heavy rain", "an old clock", "a far train", "a violin", "keys",
                                                       "a crowd", "a pump") for place in (
    "in a cave", "at night", "behind a door", "from far away", "in a small room", "by the sea", "in the rain", "on a street")]


def main() -> None:
    if len(sys.argv) > 1:
        part, folder = sys.argv[1], Path(sys.argv[2])
        if part == MAKE:
            _make_sounds(folder)
            _make_clap(folder / "clap")
        else:
            print("|".join(PARTS[part](folder)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        in_child(Path(__file__).name, MAKE, scratch)  # not here: Linux counts the peak of the parent as the child's
        rows = [[name, *in_child(Path(__file__).name, name, scratch).splitlines()[-1].split("|")] for name in PARTS]
        print(table(["what", "seconds of sound (or texts) a second", "processor ms for one", "peak memory, MB"], rows))


# --- the default encoder ----------------------------------------------------------------------------------------------


def _scan(kind: str, folder: Path) -> list[str]:
    from engine.app import Earmark

    with Earmark(folder / f"workspace-{kind}") as app:
        app.models.joint().embed_texts(["warm"])
        app.library.add(folder / kind)
        return _measured(app.library.scan, lambda report: report.audio_s)


def _decoding(kind: str, folder: Path) -> list[str]:
    paths = sorted((folder / kind).iterdir())
    return _measured(lambda: [sum(map(len, files.stream(path, 16_000))) for path in paths], lambda n: sum(n) / 16_000)


def _front_end(folder: Path) -> list[str]:
    from engine.encoders.sound import YAMNetEncoder

    encoder = YAMNetEncoder(Weights(), "cpu")
    waves = [files.read(path, 16_000).samples for path in sorted((folder / "flac").iterdir())]

    def cut() -> float:
        for wave in waves:
            stream = encoder.patches()
            for _ in (*stream.push(wave), *stream.finish()):
                pass
        return sum(map(len, waves)) / 16_000

    return _measured(cut, float)


def _net(batch: int, folder: Path, torch_instead: bool = False) -> list[str]:
    import torch

    from engine.encoders.sound import PATCH_FRAMES, RATE_HZ, STEP, YAMNetEncoder, on_torch

    encoder = YAMNetEncoder(Weights(), "cpu", batch)
    patches = torch.randn(768, PATCH_FRAMES, 64)
    if torch_instead:
        net = on_torch(Weights(), torch.device("cpu"))
        work: Callable[[], Any] = lambda: [net(part) for part in torch.split(patches, batch)]  # noqa: E731
    else:
        work = partial(encoder.run, patches)
    work()
    return _measured(work, lambda _: len(patches) * STEP / RATE_HZ)


def _texts(batch: int, folder: Path) -> list[str]:
    from engine.encoders.models import Models

    models = Models(Weights(), "cpu")
    return _texts_through(models.text().embed, batch)


def _queries(folder: Path) -> list[str]:
    from engine.encoders.models import Models

    return _texts_through(Models(Weights(), "cpu").joint().embed_texts, 1)


# --- CLAP -------------------------------------------------------------------------------------------------------------


def _clap_sounds(folder: Path) -> list[str]:
    from engine.encoders.clap import ClapEncoder

    encoder = ClapEncoder(folder / "clap", "cpu")
    paths = sorted((folder / "ogg").iterdir())[:CLAP_FILES]

    def blocks() -> list[Iterator[Any]]:
        return [files.stream(path, encoder.spec.rate_hz) for path in paths]

    encoder.analyse_many(blocks()[:1])
    return _measured(lambda: encoder.analyse_many(blocks()), lambda found: sum(one.duration_s for one in found))


def _clap_texts(batch: int, folder: Path) -> list[str]:
    from engine.encoders.clap import ClapEncoder

    return _texts_through(ClapEncoder(folder / "clap", "cpu").embed_texts, batch)


# --- measuring --------------------------------------------------------------------------------------------------------


def _texts_through(embed: Callable[[list[str]], Any], batch: int) -> list[str]:
    embed(["warm"])
    portions = [TEXTS[start:start + batch] for start in range(0, len(TEXTS), batch)]
    return _measured(lambda: [embed(portion) for portion in portions], lambda _: len(TEXTS))


def _measured(work: Callable[[], Any], amount: Callable[[Any], float]) -> list[str]:
    """How much a second, processor time for one, peak memory of the process so far."""
    wall, processor = time.perf_counter(), time.process_time()
    result = work()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    done = amount(result)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [f"{done / wall:.1f}" if done < 10 * wall else f"{done / wall:.0f}", f"{1000 * processor / done:.2f}", f"{peak:.0f}"]


def _make_sounds(folder: Path) -> None:
    """The same sounds as ogg, flac and wav of FILE_S each, and a long ogg."""
    from engine.synthesis.sounds import make_sounds

    once = np.concatenate([sound.audio.samples for sound in make_sounds()])
    size = FILE_S * RATE_HZ
    whole = np.resize(once, FILES * size).reshape(FILES, size)
    for kind in ("ogg", "flac", "wav", "long"):
        (folder / kind).mkdir()
    for number, wave in enumerate(whole):
        for kind in ("ogg", "flac", "wav"):
            _write(folder / kind / f"{number:03d}.{kind}", wave * np.float32(1 - number / 200))
    _write(folder / "long" / "long.ogg", whole[:LONG_FILES].reshape(-1))


def _write(path: Path, wave: Any) -> None:
    format_, subtype = {".ogg": ("OGG", "VORBIS"), ".flac": ("FLAC", "PCM_16"), ".wav": ("WAV", "PCM_16")}[path.suffix]
    with soundfile.SoundFile(path, "w", RATE_HZ, 1, subtype, format=format_) as out:
        for start in range(0, len(wave), RATE_HZ):  # libsndfile's vorbis takes no large pieces
            out.write(wave[start:start + RATE_HZ])


def _make_clap(folder: Path) -> None:
    """ClapModel as transformers makes it without being told anything: the size of laion/clap-htsat-unfused."""
    import torch
    from tokenizers import pre_tokenizers
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, RobertaTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate(["<s>", "<pad>", "</s>", "<unk>", "<mask>", *letters])}
    RobertaTokenizerFast(vocab=vocabulary, merges=[], model_max_length=512).save_pretrained(folder)
    torch.manual_seed(0)
    ClapModel(ClapConfig()).save_pretrained(folder)
    ClapFeatureExtractor(truncation="rand_trunc", padding="repeatpad").save_pretrained(folder)


PARTS: dict[str, Callable[[Path], list[str]]] = {
    "default encoder, `library scan`, ogg of 10 s at 44.1 kHz": partial(_scan, "ogg"),
    "default encoder, `library scan`, flac of 10 s at 44.1 kHz": partial(_scan, "flac"),
    "default encoder, `library scan`, wav of 10 s at 44.1 kHz": partial(_scan, "wav"),
    "default encoder, `library scan`, one ogg of 5 minutes": partial(_scan, "long"),
    "decoding and resampling alone, ogg": partial(_decoding, "ogg"),
    "decoding and resampling alone, flac": partial(_decoding, "flac"),
    "front end alone (one core)": _front_end,
    **{f"net alone, {size} patches in a batch": partial(_net, size) for size in BATCHES},
    "net alone in torch, 32 patches in a batch": partial(_net, 32, torch_instead=True),
    "texts one by one, default encoder": _queries,
    "texts one by one, MiniLM alone": partial(_texts, 1),
    "texts, 64 in a batch, MiniLM alone": partial(_texts, 64),
    "CLAP of full size, ogg, decoding included": _clap_sounds,
    "CLAP of full size, texts one by one": partial(_clap_texts, 1),
    "CLAP of full size, texts, 64 in a batch": partial(_clap_texts, 64),
}


if __name__ == "__main__":
    main()
