"""ONNX files that a user brings: looked at before they are run, opened in onnxruntime, and told about in one sentence."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.encoders import device as devices
from engine.errors import EncoderError

log = logging.getLogger(__name__)

PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
_SILENT = 4  # fatal errors only: the others are raised, and need not be printed besides
_NO_MEMORY = ("Failed to allocate memory", "bad_alloc", "bad allocation", "out of memory")


@dataclass(frozen=True)
class GraphFile:
    """path: the graph. beside: files that hold some of its weights. metadata: what its makers wrote into it."""

    path: Path
    beside: tuple[Path, ...]
    metadata: dict[str, str]

    @property
    def files(self) -> list[Path]:
        """Everything that makes its numbers what they are."""
        return [self.path, *self.beside]


def look_into(path: Path) -> GraphFile:
    """Read a graph without running it.

    Raises EncoderError: no ONNX file, cut off, made for a newer ONNX, or files with its weights that are not beside it.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = onnx.load(str(path), load_external_data=False)
    except (DecodeError, ValueError) as error:
        raise EncoderError(f"“{path.name}” is no ONNX model, or it is cut off.") from error
    except OSError as error:
        raise EncoderError(f"“{path.name}” cannot be read: {error.strerror or error}.") from error
    if not model.graph.node or not model.graph.output:
        raise EncoderError(f"“{path.name}” is no ONNX model, or it is cut off: it holds no graph.")
    newest = onnx.defs.onnx_opset_version()
    for one in model.opset_import:
        if one.domain in ("", "ai.onnx") and one.version > newest:
            raise EncoderError(f"“{path.name}” was made for a newer ONNX (opset {one.version}; up to {newest} can be read). "
                               "Export it with opset 17, or update onnx and onnxruntime.")
    beside = sorted({path.parent / name for name in _external(model.graph)})
    missing = [one.name for one in beside if not one.is_file()]
    if missing:
        names = ", ".join(f"“{name}”" for name in missing)
        raise EncoderError(f"“{path.name}” keeps its weights in {names}, which is not beside it. Put the files into one folder.")
    return GraphFile(path, tuple(beside), {one.key: one.value for one in model.metadata_props})


def session(path: Path, device: str, threads: int = 0) -> Any:
    """An onnxruntime.InferenceSession. threads: cores it may use, 0 = all.

    device: cpu keeps to the CPU; otherwise CUDA is used where onnxruntime has it. Raises EncoderError.
    """
    import onnxruntime

    devices.resolve(device)  # the same word as for the other encoders where there is no such device
    there = onnxruntime.get_available_providers()
    wanted = [name for name in PROVIDERS if name in there and (device != "cpu" or name == "CPUExecutionProvider")]
    if device == "cuda" and PROVIDERS[0] not in there:
        log.warning("onnxruntime has no CUDA here: ONNX encoders run on the CPU")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _SILENT
    options.intra_op_num_threads = options.inter_op_num_threads = threads
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=wanted)
    except Exception as error:  # onnxruntime's errors share no root
        raise EncoderError(f"{path.name} of “{path.parent.name}” cannot be loaded: {short(error)}") from error


def is_out_of_memory(error: Exception) -> bool:
    """onnxruntime has no type for it."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY)


def fixed(dimension: object) -> int | None:
    """The size of a dimension, None where it is free."""
    return dimension if isinstance(dimension, int) and dimension > 0 else None


def short(error: Exception) -> str:
    """An error of somebody else's library, on one line."""
    return " ".join(str(error).split())[:200]


def _external(graph: Any) -> Iterator[str]:
    """Names of files with weights, of this graph and those inside it."""
    tensors = list(graph.initializer)
    for node in graph.node:
        for attribute in node.attribute:
            tensors += [attribute.t, *attribute.tensors]
            for inner in [attribute.g, *attribute.graphs]:
                yield from _external(inner) if inner.node else ()
    for tensor in tensors:
        yield from (one.value for one in tensor.external_data if one.key == "location")
