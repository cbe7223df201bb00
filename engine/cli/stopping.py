"""Ctrl+C and SIGTERM, also where nobody hears them: a command that hangs in a file of a disk that does not answer."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

PATIENCE_S = 10.0
"""How long the work is given to hear that it is to stop; one step of a net on a slow machine is shorter."""


def listen(give_up: Callable[[], object], patience_s: float = PATIENCE_S) -> Callable[[], None]:
    """From now on both signals are a KeyboardInterrupt. Returns what ends that.

    Python raises it when the main thread comes back from the system. Where it does not, because it waits for a file, another
    thread calls `give_up` after patience_s and ends the program with 130: what is finished is kept, as after a kill.
    """
    heard = threading.Event()

    def tell(_signal: int, _frame: object) -> None:
        heard.set()
        raise KeyboardInterrupt

    before = {one: signal.signal(one, tell) for one in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for one, handler in before.items():
            signal.signal(one, handler)

    if os.name == "nt":  # no pipe there that the system could write to without waiting
        return restore
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)

    def watch() -> None:
        while told := os.read(reading, 1):
            if told[0] in before and not heard.wait(patience_s):
                give_up()
                os._exit(130)
        os.close(reading)

    threading.Thread(target=watch, name="signals", daemon=True).start()

    def end() -> None:
        signal.set_wakeup_fd(-1)
        os.close(writing)
        restore()

    return end
