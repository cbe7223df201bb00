"""A scan that did not come to its end says so until one does."""

from __future__ import annotations

import pytest

from engine.errors import Cancelled, EncoderError, StoreError
from engine.records import UnfinishedScan
from engine.tasks import Ticket


def tones(world, count):
    for number in range(count):
        world.tone(f"{number:02}.wav", 100 + 20 * number, seconds=0.2)


def stop_after(world, sounds, error=None):
    """Make the encoder stop the scan, or fail, when it has heard so many sounds."""
    ticket, inner = Ticket(), world.encoder.analyse

    def analyse(blocks):
        if world.encoder.analysed == sounds:
            if error:
                raise error
            ticket.cancel()
        return inner(blocks)

    world.encoder.analyse = analyse
    return ticket


def test_a_scan_that_comes_to_its_end_leaves_no_mark(world):
    tones(world, 3)
    assert world.library.unfinished() is None
    world.scan(added=3)
    assert world.library.unfinished() is None


def test_a_stopped_scan_is_known_after_the_next_start_and_done_with_when_it_went_on(world):
    tones(world, 60)
    with pytest.raises(Cancelled):
        world.library.scan(stop_after(world, 30))
    world.reopen()
    kept = world.library.count()
    assert 24 <= kept < 60
    assert world.library.unfinished() == UnfinishedScan(kept, 60)
    world.scan(added=60 - kept, unchanged=kept)
    assert world.library.unfinished() is None


def test_a_scan_that_fails_is_unfinished(world):
    tones(world, 2)
    with pytest.raises(EncoderError):
        world.library.scan(stop_after(world, 0, EncoderError("broken")))
    assert world.library.unfinished() == UnfinishedScan(0, 2)


def test_a_scan_stopped_before_it_knew_how_much_there_is_says_that_too(world):
    tones(world, 2)
    ticket = Ticket()
    ticket.cancel()
    with pytest.raises(Cancelled):
        world.library.scan(ticket)
    assert world.library.unfinished() == UnfinishedScan(0, None)


def test_nothing_is_unfinished_while_a_scan_runs_or_where_no_folder_is_left(world):
    tones(world, 2)
    seen = []
    world.library.scan(Ticket(lambda progress: seen.append(world.library.unfinished())))
    assert seen
    assert set(seen) == {None}
    with pytest.raises(EncoderError):
        world.tone("new.wav", 900)
        world.library.scan(stop_after(world, 2, EncoderError("broken")))
    assert world.library.unfinished() is not None
    world.library.remove(world.folder)
    assert world.library.unfinished() is None


def test_forgetting_everything_forgets_the_mark(world):
    tones(world, 1)
    with pytest.raises(StoreError):
        world.library.scan(stop_after(world, 0, StoreError("full")))
    world.store.forget_everything()
    world.library.add(world.folder)
    assert world.library.unfinished() is None


def test_a_scan_that_fails_half_way_says_what_was_taken_in_and_not_that_nothing_was_changed(world, monkeypatch):
    tones(world, 60)
    inner, calls = world.store.sounds.put, []

    def put(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise StoreError("The disk of the workspace is full. Nothing was changed.")
        return inner(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(world.store.sounds, "put", put)
        with pytest.raises(StoreError) as failed:
            world.library.scan()
    kept = world.library.count()
    assert kept >= 24
    assert str(failed.value) == (f"The disk of the workspace is full. {kept} sounds were taken in before that. "
                                 "The next scan goes on from there.")
    assert world.library.unfinished() == UnfinishedScan(kept, 60)
    world.scan(added=60 - kept, unchanged=kept)


def test_a_scan_that_fails_before_it_wrote_anything_says_that_nothing_was_changed(world, monkeypatch):
    tones(world, 3)

    def put(*arguments):
        raise StoreError("The disk of the workspace is full. Nothing was changed.")

    monkeypatch.setattr(world.store.sounds, "put", put)
    with pytest.raises(StoreError, match="Nothing was changed"):
        world.library.scan()
