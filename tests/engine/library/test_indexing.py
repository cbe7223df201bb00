"""What a scan makes of files that are new, the same, changed, moved, doubled or gone."""

from __future__ import annotations

import os
import shutil

import numpy as np
import pytest

from engine.errors import Cancelled
from engine.tasks import Progress, Ticket


def test_new_files_are_added_below_all_folders_but_not_hidden_ones(world):
    world.tone("a.wav")
    world.tone("deep/er/b.WAV", 400)
    world.tone(".hidden/c.wav", 500)
    world.tone("._d.wav", 600)
    (world.folder / "notes.txt").write_text("no sound")
    world.scan(added=2)
    assert world.names() == ["a.wav", "deep/er/b.WAV"]
    sound = world.library.sounds()[0]
    assert (sound.duration_s, sound.rate_hz, sound.channels, sound.format) == (0.5, 8000, 1, "wav")
    assert sound.peaks.shape == (160,)
    assert 120 <= sound.peaks.max() <= 130  # level 0.5 of 255
    assert sound.tags[0].name == "tone"
    assert world.report.audio_s == pytest.approx(1.0)


def test_unchanged_files_are_neither_read_nor_encoded_and_the_encoder_is_not_loaded(world):
    world.tone("a.wav")
    world.scan(added=1)
    world.files.decoded.clear()
    world.reopen()

    def loaded():
        raise AssertionError("the encoder was loaded")

    world.library._joint = loaded
    world.scan(unchanged=1)
    assert world.files.decoded == []


def test_a_touched_file_is_hashed_but_not_encoded(world):
    path = world.tone("a.wav")
    world.scan(added=1)
    os.utime(path, ns=(1, 1))
    world.scan(unchanged=1)
    assert world.encoder.analysed == 1
    world.files.decoded.clear()
    world.scan(unchanged=1)


def test_a_moved_file_keeps_its_row_and_its_vectors(world):
    path = world.tone("a.wav")
    world.scan(added=1)
    before = world.library.sounds()[0]
    (world.folder / "new").mkdir()
    path.rename(world.folder / "new" / "renamed.wav")
    world.scan(moved=1)
    after = world.library.sounds()[0]
    assert (after.id, after.path.name, after.tags) == (before.id, "renamed.wav", before.tags)
    assert world.encoder.analysed == 1
    assert world.top("low") == ["renamed.wav"]


def test_a_file_moved_over_another_keeps_its_row_and_the_other_goes(world):
    a, b = world.tone("a.wav", 200), world.tone("b.wav", 900)
    world.scan(added=2)
    first = next(sound for sound in world.library.sounds() if sound.path == a)
    a.replace(b)
    world.scan(moved=1, removed=1)
    assert [(sound.id, sound.path) for sound in world.library.sounds()] == [(first.id, b)]


def test_a_chain_of_renames_keeps_every_row(world):
    a, b = world.tone("a.wav", 200), world.tone("b.wav", 900)
    world.scan(added=2)
    rows = {sound.sha256: sound.id for sound in world.library.sounds()}
    b.rename(world.folder / "c.wav")
    a.rename(b)
    world.scan(moved=2)
    assert world.names() == ["b.wav", "c.wav"]
    assert {sound.sha256: sound.id for sound in world.library.sounds()} == rows
    assert world.encoder.analysed == 2


def test_two_files_that_changed_places_are_both_right_afterwards(world):
    low, high = world.tone("a.wav", 200), world.tone("b.wav", 1800)
    world.scan(added=2)
    low.rename(world.folder / "x")
    high.rename(low)
    (world.folder / "x").rename(high)
    os.utime(low, ns=(5, 5))
    os.utime(high, ns=(6, 6))
    world.scan(updated=2)
    assert world.top("low", k=1) == ["b.wav"]
    assert world.top("high", k=1) == ["a.wav"]


def test_a_changed_file_is_encoded_again_and_keeps_its_row(world):
    world.tone("a.wav", 200)
    world.scan(added=1)
    before = world.library.sounds()[0]
    world.tone("a.wav", 1800, seconds=2.0)
    world.scan(updated=1)
    after = world.library.sounds()[0]
    assert (after.id, after.duration_s) == (before.id, 2.0)
    assert after.sha256 != before.sha256
    assert world.library.stats().spans == 2


def test_a_deleted_file_goes(world):
    path = world.tone("a.wav")
    world.tone("b.wav", 300)
    world.scan(added=2)
    path.unlink()
    world.scan(unchanged=1, removed=1)
    assert world.names() == ["b.wav"]
    (world.folder / "b.wav").unlink()
    world.scan(removed=1)
    assert world.names() == []


def test_equal_files_have_rows_of_their_own_and_are_encoded_once(world):
    path = world.tone("a.wav")
    for name in ("b.wav", "c.wav"):
        shutil.copy(path, world.folder / name)
    world.scan(added=3)
    assert world.encoder.analysed == 1
    shutil.copy(path, world.folder / "d.wav")
    world.scan(added=1, unchanged=3)
    assert world.encoder.analysed == 1
    assert world.names() == ["a.wav", "b.wav", "c.wav", "d.wav"]
    found = world.library.search("low").matches
    ids = [match.sound.id for match in found]  # which of the first three is read first, the threads decide
    assert len(ids) == 4 and ids == sorted(ids)
    assert len({match.similarity for match in found}) == 1
    path.unlink()
    world.scan(unchanged=3, removed=1)
    assert sorted(world.top("low")) == ["b.wav", "c.wav", "d.wav"]


def test_equal_files_that_cannot_be_read_all_fail(world):
    for name in ("a.wav", "b.wav"):
        (world.folder / name).write_bytes(b"this is text, not sound")
    world.scan(failed=2)
    world.scan(failed=2)


def test_copies_of_what_failed_are_not_tried_again_either(world, other_encoder):
    for name in ("a.wav", "z.wav"):
        (world.folder / name).write_bytes(b"this is text, not sound")
    for number in range(40):  # so that the copies come when the first is settled
        world.tone(f"m{number:02}.wav", 100 + 10 * number)
    for name in ("b.wav", "y.wav"):
        world.tone(name, level=0.0)
    world.scan(added=40, failed=4)
    assert [failure.path.name for failure in world.library.failures()] == ["a.wav", "b.wav", "y.wav", "z.wav"]
    analysed = world.encoder.analysed
    world.files.decoded.clear()
    world.scan(unchanged=40, failed=4)
    assert (world.files.decoded, world.encoder.analysed) == ([], analysed)
    world.encoder = other_encoder  # another encoder may take silence, but not text
    assert [failure.path.name for failure in world.library.failures()] == ["a.wav", "z.wav"]


def test_a_file_that_failed_is_reported_each_time_but_tried_again_only_when_it_changed(world):
    (world.folder / "bad.wav").write_bytes(b"no sound")
    (world.folder / "empty.wav").write_bytes(b"")
    world.tone("silence.wav", level=0.0)
    world.tone("good.wav")
    world.scan(added=1, failed=3)
    reasons = {failure.path.name: failure.reason for failure in world.report.failed}
    assert reasons["silence.wav"] == "The sound is silent."
    analysed = world.encoder.analysed
    world.files.decoded.clear()
    world.scan(unchanged=1, failed=3)
    assert world.files.decoded == []
    assert world.encoder.analysed == analysed
    world.tone("bad.wav", 700)
    (world.folder / "empty.wav").unlink()
    world.scan(added=1, unchanged=1, failed=1)
    world.scan(unchanged=2, failed=1)


def test_files_that_failed_are_remembered_from_one_start_to_the_next(world, other_encoder):
    assert world.library.failures() == []
    (world.folder / "b.wav").write_bytes(b"no sound")
    world.tone("a.wav", level=0.0)
    strange = world.folder / os.fsdecode(b"caf\xe9.wav")
    strange.write_bytes(b"no sound")
    (world.folder / "lost.wav").symlink_to(world.folder / "nothing.wav")  # seen by the scan, not a file
    world.scan(failed=4)
    world.reopen()
    failures = world.library.failures()
    assert [failure.path for failure in failures] == [world.folder / "a.wav", world.folder / "b.wav", strange]
    assert failures[0].reason == "The sound is silent."
    assert set(failures) < set(world.report.failed)
    world.encoder = other_encoder  # it has not refused the silence yet
    assert [failure.path.name for failure in world.library.failures()] == ["b.wav", strange.name]
    world.tone("b.wav")
    strange.unlink()
    world.library.scan()
    assert [failure.path.name for failure in world.library.failures()] == ["a.wav"]
    world.library.remove(world.folder)
    assert world.library.failures() == []


def test_a_sound_whose_file_broke_keeps_what_the_library_knows_of_it(world):
    path = world.tone("a.wav")
    world.scan(added=1)
    path.write_bytes(b"broken now")
    world.scan(failed=1)
    assert world.top("low") == ["a.wav"]
    world.tone("a.wav", 1800)
    world.scan(updated=1)


def test_permission_denied_by_the_decoder_is_a_failure_of_that_file_only(world):
    world.tone("a.wav")
    world.tone("b.wav", 300)
    world.files.refuse = {"a.wav"}
    world.scan(added=1, failed=1)
    assert world.report.failed[0].reason == "permission denied."


def test_another_encoder_makes_its_own_vectors_and_both_spaces_stay_apart(world, other_encoder):
    world.tone("a.wav")
    world.scan(added=1)
    first, world.encoder = world.encoder, other_encoder
    assert world.library.search("low").sounds == 0
    world.scan(updated=1)
    assert world.library.search("low").sounds == 1
    world.encoder = first
    world.scan(unchanged=1)


def test_short_files_are_handed_over_together(world, batch_encoder):
    world.encoder = batch_encoder
    for number in range(30):
        world.tone(f"{number:02}.wav", 100 + 10 * number)
    (world.folder / "bad.wav").write_bytes(b"no")
    world.tone("silence.wav", level=0)
    world.scan(added=30, failed=2)
    assert batch_encoder.batches == [24, 7]


def test_a_long_file_flows_through_in_blocks(world):
    world.tone("long.wav", seconds=95.0)
    world.tone("short.wav", 300)
    sizes = []
    inner = world.encoder.analyse
    world.encoder.analyse = lambda blocks: inner(block for block in blocks if sizes.append(len(block)) is None)
    world.scan(added=2)
    assert max(sizes) <= 30 * 8000
    long = world.library.sounds()[0]
    assert long.duration_s == pytest.approx(95.0)
    assert (long.peaks > 100).all()


def test_a_file_that_breaks_off_in_the_middle_is_a_failure(world):
    path = world.tone("long.wav", seconds=95.0)
    path.write_bytes(path.read_bytes()[:-400_000])
    world.tone("short.wav", 300)
    world.scan(added=1, failed=1)


def test_cancelling_keeps_what_is_finished_and_the_next_scan_does_the_rest(world):
    world.encoder.wait_s = 0.01
    for number in range(60):
        world.tone(f"{number:02}.wav", 100 + 10 * number)
    ticket = Ticket()

    def stop(progress: Progress) -> None:
        if progress.total and progress.done >= 30:
            ticket.cancel()

    ticket._on_progress = stop
    with pytest.raises(Cancelled):
        world.library.scan(ticket)
    done = len(world.names())
    assert 24 <= done < 60
    world.scan(added=60 - done, unchanged=done)
    assert world.encoder.analysed <= 60 + 24


def test_progress_counts_files_and_tells_the_speed(world):
    for number in range(30):
        world.tone(f"{number:02}.wav", 100 + 10 * number)
    told: list[Progress] = []
    world.library.scan(Ticket(told.append))
    assert (told[-1].done, told[-1].total, told[-1].unit) == (30, 30, "× real time")
    assert told[-1].rate is not None
    assert told[-1].rate > 0


def test_removing_a_folder_while_it_is_scanned_leaves_nothing_of_it(world):
    for number in range(30):
        world.tone(f"{number:02}.wav", 100 + 10 * number)
    inner = world.encoder.analyse

    def analyse(blocks):
        if world.encoder.analysed == 25:
            world.library.remove(world.folder)
        return inner(blocks)

    world.encoder.analyse = analyse
    world.library.scan()
    assert world.library.folders() == []
    assert world.library.sounds() == []


def test_vectors_that_were_lost_are_made_again(world):
    world.tone("a.wav")
    world.tone("b.wav", 300)
    world.scan(added=2)
    world.store.close()
    file = next(world.store.vectors.glob("*.f32"))
    file.write_bytes(file.read_bytes()[:9])  # one row of two floats, and a torn one
    world.open()
    assert world.library.search("low").sounds == 1
    world.scan(updated=1, unchanged=1)
    assert world.library.search("low").sounds == 2


def test_every_sound_has_one_vector_for_the_map(world):
    world.tone("a.wav", seconds=3.2)
    world.tone("b.wav", 1800)
    world.scan(added=2)
    sounds, vectors = world.library.vectors()
    assert [sound.path.name for sound in sounds] == ["a.wav", "b.wav"]
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1])
