"""GE2E here against `resemblyzer`'s own embed_utterance, on the same trimmed sound, in one run."""

from __future__ import annotations

import numpy as np
from measuring import SHARED, percentile, table, timed

from engine.audio import files
from engine.encoders.voice import GE2EEncoder, prepared
from engine.records import Audio
from engine.weights import Weights


def main() -> None:
    from resemblyzer import VoiceEncoder, normalize_volume

    paths = sorted((SHARED / "speech" / "librispeech-10x10").glob("*/*.flac"))
    audios = [files.read(p, 16_000) for p in paths]
    seconds = sum(a.duration_s for a in audios)
    peer = VoiceEncoder("cpu", verbose=False)
    waves = [normalize_volume(a.samples, -30, increase_only=True) for a in audios]
    assert all(np.allclose(w, prepared(a), atol=1e-4) for w, a in zip(waves, audios, strict=True))
    rows = []
    theirs_s = timed(lambda: [peer.embed_utterance(w) for w in waves], 2)
    theirs = np.array([peer.embed_utterance(w) for w in waves])
    rows.append(["resemblyzer embed_utterance", f"{seconds / theirs_s:.0f}", "1.00", "–", "–"])
    for batch in (16, 64, 256):
        encoder = GE2EEncoder(Weights(), "cpu", batch)
        one_s = timed(lambda e=encoder: [e.embed(a) for a in audios], 2)
        many_s = timed(lambda e=encoder: e.embed_many(audios), 2)
        ours = np.array([e.vector for e in encoder.embed_many([Audio(w, 16_000) for w in waves])])
        cosines = np.sum(ours * theirs, axis=1).tolist()
        for name, took in ((f"Earmark, one by one, batch {batch}", one_s), (f"Earmark, all together, batch {batch}", many_s)):
            rows.append([name, f"{seconds / took:.0f}", f"{theirs_s / took:.2f}", f"{min(cosines):.6f}",
                         f"{percentile(cosines, 0.5):.6f}"])
    print(f"{len(paths)} utterances, {seconds:.0f} s of speech.\n")
    print(table(["encoder", "× real time", "× as fast as the peer", "lowest cosine to it", "median"], rows))


if __name__ == "__main__":
    main()
