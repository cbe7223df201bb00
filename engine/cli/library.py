"""`library` and `search`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.output import clock, file_name
from engine.records import SearchResult


def add_to(root: typer.Typer) -> None:
    library = typer.Typer(help="The sound library.", no_args_is_help=True)
    for name, command in (("add", add), ("scan", scan), ("list", list_sounds), ("remove", remove), ("stats", stats)):
        library.command(name)(command)
    root.add_typer(library, name="library")
    root.command("search")(search)


def add(context: typer.Context, folder: Path) -> None:
    """Register a folder; `library scan` reads it."""
    added = context.obj.app.library.add(folder)
    context.obj.out.document({"folder": added.path})
    context.obj.out.say(f"Added {added.path}. Read it with: python main.py library scan")


def scan(context: typer.Context) -> None:
    """Read what is new or changed in all folders. Can be stopped and repeated at any time."""
    out = context.obj.out
    with out.progress("Indexing") as ticket:
        report = context.obj.app.library.scan(ticket)
    out.document({
        "added": report.added, "updated": report.updated, "moved": report.moved, "unchanged": report.unchanged,
        "removed": report.removed, "failed": [{"path": file_name(f.path), "reason": f.reason} for f in report.failed],
        "audio_s": report.audio_s, "wall_s": report.wall_s, "encoder": report.encoder,
        "changed_over": report.changed_over, "waiting": report.waiting})
    for failure in report.failed:
        out.file_failed(failure.path, failure.reason)
    speed = f", {report.audio_s / report.wall_s:.0f} × real time" if report.audio_s and report.wall_s else ""
    out.say(f"{report.added} added, {report.updated} updated, {report.moved} moved, {report.unchanged} unchanged, "
            f"{report.removed} removed, {len(report.failed)} could not be read. {clock(report.audio_s)} of sound in "
            f"{report.wall_s:.1f} s{speed}.")
    if report.changed_over:
        out.say(f"The library is searched with {report.encoder} from now on.")
    if report.waiting:
        out.say(f"Indexed for {report.encoder}. The library stays with its old encoder until {report.waiting} sounds that could "
                "not be reached are indexed too: bring their folder back, or take it out with `library remove`.")


def list_sounds(context: typer.Context) -> None:
    """Show the folders and the sounds in them."""
    out, library = context.obj.out, context.obj.app.library
    folders, sounds = library.folders(), library.sounds()
    out.document({
        "folders": [{"path": f.path, "sounds": f.sounds, "audio_s": f.audio_s, "online": f.online} for f in folders],
        "sounds": [{"path": s.path, "duration_s": s.duration_s, "rate_hz": s.rate_hz, "channels": s.channels,
                    "format": s.format, "tags": [t.name for t in s.tags]} for s in sounds]})
    if not folders:
        out.say("No folders yet. Add one with: python main.py library add DIR")
    for folder in folders:
        out.say(f"{folder.path}: {folder.sounds} sounds, {clock(folder.audio_s)}{'' if folder.online else ', offline'}")
    if sounds:
        out.table(["Sound", "Length", "Rate", "Ch", "Tags"],
                  [[str(s.path), clock(s.duration_s), f"{s.rate_hz / 1000:g}k", str(s.channels),
                    ", ".join(t.name for t in s.tags[:3])] for s in sounds], right=(1, 2, 3))


def remove(context: typer.Context, folder: Path) -> None:
    """Take a folder out of the library. Its files are not touched."""
    context.obj.app.library.remove(folder)
    context.obj.out.document({"removed": file_name(folder)})
    context.obj.out.say(f"{folder} is no longer part of the library. Its files were not touched.")


def stats(context: typer.Context) -> None:
    """Show how large the library is."""
    out = context.obj.out
    found = context.obj.app.library.stats()
    spec = context.obj.app.models.spec("joint")
    out.document({"folders": found.folders, "sounds": found.sounds, "spans": found.spans, "audio_s": found.audio_s,
                  "vectors_bytes": found.vectors_bytes, "database_bytes": found.database_bytes,
                  "encoder": {"name": spec.name, "version": spec.version, "dim": spec.dim}})
    out.say(f"{found.folders} folders, {found.sounds} sounds, {found.spans} spans, {clock(found.audio_s)} of sound; "
            f"vectors {found.vectors_bytes / 1e6:.1f} MB, database {found.database_bytes / 1e6:.1f} MB; "
            f"{spec.name} {spec.version}, {spec.dim}-d")


def search(context: typer.Context, text: Annotated[str, typer.Argument(help="What it sounds like.")] = "",
           k: Annotated[int, typer.Option("-k", min=1, help="How many results.")] = 10,
           like: Annotated[Path | None, typer.Option(help="A sound to search by.")] = None) -> None:
    """Find sounds by a description, by a sound that they are like, or by both."""
    out, app = context.obj.out, context.obj.app
    found = app.library.search(text=text, like=like, k=k)
    out.document(result(found))
    if not found.sounds:
        out.say("The library is empty. Add a folder with `library add DIR`, then read it with `library scan`.")
    out.table(["#", "Similarity", "Span", "Tags", "Sound"],
              [[str(n), f"{m.similarity:.2f}", f"{clock(m.span.start_s)} – {clock(m.span.end_s)}",
                ", ".join(t.name for t in m.sound.tags[:3]), str(m.sound.path)] for n, m in enumerate(found.matches, 1)]
              if found.matches else [], right=(0, 1))


def result(found: SearchResult) -> dict[str, Any]:
    """The JSON of a search."""
    return {"query": found.query, "results": [
        {"path": file_name(m.sound.path), "similarity": m.similarity, "start_s": m.span.start_s, "end_s": m.span.end_s,
         "tags": [t.name for t in m.sound.tags]} for m in found.matches], "took_ms": found.took_ms}
