"""Earmark: no arguments → the window; with a subcommand → the command line, without importing Qt."""

from __future__ import annotations

import os
import sys



def main() -> int:
    from engine import cli

    return cli.main(sys.argv[1:], window=_window, pictures=_pictures, picture_of_map=_picture_of_map)


def _window(workspace: object, device: object) -> int:
    """Open the window; imports Qt."""
    from gui.app import open_window

    return open_window(workspace, device)  # type: ignore[arg-type]


def _pictures(app: object, folder: object) -> list[object]:
    """Pictures of every page, for `demo`; imports Qt, offscreen."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from gui.app import pictures

    return list(pictures(app, folder))  # type: ignore[arg-type]


def _picture_of_map(shown: object, path: object) -> None:
    """A projection as .png or .svg, for `map --out`; imports Qt, offscreen."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from gui.app import picture_of_map

    picture_of_map(shown, path)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main())
