"""`map`: a projection as picture, table or document."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.output import file_name
from engine.cli.paths import destination, file_to_write, given, same_file
from engine.errors import EarmarkError, UsageError

SUFFIXES = (".png", ".svg", ".csv", ".json")


class SpaceName(enum.StrEnum):
    voices = "voices"
    sounds = "sounds"


class MethodName(enum.StrEnum):
    pca = "pca"
    tsne = "tsne"
    umap = "umap"


def add_to(root: typer.Typer) -> None:
    root.command("map")(draw)


def draw(context: typer.Context, out: Annotated[Path, typer.Option(
             "--out", metavar="FILE", parser=destination, help=f"A file: {', '.join(SUFFIXES)}.")],
         space: Annotated[SpaceName, typer.Option(help="What to show.")] = SpaceName.voices,
         method: Annotated[MethodName, typer.Option(help="How to project.")] = MethodName.pca,
         query: Annotated[Path | None, typer.Option(
             metavar="FILE", parser=given, help="A sound to place among the others, drawn ×.")] = None,
         seed: Annotated[int | None, typer.Option(min=0, help="Of t-SNE and UMAP.")] = None) -> None:
    """Project voices or sounds to two dimensions and write them to a file."""
    from engine.projection import export

    run = context.obj
    run.out.make_way(file_to_write(out, SUFFIXES, make_folder=True))
    if out.suffix.lower() not in SUFFIXES:  # a device or pipe: the ending says what to write
        raise UsageError(f"{out} says not whether it is to be {', '.join(SUFFIXES)}: give a name that ends in one of them.")
    if query is not None and same_file(out, query):
        raise UsageError(f"{out.name} is the sound that asks. Choose another name to write to.")
    vector = _vector(run.app, space.value, query) if query is not None else None
    params = {} if seed is None or method.value == "pca" else {"seed": seed}
    with run.out.progress("Projecting") as ticket:
        shown = run.app.maps.project(space.value, method.value, params, ticket=ticket, query=vector)
    write(out, shown, run.picture_of_map)
    run.out.document({**export.document(shown), "out": file_name(out)})
    run.out.say(f"{len(shown.points)} points in {out}")


def write(path: Path, shown: Any, picture: Any) -> None:
    """Write a map by the suffix of the path. Raises EarmarkError when it cannot be written."""
    from engine.projection import export

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() in (".json", ".csv"):
            export.write(path, shown)
        elif picture is None:
            raise UsageError("Pictures are drawn by the program itself: use python main.py map.")
        else:
            picture(shown, path)
    except OSError as error:
        raise EarmarkError(f"{path} cannot be written: {error.strerror or error}.") from error


def _vector(app: Any, space: str, path: Path) -> Any:
    """The query's vector in the space of the map."""
    if space == "voices":
        return app.voices.embed_file(path).vector
    from engine.audio import files
    from engine.index import unit_mean

    encoder = app.models.joint()
    return unit_mean(encoder.analyse(files.stream(path, encoder.spec.rate_hz)).vectors)
