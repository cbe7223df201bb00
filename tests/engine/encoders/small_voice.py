"""Small ONNX voice encoders, written by hand: the mean over time, and over time the mean of squares, through one matrix."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DIM, BANDS = 24, 80


def weights(rows: int, dim: int = DIM) -> np.ndarray:
    return np.random.default_rng(5).normal(0, 1 / np.sqrt(rows), (rows, dim)).astype(np.float32)


def write(path: Path, layout: str = "frames-bands", batch: int | str = "batch", size: int | str = "time",
          bands: int | str = BANDS, dim: int = DIM, more_outputs: bool = False, metadata: dict[str, str] | None = None,
          nan: bool = False, opset: int = 17) -> Path:
    """layout: frames-bands, bands-frames, wave or channel-wave. bands: what the input says of them; there are 80 all the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = {"frames-bands": [batch, size, bands], "bands-frames": [batch, bands, size], "wave": [batch, size],
             "channel-wave": [batch, 1, size]}[layout]
    nodes, rows = _features(layout)
    table = weights(rows, dim)
    if nan:
        table[0, 0] = np.nan
    nodes.append(helper.make_node("MatMul", ["features", "table"], ["embs"]))
    outputs = [helper.make_tensor_value_info("embs", TensorProto.FLOAT, [batch, dim])]
    if more_outputs:  # frames first, then other scores each, then the embedding
        nodes += [helper.make_node("Identity", ["x"], ["frames"]), helper.make_node("Identity", ["features"], ["scores"])]
        outputs = [helper.make_tensor_value_info("frames", TensorProto.FLOAT, shape),
                   helper.make_tensor_value_info("scores", TensorProto.FLOAT, [batch, rows]), *outputs]
    graph = helper.make_graph(nodes, "voice", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)], outputs,
                              [numpy_helper.from_array(table, "table")])
    save(graph, path, metadata, opset)
    return path


def _features(layout: str) -> tuple[list[onnx.NodeProto], int]:
    """Nodes from x to features (batch, rows), and rows."""
    if layout in ("frames-bands", "bands-frames"):
        axis = [1] if layout == "frames-bands" else [2]
        return [helper.make_node("Mul", ["x", "x"], ["squares"]),
                helper.make_node("ReduceMean", ["squares"], ["power"], axes=axis, keepdims=0),
                helper.make_node("ReduceMax", ["x"], ["high"], axes=axis, keepdims=0),
                helper.make_node("Concat", ["power", "high"], ["features"], axis=1)], 2 * BANDS
    axes = [1] if layout == "wave" else [1, 2]
    return [helper.make_node("Abs", ["x"], ["loud"]),
            helper.make_node("ReduceMean", ["loud"], ["f1"], axes=axes, keepdims=0),
            helper.make_node("ReduceMax", ["x"], ["f2"], axes=axes, keepdims=0),
            helper.make_node("Unsqueeze", ["f1", "axis one"], ["c1"]), helper.make_node("Unsqueeze", ["f2", "axis one"], ["c2"]),
            helper.make_node("Concat", ["c1", "c2"], ["features"], axis=1)], 2


def vector(fed: np.ndarray, dim: int = DIM) -> np.ndarray:
    """What the graph gives for one stretch: bands (frames, 80) or a wave (samples,), in numpy."""
    x = fed.astype(np.float64)
    features = np.concatenate([(x * x).mean(0), x.max(0)]) if x.ndim == 2 else np.array([np.abs(x).mean(), x.max()])
    return features @ weights(len(features), dim)


def save(graph: onnx.GraphProto, path: Path, metadata: dict[str, str] | None = None, opset: int = 17) -> None:
    if any("axis one" in node.input for node in graph.node):
        graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), "axis one"))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    path.write_bytes(model.SerializeToString())
