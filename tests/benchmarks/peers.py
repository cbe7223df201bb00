"""CAM++ here against the same weights, exported by torch, in other runtimes; GE2E, segmentation, an hour of made talk beside it.

    python tests/benchmarks/peers.py        (needs `pip install sherpa-onnx`)

Every row is of the same readings, one by one, on one core, from the wave to the vector; the hour is of two cores.
onnxruntime is what wespeaker's runtime is made of: Kaldi's bands by torchaudio, their mean taken away, one session.
sherpa-onnx makes bands of its own, with settings that cannot be changed from outside, so its vectors are other ones.
"""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from measuring import SHARED, in_child, median, table, timed
from safetensors.torch import load_file

from engine.audio import files
from engine.encoders.campplus import RATE_HZ, CAMPlusPlusEncoder
from engine.encoders.segmentation import SpeakerSegmentation
from engine.encoders.voice import GE2EEncoder, prepared
from engine.nets import campplus as net
from engine.records import FloatArray
from engine.weights import Weights

LEAST_S, MOST_S = 1.0, 10.0  # what is neither repeated nor cut
ABOUT = {"sample_rate": RATE_HZ, "output_dim": net.DIM, "normalize_samples": 1, "language": "zh-en", "framework": "3d-speaker",
         "feature_normalize_type": "global-mean"}  # what sherpa-onnx wants to know of a model


def exported(path: Path) -> None:
    """The net as torch exports it, for windows of any length."""
    import onnx

    model = net.CAMPlusPlus()
    model.load_state_dict(net.renamed(load_file(Weights().path("campplus"))), strict=True)
    torch.onnx.export(model.eval(), (torch.zeros(1, 345, net.BANDS),), str(path), input_names=["x"], output_names=["embedding"],
                      dynamic_axes={"x": {0: "N", 1: "T"}}, opset_version=17, dynamo=False)
    graph = onnx.load(str(path))
    onnx.helper.set_model_props(graph, {name: str(value) for name, value in ABOUT.items()})
    onnx.save(graph, str(path))


def by_onnxruntime(model: Path, waves: list[FloatArray]) -> list[FloatArray]:
    import onnxruntime
    from torchaudio.compliance import kaldi

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    found = []
    for wave in waves:
        bands = kaldi.fbank(torch.from_numpy(wave)[None], num_mel_bins=net.BANDS, sample_frequency=RATE_HZ)
        found.append(session.run(None, {"x": (bands - bands.mean(dim=0)).numpy()[None]})[0][0])
    return found


def by_sherpa(model: Path, waves: list[FloatArray]) -> list[FloatArray]:
    import sherpa_onnx

    config = sherpa_onnx.SpeakerEmbeddingExtractorConfig(model=str(model), num_threads=1)
    extractor = sherpa_onnx.SpeakerEmbeddingExtractor(config)
    found = []
    for wave in waves:
        stream = extractor.create_stream()
        stream.accept_waveform(RATE_HZ, wave)
        stream.input_finished()
        found.append(np.array(extractor.compute(stream), np.float32))
    return found


def main() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    readings = [files.read(path, RATE_HZ) for path in sorted((SHARED / "speech" / "librispeech-10x10").glob("*/*.flac"))]
    readings = [audio for audio in readings if LEAST_S <= audio.duration_s <= MOST_S]
    seconds = sum(audio.duration_s for audio in readings)
    waves = [np.ascontiguousarray(prepared(audio)) for audio in readings]
    ours, ge2e, turns = CAMPlusPlusEncoder(Weights(), "cpu"), GE2EEncoder(Weights(), "cpu"), SpeakerSegmentation(Weights(), "cpu")
    vectors = np.array([ours.embed(audio).vector for audio in readings])
    rows = []
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        model = Path(folder) / "campplus.onnx"
        exported(model)
        for name, run in (("CAM++ here", lambda: [ours.embed(audio).vector for audio in readings]),
                          ("the export in onnxruntime, bands by torchaudio", lambda: by_onnxruntime(model, waves)),
                          ("the export in sherpa-onnx, bands of its own", lambda: by_sherpa(model, waves))):
            found = np.array(run())
            cosines = ((found / np.linalg.norm(found, axis=1, keepdims=True)) * vectors).sum(axis=1).tolist()
            rows.append([name, f"{seconds / timed(run, 2):.0f}", f"{min(cosines):.6f}", f"{median(cosines):.6f}"])
        rows += [[name, f"{seconds / timed(run, 2):.0f}", "–", "–"] for name, run in (
            ("GE2E here", lambda: [ge2e.embed(audio) for audio in readings]),
            ("segmentation here", lambda: [turns.classes([wave]) for wave in waves]))]
    print(f"{len(readings)} readings of {LEAST_S:g} to {MOST_S:g} s, {seconds:.0f} s in all.\n")
    print(table(["on one core", "× real time", "lowest cosine to CAM++ here", "median"], rows))
    print("\n" + in_child("timeline.py", "speed"))


if __name__ == "__main__":
    main()
