"""All benchmarks, one after the other, each in a process of its own; writes RESULTS.md.

    make bench        or        python tests/benchmarks/run.py [name…]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from measuring import ROOT, in_child, machine

PARTS = {
    "voice_encoder": "Voice embedding against the `resemblyzer` package, the same files",
    "indexing": "Indexing from flac and ogg",
    "joint_speed": "Sounds and words to vectors: the default encoder, its parts, and a CLAP of full size",
    "live": "Compute of one live step",
    "search": "Warm text search over 10,000 sounds",
    "start": "Start of the window, and memory",
    "bridge": "The tag bridge: prompts and constants on ESC-10",
    "arithmetic": "Plus and minus terms: rules that put them together",
    "none_fits": "None of the labels fits, and the temperature of probabilities",
    "localise": "Finding a sound inside a long one",
    "short_sounds": "Filling sounds that are shorter than one patch",
    "short_speech": "Speech shorter than one partial: repeated, or with silence behind it",
    "timeline": "Who spoke when: windows, groups, edges, and an hour of it",
    "live_strangers": "Who spoke when, live: strangers, and the edges of turns",
    "takes": "Takes that are refused: two voices, no speech, noise",
    "thresholds": "Cosines behind the threshold and margin of cosine to the centroid",
    "backends": "Back-ends for voices: closed set, open set, s-norm, and what 1,000 voices cost",
}


def main() -> None:
    chosen = sys.argv[1:] or list(PARTS)
    pieces = [f"# Results\n\nMade by `make bench` on {time.strftime('%Y-%m-%d')}: {machine()}."]
    for name in chosen:
        sys.stderr.write(f"{name} …\n")
        found = in_child(name + ".py")
        pieces.append(f"## {PARTS[name]}\n\n`tests/benchmarks/{name}.py`\n\n" + (
            found if "|---" in found.replace(" ", "") else f"```\n{found}\n```"))
        sys.stdout.write(pieces[-1] + "\n\n")
        sys.stdout.flush()
    if not sys.argv[1:]:
        (ROOT / "tests" / "benchmarks" / "RESULTS.md").write_text("\n\n".join(pieces) + "\n", "utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
