"""A pair of small ONNX graphs and a tokenizer, written by hand: loudness, roughness and offset of a wave; a bag of letters."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DIM = 6
LETTERS = "abcdefghijklmnopqrstuvwxyz "


def write(folder: Path, dim: int = DIM, text_dim: int | None = None, batch: int | str = "batch",
          samples: int | str = "samples", tokens: int | str = "tokens", facts: dict[str, object] | None = None,
          metadata: dict[str, str] | None = None, text_inputs: tuple[str, ...] = ("input_ids", "attention_mask")) -> Path:
    """Make the folder; the numbers are the same every time."""
    folder.mkdir(parents=True, exist_ok=True)
    write_audio(folder / "audio.onnx", dim, batch, samples, metadata or {})
    write_text(folder / "text.onnx", text_dim or dim, batch, tokens, text_inputs)
    write_tokenizer(folder / "tokenizer.json")
    if facts is not None:
        (folder / "earmark.json").write_text(json.dumps(facts))
    return folder


def audio_vectors(waves: np.ndarray, dim: int = DIM) -> np.ndarray:
    """What the audio graph must give, in numpy, of unit norm. waves: float32 (n, samples)."""
    waves = waves.astype(np.float64)
    features = np.stack([np.abs(waves).mean(1), np.abs(np.diff(waves, axis=1)).mean(1), (waves + 0.1).mean(1)], axis=1)
    return _unit(features @ _weights(3, dim, 1))


def text_vectors(texts: list[str], dim: int = DIM) -> np.ndarray:
    """What the text graph must give for texts of small letters."""
    return _unit(np.stack([_weights(len(LETTERS) + 2, dim, 2)[[LETTERS.index(c) + 2 for c in text]].sum(0)
                           for text in texts]))


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _weights(rows: int, columns: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (rows, columns)).astype(np.float32)


def write_audio(path: Path, dim: int, batch: int | str, samples: int | str, metadata: dict[str, str]) -> None:
    def constant(name: str, value: object, kind: type) -> onnx.TensorProto:
        return numpy_helper.from_array(np.asarray(value, kind), name)

    nodes = [
        helper.make_node("Abs", ["wave"], ["loud"]),
        helper.make_node("ReduceMean", ["loud", "axis"], ["f1"]),
        helper.make_node("Slice", ["wave", "one", "end", "axis"], ["later"]),
        helper.make_node("Slice", ["wave", "zero", "minus", "axis"], ["earlier"]),
        helper.make_node("Sub", ["later", "earlier"], ["steps"]),
        helper.make_node("Abs", ["steps"], ["rough"]),
        helper.make_node("ReduceMean", ["rough", "axis"], ["f2"]),
        helper.make_node("Add", ["wave", "offset"], ["lifted"]),
        helper.make_node("ReduceMean", ["lifted", "axis"], ["f3"]),
        helper.make_node("Concat", ["f1", "f2", "f3"], ["features"], axis=1),
        helper.make_node("MatMul", ["features", "weights"], ["embedding"])]
    graph = helper.make_graph(
        nodes, "audio", [helper.make_tensor_value_info("wave", TensorProto.FLOAT, [batch, samples])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [batch, dim])],
        [constant("axis", [1], np.int64), constant("one", [1], np.int64), constant("zero", [0], np.int64),
         constant("minus", [-1], np.int64), constant("end", [2**31], np.int64), constant("offset", 0.1, np.float32),
         numpy_helper.from_array(_weights(3, dim, 1), "weights")])
    _save(graph, path, metadata)


def write_text(path: Path, dim: int, batch: int | str, tokens: int | str, inputs: tuple[str, ...]) -> None:
    nodes = [
        helper.make_node("Gather", ["table", inputs[0]], ["rows"]),
        helper.make_node("Cast", [inputs[1]], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last"], ["column"]),
        helper.make_node("Mul", ["rows", "column"], ["kept"]),
        helper.make_node("ReduceSum", ["kept", "axis"], ["embedding"], keepdims=0)]
    graph = helper.make_graph(
        nodes, "text", [helper.make_tensor_value_info(name, TensorProto.INT64, [batch, tokens]) for name in inputs],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [batch, dim])],
        [numpy_helper.from_array(_weights(len(LETTERS) + 2, dim, 2), "table"),
         numpy_helper.from_array(np.array([2], np.int64), "last"), numpy_helper.from_array(np.array([1], np.int64), "axis")])
    _save(graph, path, {})


def write_tokenizer(path: Path) -> None:
    """One token a letter; 0 is padding, 1 whatever is not a small letter."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    vocabulary = {"[PAD]": 0, "[UNK]": 1, **{letter: place + 2 for place, letter in enumerate(LETTERS)}}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.save(str(path))


def _save(graph: onnx.GraphProto, path: Path, metadata: dict[str, str]) -> None:
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, metadata)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
