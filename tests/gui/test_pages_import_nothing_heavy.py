"""Pages are imported in the GUI thread when they are first opened: nothing heavy may come along."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "torchaudio", "sklearn", "umap", "openTSNE", "sentence_transformers", "transformers", "silero_vad", "onnx",
         "onnxruntime", "scipy", "sounddevice", "sqlalchemy", "alembic", "av")
PROGRAM = f"""
import importlib, sys
from gui.window import PAGES
for module, _, _ in PAGES.values():
    importlib.import_module(module)
    found = [name for name in {HEAVY!r} if name in sys.modules]
    assert not found, (module, found)
print("all pages:", len(PAGES))
"""


def test_opening_a_page_imports_no_heavy_package():
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("all pages:")
