"""Ctrl+C and SIGTERM end a command, also one that hangs where no signal reaches it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.cli import stopping

ROOT = Path(__file__).parents[3]
PROGRAM = """
import signal, sys, threading, time
from engine.cli import stopping
stopping.listen(lambda: print("gave up", flush=True), 0.5)
if sys.argv[1] == "hangs":  # as in a read of a dead disk: the signal comes, and the main thread does not hear it
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
try:
    threading.Timer(1.0, print, ["begun"], {"flush": True}).start()  # when the main thread waits in the system
    time.sleep(60)
except KeyboardInterrupt:
    print("heard", flush=True)
    time.sleep(1.5)
    print("done", flush=True)
    sys.exit(7)
"""


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(("how", "code", "said"), [("hangs", 130, "gave up\n"), ("hears", 7, "heard\ndone\n")])
def test_a_signal_ends_the_program_and_does_not_cut_off_what_hears_it(which, how, code, said):
    child = subprocess.Popen([sys.executable, "-c", PROGRAM, how], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "begun\n"
    child.send_signal(which)
    out, _ = child.communicate(timeout=15)
    assert (child.returncode, out) == (code, said)


def test_afterwards_everything_is_as_it_was():
    before, threads = signal.getsignal(signal.SIGINT), threading.active_count()
    end = stopping.listen(lambda: None)
    assert signal.getsignal(signal.SIGINT) is not before
    end()
    assert signal.getsignal(signal.SIGINT) is before
    assert signal.set_wakeup_fd(-1) == -1
    for thread in threading.enumerate():
        if thread.name == "signals":
            thread.join(5)
    assert threading.active_count() <= threads
