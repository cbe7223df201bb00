"""`library`: its folders, its tags, its saved searches."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli import searching
from engine.cli.output import clock, file_name
from engine.cli.paths import given
from engine.records import PassedOver, TagListInfo
from engine.texts import shown

NAMED = 3
"""Files of a kind that are named on the terminal."""
Folder = Annotated[Path, typer.Argument(metavar="DIR", parser=given)]


def add_to(root: typer.Typer) -> None:
    library = typer.Typer(help="The sound library.", no_args_is_help=True)
    for name, command in (
            ("add", add), ("scan", scan), ("list", list_sounds), ("remove", remove), ("stats", stats), ("tag", tag),
            ("tags", tags), ("untag", untag), ("queries", queries), ("rename-query", rename_query),
            ("forget-query", forget_query)):
        library.command(name)(command)
    root.add_typer(library, name="library")
    searching.add_to(root)


def add(context: typer.Context, folder: Folder) -> None:
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
        "changed_over": report.changed_over, "waiting": report.waiting,
        "passed_over": [{"kind": shown(one.kind), "files": one.files, "paths": [file_name(path) for path in one.examples]}
                        for one in report.passed_over]})
    for failure in report.failed:
        out.file_failed(failure.path, failure.reason)
    speed = f", {report.audio_s / report.wall_s:.0f} × real time" if report.audio_s and report.wall_s else ""
    out.say(f"{report.added} added, {report.updated} updated, {report.moved} moved, {report.unchanged} unchanged, "
            f"{report.removed} removed, {len(report.failed)} could not be read. {clock(report.audio_s)} of sound in "
            f"{report.wall_s:.1f} s{speed}.")
    if report.passed_over:
        out.say(f"Passed over, because they are no sounds by their names: {'; '.join(map(_passed, report.passed_over))}.")
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
    _unfinished(context)
    if not folders:
        out.say("No folders yet. Add one with: python main.py library add DIR")
    for folder in folders:
        out.say(f"{folder.path}: {folder.sounds} sounds, {clock(folder.audio_s)}{'' if folder.online else ', offline'}")
    if sounds:
        out.table(["Sound", "Length", "Rate", "Ch", "Tags"],
                  [[str(s.path), clock(s.duration_s), f"{s.rate_hz / 1000:g}k", str(s.channels),
                    ", ".join(t.name for t in s.tags[:3])] for s in sounds], right=(1, 2, 3))


def remove(context: typer.Context, folder: Folder) -> None:
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
    _unfinished(context)


def tag(context: typer.Context,
        labels: Annotated[str, typer.Argument(
            metavar="LIST", help="audioset, ucs, or a file of labels (.txt, .csv, .tsv, .json).")],
        threshold: Annotated[float | None, typer.Option(help=(
            "Tag with every label of at least this probability (0–1), instead of those that fit."))] = None,
        top: Annotated[int | None, typer.Option(min=1, max=100, help=(
            "At most so many tags a sound (default: 3, with --threshold 100)."))] = None,
        name: Annotated[str, typer.Option(help="What to call the list (default: its own name).")] = "") -> None:
    """Tag all sounds with a list of labels; scans keep the tags up to date."""
    out, app = context.obj.out, context.obj.app
    from engine.describing.lists import tag_list
    from engine.library.tagging import TOP

    chosen = tag_list(labels, app.weights)
    with out.progress("Tagging") as ticket:
        made = app.library.tagging.tag(chosen, name, threshold, top or (TOP if threshold is None else 100), ticket)
    out.document(_list(made))
    example = made.counts[0].label if made.counts else "LABEL"
    out.say(f"{made.sounds} sounds have tags of {made.name} ({made.labels} labels, {len(made.counts)} of them found). "
            f"Search among them with: python main.py search … --tag {shlex.quote(f'{made.name}:{example}')}")


def tags(context: typer.Context) -> None:
    """Show the lists that the library is tagged with, and how many sounds have which label."""
    out = context.obj.out
    found = context.obj.app.library.tagging.lists()
    out.document([_list(one) for one in found])
    if not found:
        out.say("The library is not tagged with any list yet. Tag it with: python main.py library tag audioset|ucs|FILE")
    for one in found:
        out.say(f"{one.name}: {one.labels} labels, {one.sounds} sounds tagged")
        out.table(["Sounds", "Label"], [[str(count.sounds), count.label] for count in one.counts], right=(0,))


def untag(context: typer.Context, name: str) -> None:
    """Forget a list and its tags."""
    context.obj.app.library.tagging.remove(name)
    context.obj.out.document({"removed": name})
    context.obj.out.say(f"The tags of {name} are gone.")


def queries(context: typer.Context) -> None:
    """Show the saved searches."""
    from engine.library.terms import written

    out = context.obj.out
    found = context.obj.app.library.queries.list()
    out.document([{"name": one.name, "query": written(one.terms), "terms": [
        {"text": term.text or None, "like": None if term.like is None else file_name(str(term.like)), "weight": term.weight}
        for term in one.terms], "tags": list(one.tags), "folder": None if one.under is None else file_name(one.under),
        "created_at": one.created_at.isoformat()} for one in found])
    if not found:
        out.say("No saved searches yet. Keep one with: python main.py search … --save NAME")
    out.table(["Name", "Search", "Tags", "Folder"], [[one.name, written(one.terms), ", ".join(one.tags), str(one.under or "")]
                                                     for one in found] if found else [])


def rename_query(context: typer.Context, old: str, new: str) -> None:
    """Give a saved search another name."""
    context.obj.app.library.queries.rename(old, new)
    name = " ".join(new.split())
    context.obj.out.document({"old": old, "name": name})
    context.obj.out.say(f"The saved search {old} is called {name} now.")


def forget_query(context: typer.Context, name: str) -> None:
    """Forget a saved search."""
    context.obj.app.library.queries.remove(name)
    context.obj.out.document({"removed": name})
    context.obj.out.say(f"The saved search {name} is gone.")


def _passed(one: PassedOver) -> str:
    """“4 .txt (a.txt, b.txt, c.txt, …)”."""
    names = [path.name for path in one.examples[:NAMED]] + (["…"] if one.files > NAMED else [])
    return f"{one.files} {one.kind or 'without an ending'} ({', '.join(names)})"


def _unfinished(context: typer.Context) -> None:
    """Say that the last scan did not come to its end."""
    found = context.obj.app.library.unfinished()
    if found is not None:
        at = "before it knew how much there is" if found.total is None else f"at {found.done} of {found.total} files"
        context.obj.out.note(f"The last scan stopped {at}. Go on with: python main.py library scan")


def _list(one: TagListInfo) -> dict[str, Any]:
    return {"name": one.name, "labels": one.labels, "threshold": one.least, "top": one.top, "sounds": one.sounds,
            "counts": [{"label": count.label, "sounds": count.sounds} for count in one.counts],
            "created_at": one.created_at.isoformat()}
