"""Earmark: no arguments → the window; with a subcommand → the command line, without importing Qt."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.app import Earmark
    from engine.projection.maps import ProjectedMap

# Threads that spin while they wait take the cores from decoding and drawing. It has to be set before torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")



def main() -> int:
    try:
        from engine import cli
    except KeyboardInterrupt:  # in the moment before the command line is read; after that it answers for itself
        if "--json" in sys.argv:
            sys.stdout.write('{"error": {"kind": "cancelled", "message": "Cancelled."}}\n')
        else:
            sys.stderr.write("earmark: Cancelled.\n")
        return 130

    return cli.main(sys.argv[1:], window=_window, pictures=_pictures, picture_of_map=_picture_of_map)


def _window(workspace: Path | None, device: str | None) -> int:
    """Open the window; imports Qt."""
    from engine.app import Earmark
    from engine.cli.secrets import VARIABLE, first_line
    from engine.errors import EarmarkError, SettingsBroken, UsageError
    from gui import app

    if words := app.display_missing():
        raise UsageError(words)
    while True:
        try:
            earmark = Earmark(workspace, device)
            break
        except SettingsBroken as error:
            if not app.begin_anew(error):
                return error.exit_code
        except EarmarkError as error:
            return app.refuse(error)
    with earmark:
        try:
            earmark.claim()
            if (file := os.environ.get(VARIABLE)) and earmark.locked():
                earmark.privacy.unlock(first_line(Path(file)))
        except EarmarkError as error:
            return app.refuse(error)
        code = app.run(earmark)
    app.leave(code)


def _pictures(earmark: Earmark, folder: Path) -> list[Path]:
    """Pictures of every page, for `demo`; imports Qt, offscreen."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from gui.app import Scene, pictures

    voices = earmark.voices.list()
    scenes = [
        Scene("live", "live", talk=folder.parent / "voices" / "talk.wav"),
        Scene("voices", "voices", voices[0].name if voices else None), Scene("voices", "voices-new", "new"),
        Scene("library", "library", "a police siren"), Scene("map", "map-voices", "voices"),
        Scene("map", "map-sounds", "sounds"), Scene("settings", "settings", "models"),
    ]
    return pictures(earmark, folder, scenes)


def _picture_of_map(shown: ProjectedMap, path: Path) -> None:
    """A projection as .png or .svg, for `map --out`; imports Qt, offscreen."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from gui.map_picture import draw

    draw(shown, path)


if __name__ == "__main__":
    sys.exit(main())
