"""All benchmarks, one after the other, each in a process of its own; writes RESULTS.md.

    make bench        or        python tests/benchmarks/run.py [name…], which leaves the other sections as they are
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from measuring import ROOT, in_child, machine

PARTS = {
    "campplus": "CAM++: what runs it fastest, and how stretches are cut",
    "peers": "CAM++ here and in other runtimes, GE2E, segmentation, and an hour of talk",
    "voice_encoder": "Voice embedding against the `resemblyzer` package, the same files",
    "indexing": "Indexing from flac and ogg",
    "joint_speed": "Sounds and words to vectors: the default encoder, its parts, and a CLAP of full size",
    "live": "Compute of one live step",
    "live_turns": "How soon speakers are named live, through a virtual microphone",
    "made_voices": "How alike the made voices are",
    "search": "Warm text search over 10,000 sounds",
    "scale": "What a library costs as it grows",
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


RESULTS = ROOT / "tests" / "benchmarks" / "RESULTS.md"


def main() -> None:
    chosen = sys.argv[1:] or list(PARTS)
    sections = _sections() if sys.argv[1:] else {}
    for name in chosen:
        sys.stderr.write(f"{name} …\n")
        found = in_child(name + ".py")
        sections[PARTS[name]] = f"`tests/benchmarks/{name}.py`, {time.strftime('%Y-%m-%d')}, {machine()}\n\n" + (
            found if "|---" in found.replace(" ", "") else f"```\n{found}\n```")
        sys.stdout.write(f"## {PARTS[name]}\n\n{sections[PARTS[name]]}\n\n")
        sys.stdout.flush()
    pieces = ["# Results\n\nMade by `make bench`; each section says when, and on what."]
    pieces += [f"## {title}\n\n{sections[title]}" for title in PARTS.values() if title in sections]
    RESULTS.write_text("\n\n".join(pieces) + "\n", "utf-8")


def _sections() -> dict[str, str]:
    """What RESULTS.md says under each title."""
    _, *sections = RESULTS.read_text("utf-8").split("\n## ")
    return {title: text.strip() for title, _, text in (one.partition("\n") for one in sections)}


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
