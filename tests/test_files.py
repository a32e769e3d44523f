"""Files are safe: what a command has read it does not write to, and what it writes is whole or not there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scamp_sim import reading
from scamp_sim.cli.main import main
from scamp_sim.exceptions import ScampError
from scamp_sim.files import write_bytes, write_file, write_text
from scamp_sim.systems.network.store import save
from tests.fuzz.newer_kinds import small_network
from tests.processes import called

KERNEL = "input image -> PIX;\nget_image(A);\noutput photo = A;\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "k.scamp").write_text(KERNEL)
    Image.fromarray(np.arange(256 * 256, dtype=np.uint8).reshape(256, 256)).save(tmp_path / "photo.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "victim"),
    [
        ("profile k.scamp --html k.scamp", "k.scamp"),
        ("profile k.scamp --html ./k.scamp", "k.scamp"),
        ("profile k.scamp --html link.scamp", "k.scamp"),
        ("export k.scamp --out k.scamp", "k.scamp"),
        ("run k.scamp --image photo.png --trace k.scamp", "k.scamp"),
        ("run k.scamp --image photo.png --trace photo.png", "photo.png"),
        ("run k.scamp --image photo.png --out .", "photo.png"),
        ("run k.scamp --image photo.png --timing prices.json --trace prices.json", "prices.json"),
        ("run k.scamp --input image=photo.png --trace photo.png", "photo.png"),
        ("run outer.scamp --image photo.png --trace inner.scamp", "inner.scamp"),
    ],
)
def test_no_command_overwrites_what_it_read(
    line: str, victim: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from scamp_sim.costs.prices import DATA

    (folder / "link.scamp").symlink_to("k.scamp")
    (folder / "inner.scamp").write_text("input image -> PIX;\n")
    (folder / "outer.scamp").write_text('include "inner.scamp";\nget_image(A);\noutput a = A;\n')
    shutil.copy(DATA / "timing_scamp5d.json", folder / "prices.json")
    before = (folder / victim).read_bytes()
    names = sorted(p.name for p in folder.iterdir())
    assert main(line.split()) == 1
    assert (folder / victim).read_bytes() == before
    assert "this command has read that file" in capsys.readouterr().err
    assert sorted(p.name for p in folder.iterdir()) == names


def test_import_replaces_only_what_it_wrote(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "main.cpp").write_text("scamp5_kernel_begin();\n  bus(A, B);\nscamp5_kernel_end();\n")
    assert main(["import", "main.cpp", "--out", "out"]) == 0
    assert main(["import", "main.cpp", "--out", "out"]) == 0
    (file,) = (folder / "out").iterdir()
    file.write_text("// my own\n")
    assert main(["import", "main.cpp", "--out", "out"]) == 1
    assert "not written by import; --force replaces it" in capsys.readouterr().err
    assert file.read_text() == "// my own\n"
    assert main(["import", "main.cpp", "--out", "out", "--force"]) == 0
    assert "bus" in file.read_text()


@pytest.mark.skipif(os.name != "posix", reason="links as POSIX has them")
def test_a_link_stays_one_and_what_it_leads_to_is_written(folder: Path) -> None:
    (folder / "shared").mkdir()
    (folder / "shared" / "edges.cpp").write_text("of before")
    for name, leads in (("mine.cpp", "shared/edges.cpp"), ("new.cpp", "shared/new.cpp")):
        (folder / name).symlink_to(leads)
        assert main(["export", "edges", "--out", name]) == 0
        assert (folder / name).is_symlink()
        assert "scamp5" in (folder / leads).read_text()
    (folder / "lost.cpp").symlink_to("nowhere/edges.cpp")
    with pytest.raises(ScampError, match=r"lost\.cpp: directory \S*nowhere does not exist; create it first"):
        write_text(folder / "lost.cpp", "", "C++")
    assert not [p for p in folder.rglob("*") if p.name.startswith(".scamp-")]


def test_network_export_replaces_only_what_it_wrote(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(small_network(), folder / "net.npz")
    line = ["network", "export", "net.npz", "--to", "out"]
    assert main(line) == main(line) == 0
    for name in ("network.cpp", "plan.json"):
        written = (folder / "out" / name).read_bytes()
        (folder / "out" / name).write_text("// my own\n")
        assert main(line) == 1
        assert f"{name} was not written by export; move it, or give another folder" in capsys.readouterr().err
        assert (folder / "out" / name).read_text() == "// my own\n"
        (folder / "out" / name).write_bytes(written)


def test_outside_of_a_command_nothing_is_remembered(folder: Path) -> None:
    reading.read_text("k.scamp", "kernel")
    write_text("k.scamp", "changed", "kernel")
    assert (folder / "k.scamp").read_text() == "changed"


def test_a_failed_write_leaves_the_old_file(folder: Path) -> None:
    def broken(aside: Path) -> None:
        aside.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(ScampError, match=r"cannot write the table to k\.scamp: No space left on device"):
        write_file("k.scamp", "table", broken)
    assert (folder / "k.scamp").read_text() == KERNEL
    assert sorted(p.name for p in folder.iterdir()) == ["k.scamp", "photo.png"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_devices_and_pipes_are_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    for name in ("pipe", "/dev/zero", "/dev/full"):
        with pytest.raises(ScampError, match="device or a pipe"):
            reading.read_bytes(name, "kernel")
        with pytest.raises(ScampError, match=r"device or a pipe|no permission"):
            write_bytes(name, b"", "kernel")


@pytest.mark.parametrize("line", ["run {}", "check {}", "list {}", "profile {}", "run k.scamp --image {}"])
def test_commands_neither_hang_nor_fill_memory_on_devices(line: str, folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    for name in ("pipe", "/dev/zero"):
        done = called(line.format(name))
        assert done.returncode == 1
        assert "is a device or a pipe" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "run {}/k.scamp",
        "run k.scamp --image {}/photo.png",
        "run k.scamp --image photo.png --trace {}/t.json",
        "run k.scamp --image photo.png --out {}/out",
        "run k.scamp --errors {}/chip.json",
        "run pixelrnn --weights {}/w.npz --clip v/leftward",
        "system validate p2m --clips {}/c.npz",
        "network read {}/n.npz",
        "import {}/a.cpp",
        "view {}/k.scamp --save page.html",
        "filter {}/k.json",
    ],
)
def test_a_folder_that_may_not_be_looked_into_is_no_missing_file(
    line: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The superuser may look everywhere, so the system's answer is put in its place."""
    closed, stat = str(folder / "closed"), os.stat

    def asked(path: Any, *args: Any, **more: Any) -> os.stat_result:
        if str(path).startswith(closed):
            raise PermissionError(13, "Permission denied", str(path))
        return stat(path, *args, **more)

    monkeypatch.setattr(os, "stat", asked)
    assert main(line.format(closed).split()) == 1
    said = capsys.readouterr()
    assert "ermission" in said.out + said.err
    assert "space on the disk" not in said.err
    assert "not the name" not in said.err
    assert "no such file" not in said.out + said.err
    assert "internal" not in said.err


NAMES = ("", "a\0b", "x" * 5000, "none/such", "k.scamp/inside", ".")


@pytest.mark.parametrize("name", NAMES)
def test_names_that_cannot_be(name: str, folder: Path) -> None:
    for read in (reading.read_text, reading.read_json, reading.read_array, reading.read_archive):
        with pytest.raises(ScampError, match=r"^weights"):
            read(name, "weights")
    if name != "none/such":
        with pytest.raises(ScampError, match="cannot write the weights"):
            write_text(name, "", "weights")


def damaged(folder: Path) -> dict[str, bytes]:
    """Archives and arrays with one kind of damage each."""
    np.savez(folder / "good.npz", a=np.arange(100.0))
    good = (folder / "good.npz").read_bytes()
    huge = good.replace(b"(100,)", b"(10**9,)"[:6]).replace(b"'shape': (100,), ", b"'shape': (10000000000,), "[:17])
    header = good.replace(b"(100,)", b"(999,)")
    return {
        "cut": good[:-30],
        "half": good[: len(good) // 2],
        "empty": b"",
        "header": header,
        "huge": huge,
        "text": b"these are no arrays",
        "open": good.replace(b"(100,)", b"((((,)"),
        "kind": good.replace(b"'<f8'", b"'<q9'"),
        "objects": good.replace(b"'<f8'", b"'|O' "),
    }


def test_damaged_archives_are_named(folder: Path) -> None:
    for name, data in damaged(folder).items():
        path = folder / f"{name}.npz"
        path.write_bytes(data)
        with pytest.raises(ScampError, match=rf"^weights .*{name}\.npz: cannot be read as \.npz: "):
            reading.read_archive(path, "weights")


@pytest.mark.parametrize("seed", range(20))
def test_mutated_archives_end_in_one_message(seed: int, folder: Path) -> None:
    np.savez(folder / "good.npz", a=np.arange(100.0), b=np.ones((3, 4), np.int8))
    good = bytearray((folder / "good.npz").read_bytes())
    draw = np.random.default_rng(seed)
    for _ in range(50):
        data = bytearray(good)
        for at in draw.integers(0, len(data), draw.integers(1, 8)):
            data[at] = draw.integers(256)
        (folder / "bad.npz").write_bytes(bytes(data))
        message = f"weights {folder / 'bad.npz'}: "
        with suppress(ScampError):
            reading.read_archive(folder / "bad.npz", "weights", _named(message))


def _named(start: str) -> type[ScampError]:
    """An error that is one of ours only if its message names the file."""

    class Named(ScampError):
        def __init__(self, message: str) -> None:
            assert message.startswith(start), message
            super().__init__(message)

    return Named


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1, "a": 2}', "'a' is given twice"),
        ("[" * 200 + "]" * 200, "nested too deeply"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": }', "line 1, column 7"),
        ("1" * 10_000, "not JSON that can be read"),
        ("", "line 1, column 1"),
    ],
)
def test_json_that_is_wrong(text: str, said: str, folder: Path) -> None:
    (folder / "r.json").write_text(text)
    with pytest.raises(ScampError, match=rf"^results r\.json: .*{said}"):
        reading.read_json("r.json", "results")


@pytest.mark.parametrize("dtype", ["f8", "f4", "i1", "u2", "?", "<U3", "c16"])
@pytest.mark.parametrize("shape", [(), (0, 3), (7,), (2, 3, 4)])
def test_arrays_come_back_as_numpy_wrote_them(dtype: str, shape: tuple[int, ...], folder: Path) -> None:
    array = np.ones(shape, dtype) if shape != (2, 3, 4) else np.asfortranarray(np.ones(shape, dtype))
    np.save(folder / "a.npy", array)
    np.savez_compressed(folder / "a.npz", a=array)
    for found in (reading.read_array("a.npy", "x"), reading.read_archive("a.npz", "x")["a"]):
        assert (found.dtype, found.shape) == (array.dtype, array.shape)
        assert np.array_equal(found, array)


def test_orientation_of_a_photograph_is_honoured(folder: Path) -> None:
    from scamp_sim.show.render import load_image

    grey = np.zeros((64, 128), np.uint8)
    grey[:, :64] = 200
    picture = Image.fromarray(grey)
    exif = picture.getexif()
    exif[0x0112] = 6  # the camera was held upright: turn it by 90 degrees
    picture.save(folder / "turned.png", exif=exif)
    assert load_image("turned.png").shape == (128, 64)


def test_large_pictures_come_without_warnings_of_the_library(folder: Path) -> None:
    from scamp_sim.show.render import load_image

    Image.fromarray(np.zeros((9500, 9500), np.uint8)).save(folder / "large.png", compress_level=1)
    assert load_image("large.png", (64, 64), resize=True).shape == (64, 64)


def test_a_machine_is_neither_copied_nor_pickled() -> None:
    import copy
    import pickle

    from scamp_sim import Machine

    machine = Machine((64, 64))
    for take in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(ScampError, match="a Machine cannot be"):
            take(machine)


@pytest.mark.parametrize("comment", ["'/* ' + 'x y\\n' * 1_250_000 + '*/'", "'// ' + 'x' * 5_000_000"])
def test_large_comments_cost_little(comment: str) -> None:
    code = (
        f"import resource; from scamp_sim import assemble; text = {comment} + '\\nmov(A, B);'; assemble('mov(A, B);')\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; assemble(text)\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)"
    )
    env = {**os.environ, "PYTHONPATH": str(Path(reading.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env)
    assert int(done.stdout) < 10 * 5_000_000


@pytest.mark.parametrize("name", ["a\\0b", "x" * 5000])
def test_includes_that_cannot_be(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "outer.scamp").write_text(f'include "{name}";\nbus(A, B);\n'.replace("\\0", "\0"))
    assert main(["check", "outer.scamp"]) == 1
    captured = capsys.readouterr()
    assert "outer.scamp:1:9: error[S108]: cannot include" in captured.out
    assert len(captured.out) < 1500


def test_parameters_without_a_default_are_checked_all_the_same(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "p.scamp").write_text(
        "param n in 3..9;\nparam w[2][2] in {-1, 1};\nkernel k { res(A); }\n"
        "program { scamp5_in(B, n); k(); output x = A; }\n"
    )
    assert main(["check", "p.scamp"]) == 0
    assert "p.scamp: checked with n = 3, w = ((-1, -1), (-1, -1)), which have no default" in capsys.readouterr().out
    assert main(["run", "p.scamp"]) == 1


def test_synthetic_clips_have_a_bound(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "pixelrnn", "--weights", "random:1", "--clips", "synthetic:100000000"]) == 1
    assert "expected 1 to 2,000 clips of each class" in capsys.readouterr().err


@pytest.mark.parametrize("colour", [False, True])
def test_pictures_of_16_bits_are_those_of_8(colour: bool, folder: Path) -> None:
    from scamp_sim.show.render import open_picture

    grey = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    Image.fromarray(grey).save(folder / "g8.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(folder / "g16.png")
    eight, sixteen = (np.asarray(open_picture(folder / f"g{n}.png", colour=colour)) for n in (8, 16))
    assert np.array_equal(eight, sixteen)
    assert eight.mean() == pytest.approx(grey.mean())


def test_pages_of_16_bits_reach_a_live_program_whole(folder: Path) -> None:
    from scamp_sim.show.frames.source import frames as source

    grey = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    pages = [Image.fromarray(grey.astype(np.uint16) * 257) for _ in range(2)]
    pages[0].save(folder / "stack.tif", save_all=True, append_images=pages[1:])
    frames = [frame for _, frame in source(folder / "stack.tif", (64, 64)).named()]
    assert len(frames) == 2
    assert all(np.array_equal(frame, grey) for frame in frames)


@pytest.mark.parametrize("value", [2**63, 2**64 - 1])
def test_labels_beyond_64_bits_are_refused(value: int, folder: Path) -> None:
    from scamp_sim.systems.base.clips import read_set
    from scamp_sim.systems.base.records import Frames
    from scamp_sim.systems.leca.data import load_pictures
    from scamp_sim.systems.pixelrnn.data.clips import read_clips

    labels = np.array([0, value], np.uint64)
    np.savez("set.npz", input=np.zeros((2, 1, 8, 8), np.uint8), labels=labels)
    np.savez("clips.npz", input=np.zeros((2, 16, 64, 64), np.uint8), label=labels)
    np.savez("pictures.npz", images=np.zeros((2, 16, 16)), labels=labels)
    for read in (
        lambda: read_set("set.npz", Frames(1, 8, 8)),
        lambda: read_clips("clips.npz"),
        lambda: load_pictures("pictures.npz", 2),
    ):
        with pytest.raises(ScampError, match="which no number of classes reaches"):
            read()


def test_a_picture_that_claims_more_than_its_bytes_can_hold(folder: Path) -> None:
    import struct
    import zlib

    from scamp_sim.pictures import load_image

    head = struct.pack(">IIBBBBB", 9_000, 9_000, 8, 6, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    data = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    (folder / "claims.png").write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    with pytest.raises(ScampError, match=r"claims\.png: 9000x9000 pixels in [0-9]+ bytes: it is damaged"):
        load_image("claims.png")


def test_what_is_written_aside_is_removed_whenever_the_process_ends(folder: Path) -> None:
    """A file is noted before it is there, so that an interrupt between the two leaves nothing either."""
    from scamp_sim import files

    file, inside = files.file_aside(folder / "k.PNG"), files.folder_aside(folder)
    (inside / "0").write_text("half")
    assert {file, inside} <= set(folder.iterdir())
    assert file.suffix == ".png"
    files.leave_nothing_aside()
    assert sorted(p.name for p in folder.iterdir()) == ["k.scamp", "photo.png"]
    files.remove_aside(file)
