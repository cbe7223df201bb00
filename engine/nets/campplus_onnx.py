"""CAM++ for the CPU: the layers of `engine.nets.campplus` as an ONNX graph, run by onnxruntime.

tests/benchmarks/campplus.py prints what that saves beside torch. Normalisations that follow a convolution are folded into it.
What depends on the number of frames alone comes in as two inputs: which frames a mask is made of, and which mask belongs to
which frame. A session works on one core; several threads may run it at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.nets.campplus import BANDS, DILATIONS, DIM, LAYERS, SEGMENT
from engine.records import FloatArray

_OPSET, _IR_VERSION = 17, 8  # what onnxruntime 1.14 and later can read
_SILENT = 4  # fatal errors only: the others are raised, and need not be printed besides
_NO_MEMORY = ("Failed to allocate memory", "bad_alloc", "bad allocation")
_EPSILON = 1e-5  # of torch's batch normalisation


class OnnxCAMPlusPlus:
    """Log mel bands → embedding. Thread-safe."""

    def __init__(self, parameters: Mapping[str, FloatArray]) -> None:
        """parameters: the state of `engine.nets.campplus.CAMPlusPlus` by name. Raises KeyError where one is missing."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _SILENT
        self._session = onnxruntime.InferenceSession(graph(parameters), options, providers=["CPUExecutionProvider"])

    def __call__(self, bands: FloatArray) -> FloatArray:
        """bands: float32 (batch, frames, 80), three frames at least. Returns float32 (batch, 192). Raises MemoryError."""
        count = (bands.shape[1] + 1) // 2  # frames of 20 ms
        mask_of = np.arange(count) // SEGMENT
        sizes = np.bincount(mask_of)
        means = np.full((count, len(sizes)), 1 / count, np.float32)
        means[np.arange(count), mask_of] += (1 / sizes)[mask_of]
        fed = {"bands": np.ascontiguousarray(bands.transpose(0, 2, 1)[:, None]), "means": means, "mask_of": mask_of,
               "one_less": np.array([count / (count - 1)], np.float32)}
        try:
            return np.asarray(self._session.run(None, fed)[0])
        except Exception as error:
            if any(words in str(error) for words in _NO_MEMORY):  # onnxruntime has no type for it
                raise MemoryError(str(error)) from error
            raise


class _Builder:
    """Nodes and weights of a graph as it is written down."""

    def __init__(self, parameters: Mapping[str, FloatArray]) -> None:
        self.parameters = parameters
        self.nodes: list[Any] = []
        self.weights: dict[str, FloatArray] = {}
        self._count = 0

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        from onnx import helper

        self._count += 1
        out = f"{kind}{self._count}"
        self.nodes.append(helper.make_node(kind, inputs, [out], **attributes))
        return out

    def constant(self, name: str, value: FloatArray) -> str:
        self.weights[name] = np.ascontiguousarray(value, value.dtype)
        return name

    def _scale(self, norm: str) -> tuple[FloatArray, FloatArray]:
        """What a batch normalisation multiplies with and adds."""
        p = self.parameters
        spread = np.sqrt(p[f"{norm}.running_var"] + np.float32(_EPSILON))
        scale = p.get(f"{norm}.weight", np.ones_like(spread)) / spread
        return scale, p.get(f"{norm}.bias", np.zeros_like(scale)) - p[f"{norm}.running_mean"] * scale

    def convolved(self, source: str, stem: str, norm: str = "", **attributes: Any) -> str:
        """A convolution, with the normalisation that follows it."""
        weight, bias = self.parameters[f"{stem}.weight"], self.parameters.get(f"{stem}.bias")
        if norm:
            scale, shift = self._scale(norm)
            weight, bias = weight * scale.reshape(-1, *[1] * (weight.ndim - 1)), shift
        given = [source, self.constant(f"{stem}.weight", weight)]
        if bias is not None:
            given.append(self.constant(f"{stem}.bias", bias))
        return self.add("Conv", *given, **attributes)

    def relu(self, source: str) -> str:
        return self.add("Relu", source)

    def normed(self, source: str, norm: str) -> str:
        """A normalisation with nothing before it to be folded into, and a ReLU."""
        scale, shift = (part[:, None] for part in self._scale(norm))
        return self.relu(self.add("Add", self.add("Mul", source, self.constant(f"{norm}.scale", scale)),
                                  self.constant(f"{norm}.shift", shift)))


def graph(parameters: Mapping[str, FloatArray]) -> bytes:
    """The serialised ONNX model: bands (batch, 1, 80, frames) → embedding (batch, 192).

    means (n, masks) and mask_of (n,) say what a mask is made of and which frames of 20 ms it belongs to; one_less is
    n / (n − 1), for a spread over one less than there are.
    """
    from onnx import TensorProto, helper, numpy_helper

    net = _Builder(parameters)
    flow = _front(net, "bands")
    flow = net.relu(net.convolved(flow, "first", "norm", strides=[2], pads=[2, 2]))
    for number, (layers, dilation) in enumerate(zip(LAYERS, DILATIONS, strict=True)):
        for layer in range(layers):
            stem = f"blocks.{number}.layers.{layer}"
            narrow = net.relu(net.convolved(net.normed(flow, f"{stem}.norm1"), f"{stem}.bottleneck", f"{stem}.norm2"))
            reduced = net.relu(net.convolved(net.add("MatMul", narrow, "means"), f"{stem}.masked.reduce"))
            mask = net.add("Sigmoid", net.convolved(reduced, f"{stem}.masked.mask"))
            local = net.convolved(narrow, f"{stem}.masked.local", dilations=[dilation], pads=[dilation, dilation])
            flow = net.add("Concat", flow, net.add("Mul", local, net.add("Gather", mask, "mask_of", axis=2)), axis=1)
        stem = f"blocks.{number}"
        flow = net.convolved(net.normed(flow, f"{stem}.norm"), f"{stem}.transit", "last" if number == len(LAYERS) - 1 else "")
    flow = net.relu(flow)
    mean = net.add("ReduceMean", flow, axes=[2], keepdims=1)
    away = net.add("Sub", flow, mean)
    spread = net.add("Sqrt", net.add("Mul", net.add("ReduceMean", net.add("Mul", away, away), axes=[2], keepdims=1), "one_less"))
    made = net.add("Squeeze", net.convolved(net.add("Concat", mean, spread, axis=1), "linear", "out"),
                   net.constant("last axis", np.array([2])))
    inputs = [helper.make_tensor_value_info(name, kind, shape) for name, kind, shape in (
        ("bands", TensorProto.FLOAT, ["batch", 1, BANDS, "frames"]), ("means", TensorProto.FLOAT, ["n", "masks"]),
        ("mask_of", TensorProto.INT64, ["n"]), ("one_less", TensorProto.FLOAT, [1]))]
    whole = helper.make_graph(
        net.nodes, "campplus", inputs, [helper.make_tensor_value_info(made, TensorProto.FLOAT, ["batch", DIM])],
        [numpy_helper.from_array(value, name) for name, value in net.weights.items()])
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
    return bytes(model.SerializeToString())


def _front(net: _Builder, source: str) -> str:
    """The two-dimensional front: (batch, 1, 80, frames) → (batch, 320, frames)."""
    around = [1, 1, 1, 1]
    flow = net.relu(net.convolved(source, "front.conv1", "front.norm1", pads=around))
    for stage in range(4):
        stem, strides = f"front.stages.{stage}", [1 if stage % 2 else 2, 1]
        deep = net.relu(net.convolved(flow, f"{stem}.conv1", f"{stem}.norm1", strides=strides, pads=around))
        deep = net.convolved(deep, f"{stem}.conv2", f"{stem}.norm2", pads=around)
        if stage % 2 == 0:
            flow = net.convolved(flow, f"{stem}.shortcut.0", f"{stem}.shortcut.1", strides=strides)
        flow = net.relu(net.add("Add", deep, flow))
    flow = net.relu(net.convolved(flow, "front.conv2", "front.norm2", strides=[2, 1], pads=around))
    return net.add("Reshape", flow, net.constant("one row of channels", np.array([0, 32 * BANDS // 8, -1])))
