"""What the benchmarks share: percentiles, the machine, tables."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.encoders.protocols import VoiceEncoder

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("EARMARK_SHARED", ROOT.parent / "shared")) / "data"
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as main.py has it


def chosen_encoder(usual: str = "campplus") -> VoiceEncoder:
    """The voice encoder that the command line names with --encoder, which is taken out of it."""
    from engine.encoders.models import Models
    from engine.weights import Weights

    return Models(Weights(), "cpu").voice_named(word("--encoder", usual))


def word(option: str, usual: str) -> str:
    """What follows an option on the command line; both are taken out of it."""
    if option not in sys.argv:
        return usual
    at = sys.argv.index(option)
    found = sys.argv[at + 1]
    del sys.argv[at:at + 2]
    return found


def machine() -> str:
    """Processor, cores, memory and versions in a line."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        cpu = next((line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line), cpu)
    versions = ", ".join(f"{p} {metadata.version(p)}" for p in ("torch", "torchaudio", "numpy", "PySide6-Essentials"))
    return f"{cpu}, {os.cpu_count()} cores; Python {platform.python_version()}, {versions}"


def timed(work: Callable[[], Any], repeat: int = 1) -> float:
    """Seconds of the fastest of some runs."""
    best = float("inf")
    for _ in range(repeat):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` (0–1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: list[float]) -> float:
    return statistics.median(values)


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    return "\n".join(["| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rows)])


def in_child(script: str, *arguments: str) -> str:
    """Run a benchmark in a process of its own; returns what it printed."""
    done = subprocess.run([sys.executable, str(Path(__file__).with_name(script)), *arguments], capture_output=True, text=True,
                          check=False, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    if done.returncode:
        raise SystemExit(f"{script} failed:\n{done.stderr[-2000:]}")
    return done.stdout.strip()
