"""Which processor the nets run on, and what happens when its memory is full."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from engine.errors import UsageError

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)
T = TypeVar("T")


def resolve(choice: str) -> torch.device:
    """Turn auto|cpu|cuda|mps into a torch device. Raises UsageError when the chosen one is not on this machine."""
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if choice == "auto":
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if there[name]))
    if choice not in there:
        raise UsageError(f"There is no device “{choice}”; it can be auto, cpu, cuda or mps.")
    if not there[choice]:
        raise UsageError(f"This machine has no {choice} device that torch can use. Use --device auto or cpu.")
    return torch.device(choice)


def label(device: torch.device) -> str:
    """The device in words: “CPU · 2 threads”, or the name of the GPU."""
    import torch

    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    if device.type == "mps":
        return "Apple GPU"
    threads = torch.get_num_threads()
    return f"CPU · {threads} thread{'s' if threads != 1 else ''}"


def in_batches(run: Callable[[int], T], batch: int, fall_back: Callable[[], None]) -> T:
    """Call run(batch size); when the device is out of memory halve the batch, and below 1 fall back to the CPU.

    run: does the whole work with batches of the given size. fall_back: moves the net to the CPU.
    """
    import torch

    while True:
        try:
            return run(batch)
        except (RuntimeError, MemoryError) as error:
            known = isinstance(error, torch.OutOfMemoryError | MemoryError)
            if not known and "out of memory" not in str(error):  # MPS has no type
                raise
            if batch == 1:
                log.warning("out of memory with a batch of one: going on with the CPU")
                fall_back()
                return run(1)
            batch = max(1, batch // 2)
            log.warning("out of memory: trying a batch of %d", batch)
