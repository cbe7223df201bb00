"""YAMNet for the CPU: the layers of `engine.nets.yamnet` as an ONNX graph, run by onnxruntime.

It takes two thirds of the processor time that torch takes (tests/benchmarks/joint_speed.py), because convolution and
ReLU are one step. A session works on one core; several threads may run it at once, which uses the cores better than
several threads for one batch, and gives the same numbers however many there are.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.nets.yamnet import BANDS, CLASSES, DIM, LAYERS, PATCH_FRAMES
from engine.records import FloatArray

_OPSET, _IR_VERSION = 17, 8  # what onnxruntime 1.14 and later can read
_SILENT = 4  # fatal errors only: the others are raised, and need not be printed besides
_LOWEST = np.float32(-87)  # exp(87) is the last that float32 holds
_NO_MEMORY = ("Failed to allocate memory", "bad_alloc", "bad allocation")


class OnnxYAMNet:
    """Log-mel patches → (embedding, class probabilities). Thread-safe."""

    def __init__(self, parameters: Mapping[str, FloatArray]) -> None:
        """parameters: the state of `engine.nets.yamnet.YAMNet` by name. Raises KeyError where one is missing."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _SILENT
        self._session = onnxruntime.InferenceSession(graph(parameters), options, providers=["CPUExecutionProvider"])

    def __call__(self, patches: FloatArray) -> tuple[FloatArray, FloatArray]:
        """patches: float32 (n, 96, 64). Returns float32 (n, 1024) and float32 (n, 521) in 0–1. Raises MemoryError."""
        try:
            embeddings, logits = self._session.run(None, {"patches": np.ascontiguousarray(patches[:, None])})
        except Exception as error:
            if any(words in str(error) for words in _NO_MEMORY):  # onnxruntime has no type for it
                raise MemoryError(str(error)) from error
            raise
        # Not in the graph: onnxruntime's Sigmoid is so coarse near 0 that the square root of it (`encoders.joint`) shows.
        return embeddings, 1 / (1 + np.exp(-np.maximum(logits, _LOWEST)))


def graph(parameters: Mapping[str, FloatArray]) -> bytes:
    """The serialised ONNX model: patches (n, 1, 96, 64) → embeddings (n, 1024), logits (n, 521)."""
    from onnx import TensorProto, helper, numpy_helper

    nodes, used = [], []

    def convolved(source: str, stem: str, stride: int, groups: int, around: int) -> str:
        # TensorFlow's SAME for 3 × 3 kernels: a stride of 2 pads only at the end (the sides here are even)
        before = around if stride == 1 else 0
        used.extend([f"{stem}.weight", f"{stem}.bias"])
        nodes.append(helper.make_node("Conv", [source, f"{stem}.weight", f"{stem}.bias"], [stem], group=groups,
                                      strides=[stride, stride], pads=[before, before, around, around]))
        nodes.append(helper.make_node("Relu", [stem], [f"{stem}.relu"]))
        return f"{stem}.relu"

    flow = convolved("patches", "layer1", 2, 1, 1)
    width = parameters["layer1.weight"].shape[0]
    for number, (stride, out) in enumerate(LAYERS, start=2):
        flow = convolved(flow, f"layer{number}.depthwise_conv", stride, width, 1)
        flow = convolved(flow, f"layer{number}.pointwise_conv", 1, 1, 0)
        width = out
    used.extend(["classifier.weight", "classifier.bias"])
    nodes += [
        helper.make_node("GlobalAveragePool", [flow], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["embeddings"]),
        helper.make_node("Gemm", ["embeddings", "classifier.weight", "classifier.bias"], ["logits"], transB=1),
    ]
    sides = {"patches": [1, PATCH_FRAMES, BANDS], "embeddings": [DIM], "logits": [CLASSES]}
    values = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", *shape]) for name, shape in sides.items()}
    whole = helper.make_graph(
        nodes, "yamnet", [values["patches"]], [values["embeddings"], values["logits"]],
        [numpy_helper.from_array(np.ascontiguousarray(parameters[name], np.float32), name) for name in used])
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
    return bytes(model.SerializeToString())
