"""`search` and `locate`: questions of several terms, plus and minus, texts and sounds."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.cli.output import clock, file_name
from engine.cli.paths import given
from engine.errors import UsageError
from engine.records import Localisation, SearchResult, Term

Like = Annotated[list[Path] | None, typer.Option(
    "--like", "--plus-like", metavar="FILE", parser=given, help="A sound to search by. Repeatable.")]
Plus = Annotated[list[str] | None, typer.Option(metavar="TEXT", help="What it also sounds like. Repeatable.")]
Minus = Annotated[list[str] | None, typer.Option(metavar="TEXT", help="What it must not sound like. Repeatable.")]
MinusLike = Annotated[list[Path] | None, typer.Option(
    metavar="FILE", parser=given, help="A sound it must not be like. Repeatable.")]
Weighted = Annotated[list[str] | None, typer.Option("--term", metavar="WEIGHT:TEXT", help=(
    "A text with a weight before the first colon, as in 0.5:in a cave; negative to leave it out, as in -2:speech. "
    "All other terms weigh 1 or -1. Repeatable."))]
WeightedLike = Annotated[list[str] | None, typer.Option("--term-like", metavar="WEIGHT:FILE", help=(
    "A sound with a weight, as --term. Repeatable."))]


def add_to(root: typer.Typer) -> None:
    root.command("search")(search)
    root.command("locate")(locate)


def search(context: typer.Context, text: Annotated[str, typer.Argument(help="What it sounds like.")] = "",
           k: Annotated[int, typer.Option("-k", min=1, help="How many results.")] = 10,
           like: Like = None, plus: Plus = None, minus: Minus = None, minus_like: MinusLike = None,
           term: Weighted = None, term_like: WeightedLike = None,
           tag: Annotated[list[str] | None, typer.Option(
               metavar="TAG", help="Only sounds with this tag of a list: TAG, or LIST:TAG. Repeatable; all must hold.")] = None,
           folder: Annotated[Path | None, typer.Option(
               metavar="DIR", parser=given, help="Only sounds below this folder.")] = None,
           save: Annotated[str, typer.Option(metavar="NAME", help="Keep this search under a name.")] = "",
           saved: Annotated[str, typer.Option(metavar="NAME", help="Search again what was kept; more terms may be added.")] = "",
           ) -> None:
    """Find sounds by descriptions and by sounds that they are like or not like, all together in one question."""
    out, library = context.obj.out, context.obj.app.library
    asked, tags = terms(text, like, plus, minus, minus_like, term, term_like), tuple(tag or ())
    under = folder.expanduser().absolute() if folder else None
    if saved:
        query = library.queries.open(saved)
        asked, tags, under = (*query.terms, *asked), (*query.tags, *tags), under or query.under
    found = library.search(k=k, terms=asked, tags=tags, under=under)
    if save:
        before = library.queries.named(save)
        kept = library.queries.save(save, terms=asked, tags=tags, under=under).name
    out.document(result(found))
    if save:
        out.note(f"Kept as “{kept}”{f', in place of “{before.name}”' if before else ''}. "
                 f"Ask it again with: python main.py search --saved {shlex.quote(kept)}")
    if found.damaged:
        out.note(f"{'1 sound' if found.damaged == 1 else f'{found.damaged} sounds'} could not be compared, because their vectors "
                 "are lost or damaged. Make them again with: python main.py library scan")
    elif not found.sounds:
        out.say("No sound of the library passes the filters." if tags or under else
                "No sound of the library is indexed. What its folders hold is said by `library scan`." if library.folders() else
                "The library is empty. Add a folder with `library add DIR`, then read it with `library scan`.")
    if not found.matches:
        return
    out.table(["#", "Similarity", "Span", "Tags", "Sound"],
              [[str(n), f"{m.similarity:.2f}", f"{clock(m.span.start_s)} – {clock(m.span.end_s)}",
                ", ".join([t.name for t in m.sound.tags[:3]] + [f"{one.list_name}:{one.name}" for one in m.labels[:3]]),
                str(m.sound.path)] for n, m in enumerate(found.matches, 1)], right=(0, 1))


def locate(context: typer.Context, file: Annotated[Path, typer.Argument(
               metavar="FILE", parser=given, help="The sound to look through.")],
           text: Annotated[str, typer.Argument(help="What to look for in it.")] = "",
           like: Like = None, plus: Plus = None, minus: Minus = None, minus_like: MinusLike = None,
           term: Weighted = None, term_like: WeightedLike = None) -> None:
    """Find where in a long sound something is heard."""
    out = context.obj.out
    asked = terms(text, like, plus, minus, minus_like, term, term_like)
    with out.progress("Listening") as ticket:
        found = context.obj.app.library.localise(file, terms=asked, ticket=ticket)
    out.document(located(found))
    if not found.spans:
        out.say(f"{found.query} is not heard in {file.name} ({clock(found.duration_s)}).")
        return
    out.table(["From", "To", "Similarity"], [[clock(s.start_s), clock(s.end_s), f"{s.similarity:.2f}"] for s in found.spans],
              right=(0, 1, 2))


def terms(text: str, like: Sequence[Path] | None, plus: Sequence[str] | None, minus: Sequence[str] | None,
          minus_like: Sequence[Path] | None, weighted: Sequence[str] | None,
          weighted_like: Sequence[str] | None) -> tuple[Term, ...]:
    """The terms of a command line. Raises UsageError for a weight that cannot be read."""
    found = [Term(text)] if text.strip() else []
    found += [Term(like=one) for one in like or ()] + [Term(one) for one in plus or ()]
    found += [Term(one, weight=-1.0) for one in minus or ()] + [Term(like=one, weight=-1.0) for one in minus_like or ()]
    for one in weighted or ():
        weight, rest = _weighted("--term", one)
        found.append(Term(rest, weight=weight))
    for one in weighted_like or ():
        weight, rest = _weighted("--term-like", one)
        found.append(Term(like=Path(rest), weight=weight))
    return tuple(found)


def _weighted(option: str, value: str) -> tuple[float, str]:
    number, colon, rest = value.partition(":")
    try:
        weight = float(number)
    except ValueError:
        colon = ""
        weight = 0.0
    if not colon or not rest.strip():
        raise UsageError(f"{option} needs a weight, a colon and what it is for, as in 0.5:in a cave; “{value}” does not fit.")
    return weight, rest


def result(found: SearchResult) -> dict[str, Any]:
    """The JSON of a search."""
    return {"query": found.query, "results": [
        {"path": file_name(m.sound.path), "similarity": m.similarity, "start_s": m.span.start_s, "end_s": m.span.end_s,
         "tags": [t.name for t in m.sound.tags], "labels": [
             {"list": one.list_name, "label": one.name, "similarity": one.similarity, "probability": one.probability}
             for one in m.labels]} for m in found.matches], "damaged": found.damaged, "took_ms": found.took_ms}


def located(found: Localisation) -> dict[str, Any]:
    """The JSON of a localisation."""
    return {"file": file_name(found.path), "query": found.query, "duration_s": found.duration_s, "threshold": found.threshold,
            "spans": [{"start_s": s.start_s, "end_s": s.end_s, "similarity": s.similarity} for s in found.spans],
            "curve": [{"start_s": start, "end_s": end, "similarity": similarity} for start, end, similarity
                      in zip(found.starts_s, found.ends_s, found.similarities, strict=True)], "took_ms": found.took_ms}
