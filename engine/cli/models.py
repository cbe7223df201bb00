"""`models` and `devices`: weights of the program, encoders of its user, and what sound goes through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from engine.app import Earmark


def add_to(root: typer.Typer) -> None:
    models = typer.Typer(help="The models: what there is, fetching weights, adding and choosing encoders.", no_args_is_help=True)
    for name, command in (("list", list_models), ("fetch", fetch), ("add", add), ("use", use), ("remove", remove)):
        models.command(name)(command)
    root.add_typer(models, name="models")
    root.command("devices")(devices)


def list_models(context: typer.Context) -> None:
    """Show every model: version, size, licence, source, whether it is on this machine, and which the library uses."""
    out, app = context.obj.out, context.obj.app
    rows = [*_weights(app), *_encoders(app)]
    out.document(rows)
    out.table(["Name", "Model", "Role", "Version", "Vector", "MB", "Licence", "Source", "State"],
              [[r["name"], r["title"], r["kind"], r["version"], f"{r['dim']}-d" if r["dim"] else "–",
                f"{r['size_bytes'] / 1e6:.0f}" if r["size_bytes"] else "–", r["licence"], r["source"], _state(r)] for r in rows],
              right=(4, 5))


def _weights(app: Earmark) -> list[dict[str, Any]]:
    """Parts of the program; the voice encoders among them are chosen."""
    from engine.encoders.models import VOICE

    return [{"name": m.name, "title": m.title, "kind": m.kind, "version": m.version, "dim": m.dim, "rate_hz": m.rate_hz,
             "size_bytes": m.size_bytes, "licence": m.licence, "source": m.source, "citation": m.citation,
             "sha256": m.sha256 or None, "state": m.state, "path": m.path,
             "in_use": app.settings.value.voice == m.name if m.name in VOICE else None, "pending": False}
            for m in app.weights.list(check=True)]


def _encoders(app: Earmark) -> list[dict[str, Any]]:
    """The joint spaces that come with the program (present when the weights they stand on are), then what was added."""
    rows = []
    for choice in app.encoders():
        m = choice.info
        rows.append({"name": m.name, "title": m.title, "kind": m.kind, "version": m.version, "dim": m.dim, "rate_hz": m.rate_hz,
                     "size_bytes": m.size_bytes, "licence": m.licence or "not said",
                     "source": " + ".join(choice.parts) or m.source, "citation": m.citation, "sha256": m.sha256 or None,
                     "state": m.state, "path": m.path, "in_use": choice.in_use, "pending": choice.pending})
    return rows


def _state(row: dict[str, Any]) -> str:
    words = "present" if row["state"] == "package" else str(row["state"])
    return words + (", in use" if row["in_use"] else "") + (", being indexed for" if row["pending"] else "")


def add(context: typer.Context,
        source: Annotated[str, typer.Argument(metavar="FILE|FOLDER|HUB-NAME", help="Where the model is.")],
        kind: Annotated[str, typer.Option(help="joint (sounds and texts in one space) or voice.")],
        name: Annotated[str, typer.Option(help="What to call it; made from the source if left out.")] = "") -> None:
    """Add an encoder of your own. Joint: a CLAP folder or hub name, or a folder with audio.onnx, text.onnx and tokenizer.json.
    Voice: an ONNX file as WeSpeaker, 3D-Speaker and ReDimNet give them.

    It is loaded and tried first. Its files stay where they are; only a hub name is fetched.
    """
    out, app = context.obj.out, context.obj.app
    out.note(f"Loading and trying {source} …")
    made = app.add_model(source, kind, name)
    out.document({"name": made.name, "title": made.title, "kind": made.kind, "dim": made.dim, "rate_hz": made.rate_hz,
                  "sha256": made.sha256, "size_bytes": made.size_bytes, "licence": made.licence or "not said",
                  "source": made.source})
    out.say(f"Added {made.name}: {made.title}, {made.dim}-d, {made.rate_hz / 1000:g} kHz, {made.size_bytes / 1e6:.0f} MB, "
            f"licence {made.licence or 'not said'}. Use it with: python main.py models use {made.name}")


def use(context: typer.Context, name: str) -> None:
    """Use another encoder: a joint one to search the library, a voice one to recognise voices.

    Joint: the next `library scan` indexes for it; until then the old one is used. Voice: recordings that were kept are embedded
    now; voices without any have to be enrolled again. Samples of the old one are kept, so you can go back.
    """
    app = context.obj.app
    if name.casefold() in (one.casefold() for one in app.models.voice_names()):
        _use_voice(context, name)
        return
    out, state = context.obj.out, app.use_joint(name)
    out.document({"kind": "joint", "in_use": state.in_use, "pending": state.pending or None, "indexed": state.indexed,
                  "sounds": state.sounds})
    if state.pending:
        out.say(f"The library will be searched with {state.pending} once it is indexed for it ({state.indexed} of {state.sounds} "
                f"sounds are), with {state.in_use} until then. Index it with: python main.py library scan")
    else:
        out.say(f"The library is searched with {state.in_use}.")


def _use_voice(context: typer.Context, name: str) -> None:
    out, app = context.obj.out, context.obj.app
    if unknown := app.voices_unknown_to(name):
        out.note(f"{name} will not know these voices until they are enrolled again, because no recording of them was kept: "
                 f"{', '.join(unknown)}. Their samples stay; go back with: python main.py models use {app.settings.value.voice}")
    with out.progress("Embedding") as ticket:
        state = app.use_voice(name, ticket)
    failed = [out.file_failed(one.path, one.reason) for one in state.failed]
    out.document({"kind": "voice", "in_use": state.in_use, "takes": state.takes, "embedded": state.embedded,
                  "to_enroll": state.to_enroll, "threshold": state.threshold, "calibrated": state.calibrated, "failed": failed})
    out.say(f"Voices are recognised with {state.in_use}; it knows {state.embedded} of {state.takes} takes.")
    if state.to_enroll:
        out.say(f"Not recognised until they are enrolled again: {', '.join(state.to_enroll)}.")
    if not state.calibrated:
        out.say(f"The threshold {state.threshold:g} was never calibrated for {state.in_use}: check it on recordings of your own.")


def remove(context: typer.Context, name: str) -> None:
    """Take a model that you added off the list. Its files are not touched."""
    gone = context.obj.app.remove_model(name)
    context.obj.out.document({"removed": gone.name})
    context.obj.out.say(f"{gone.name} is no longer on the list. Its files were not touched.")


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
            out.say(f"  {'*' if d.default else ' '} {d.title} · {d.rate_hz / 1000:g} kHz · {d.channels} channels")
    out.say(f"Nets run on: {app.models.device_label}")
