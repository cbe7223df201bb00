"""Numbers in words, as the screens write them."""

from __future__ import annotations

import math
import re

from PySide6.QtCore import QCoreApplication

from engine.records import Identification

MOST_TOLD_NATS = math.log(1e6)
ZERO_WIDTH_SPACE = "\u200b"
LONGEST_WORD = 32  # letters that surely fit into a line of a dialog


def _tr(text: str) -> str:
    return QCoreApplication.translate("Words", text)


def breakable(text: str) -> str:
    """The same text, whose very long words (paths, names without spaces) a label may break: it cuts them off otherwise."""
    return re.sub(rf"\S{{{LONGEST_WORD},}}", lambda found: ZERO_WIDTH_SPACE.join(found[0]), text)


def count(number: float) -> str:
    """48217 → "48,217"."""
    return f"{number:,.0f}"


def signed(number: float, decimals: int = 2) -> str:
    """+0.23 or −0.05, with a true minus; what is nothing when rounded has none."""
    return f"{round(number, decimals) + 0.0:+.{decimals}f}".replace("-", "−")


def margin(found: Identification) -> str:
    """The lead over the runner-up with its unit: “+3.2 nats”; “+0.23” where it is a difference of similarities; or nothing."""
    if found.margin is None:
        return ""
    return _tr("{} nats").format(signed(found.margin, 1)) if found.margin_unit == "nats" else signed(found.margin)


def times_as_likely(found: Identification) -> str:
    """A lead in nats as a likelihood: “Anna is 24 times as likely as Ben”; empty for any other lead."""
    if found.margin is None or found.margin_unit != "nats" or len(found.candidates) < 2:
        return ""
    times = math.exp(min(found.margin, MOST_TOLD_NATS))
    told = f"{times:.1f}" if times < 9.95 else f"{float(f'{times:.2g}'):,.0f}"
    if found.margin > MOST_TOLD_NATS:
        told = _tr("more than {}").format(told)
    return _tr("{name} is {times} times as likely as {other}").format(
        name=found.nearest, times=told, other=found.candidates[1].voice)


def similarity(number: float) -> str:
    """Two decimals, a true minus; what is nothing when rounded has none."""
    return f"{round(number, 2) + 0.0:.2f}".replace("-", "−")


def clock(seconds: float, tenths: bool = True) -> str:
    """6.2 → "0:06.2"; 288 → "4:48.0", or "4:48" without tenths; an hour and more → "1:02:03"."""
    if tenths:
        units = round(seconds * 10)
        minutes, rest = divmod(units, 600)
        if minutes >= 60:
            return f"{minutes // 60}:{minutes % 60:02d}:{rest // 10:02d}.{rest % 10}"
        return f"{minutes}:{rest // 10:02d}.{rest % 10}"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"


def length(seconds: float) -> str:
    """A sound's length: tenths below one minute, whole seconds from there on; hundredths where tenths would say nothing."""
    if 0 < seconds < 0.1:
        return f"0:00.{max(1, round(seconds * 100)):02d}"
    return clock(seconds, tenths=seconds < 60)


def amount(seconds: float) -> str:
    """How much audio: "131 h", "12 min", "48 s"."""
    if seconds >= 3600:
        hours = seconds / 3600
        return _tr("{} h").format(f"{hours:,.0f}" if hours >= 10 else f"{hours:.1f}")
    if seconds >= 60:
        return _tr("{} min").format(f"{seconds / 60:.0f}")
    return _tr("{} s").format(f"{seconds:.0f}")


def time_left(seconds: float) -> str:
    if seconds >= 90:
        return _tr("{} min left").format(f"{seconds / 60:.0f}")
    return _tr("{} s left").format(f"{max(1.0, seconds):.0f}")


def data_size(done: float, total: float | None = None) -> str:
    """17200000 → "17 MB"; with a total "54 of 91 MB"."""
    scale, unit, decimals = 1.0, "B", 0
    for limit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "KB")):
        if (total if total else done) >= limit:
            scale, unit = limit, name
            decimals = 1 if (total if total else done) / limit < 10 and name != "KB" else 0
            break
    if total:
        return _tr("{done} of {all} {unit}").format(done=f"{done / scale:.{decimals}f}",
                                                    all=f"{total / scale:.{decimals}f}", unit=unit)
    return f"{done / scale:.{decimals}f} {unit}"


def rate_hz(hz: int) -> str:
    """44100 → "44.1k"."""
    return f"{hz / 1000:g}k"


def without_commands(sentence: str) -> str:
    """What an error says, without the sentences that offer a command: in the window there are buttons for it."""
    return " ".join(part for part in re.split(r"(?<=[.!?]) ", sentence) if "python main.py" not in part)


def short_version(version: str) -> str:
    """A version as a line can hold it: a hash of an added model is cut to 8 digits."""
    return version if len(version) <= 12 else version[:8]
