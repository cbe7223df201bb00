"""`models` and `devices`."""

from __future__ import annotations

from typing import Annotated

import typer


def add_to(root: typer.Typer) -> None:
    models = typer.Typer(help="The weights: what there is, and fetching it.", no_args_is_help=True)
    models.command("list")(list_models)
    models.command("fetch")(fetch)
    root.add_typer(models, name="models")
    root.command("devices")(devices)


def list_models(context: typer.Context) -> None:
    """Show every model: version, size, licence, source, and whether it is on this machine."""
    from engine.weights import Weights

    out = context.obj.out
    found = Weights().list(check=True)
    out.document([{
        "name": m.name, "title": m.title, "kind": m.kind, "version": m.version, "dim": m.dim, "rate_hz": m.rate_hz,
        "size_bytes": m.size_bytes, "licence": m.licence, "source": m.source, "citation": m.citation,
        "sha256": m.sha256 or None, "state": m.state, "path": m.path} for m in found])
    out.table(["Name", "Model", "Role", "Version", "Vector", "MB", "Licence", "Source", "State"],
              [[m.name, m.title, m.kind, m.version, f"{m.dim}-d" if m.dim else "–", f"{m.size_bytes / 1e6:.0f}", m.licence,
                m.source, "present" if m.state == "package" else m.state] for m in found], right=(4, 5))


def fetch(context: typer.Context, names: Annotated[list[str] | None, typer.Argument(metavar="NAME…")] = None) -> None:
    """Fetch and check the weights that are missing or damaged (all, or those named)."""
    from engine.weights import Weights

    out = context.obj.out
    weights = Weights()
    with out.progress("Fetching") as ticket:
        fetched = weights.fetch(names or (), ticket)
    out.document({"fetched": fetched, "present": [m.name for m in weights.list() if m.state in ("present", "package")]})
    out.say(f"Fetched {', '.join(fetched)}." if fetched else "Everything is there already.")


def devices(context: typer.Context) -> None:
    """Show the microphones, the loudspeakers and the processor."""
    from engine.audio import devices as sound

    out, app = context.obj.out, context.obj.app
    inputs, outputs = sound.inputs(rescan=True), sound.outputs()
    out.document({
        "inputs": [{"name": d.name, "rate_hz": d.rate_hz, "channels": d.channels, "default": d.default} for d in inputs],
        "outputs": [{"name": d.name, "rate_hz": d.rate_hz, "channels": d.channels, "default": d.default} for d in outputs],
        "processor": app.models.device_label})
    for title, found in (("Microphones", inputs), ("Loudspeakers", outputs)):
        out.say(f"{title}:" if found else f"{title}: none")
        for d in found:
            out.say(f"  {'*' if d.default else ' '} {d.name} · {d.rate_hz / 1000:g} kHz · {d.channels} channels")
    out.say(f"Nets run on: {app.models.device_label}")
