"""One file that holds a training: safetensors for all tensors, JSON (in the file's header) for the rest. No pickle.

One file, so that a rename makes the new checkpoint whole or leaves the old one: a kill at any moment costs what was done since.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from engine.errors import TrainingError
from engine.files import remove_left, write_whole

NAME = "checkpoint.safetensors"
FORMAT = 1


def write(folder: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> Path:
    """Write `folder`/checkpoint.safetensors in place of the one before. facts: ready for JSON. Raises TrainingError."""
    from safetensors import SafetensorError
    from safetensors.torch import save

    path = folder / NAME
    header = {"earmark": json.dumps({"format": FORMAT, **facts}, ensure_ascii=False)}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        remove_left(folder)  # a training has its folder to itself
        # clones: safetensors refuses tensors that share memory
        write_whole(path, save({name: tensor.detach().cpu().clone().contiguous() for name, tensor in tensors.items()}, header))
    except (OSError, SafetensorError) as error:
        raise TrainingError(f"The checkpoint could not be written to {folder}: {error}. "
                            "The one before is kept; free some space or choose another folder.") from error
    return path


def read(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """(tensors, facts) of the last whole checkpoint. Raises TrainingError."""
    from safetensors import SafetensorError, safe_open

    path = folder / NAME
    if not path.is_file():
        raise TrainingError(f"There is no checkpoint in {folder}. Start the training without resuming.")
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {})["earmark"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (not a dict)
        if not isinstance(facts, dict):
            raise ValueError("its facts are no object")
    except (OSError, SafetensorError, KeyError, ValueError, RecursionError) as error:
        raise TrainingError(f"{path} is not a checkpoint of a training, or is damaged. "
                            "Move it away and start the training again.") from error
    if facts.pop("format", None) != FORMAT:
        raise TrainingError(f"{path} was written by another version of Earmark. Move it away and start the training again.")
    return tensors, facts


def exists(folder: Path) -> bool:
    return (folder / NAME).is_file()
