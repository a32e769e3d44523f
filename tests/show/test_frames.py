"""Frames in: one reader for pictures, folders, animations, arrays, patterns and videos."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import scamp_sim
from scamp_sim import Machine, PlaneError, ProgramError, assemble
from scamp_sim.show.frames.source import files_of

Grey = Any


def ramp(level: int, shape: tuple[int, int] = (64, 64)) -> Grey:
    return np.full(shape, level, np.uint8)


def save(path: Path, image: Grey) -> Path:
    Image.fromarray(image).save(path)
    return path


def film(path: Path, frames: list[Grey], fps: float = 10, codec: str = "libx264") -> Path:
    """A video, losslessly coded where the codec can do it."""
    av = pytest.importorskip("av")
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=int(fps))
        stream.height, stream.width = frames[0].shape
        stream.pix_fmt = "yuv420p"
        if codec == "libx264":
            stream.options = {"qp": "0"}
        for frame in frames:
            for packet in stream.encode(av.VideoFrame.from_ndarray(frame, format="gray")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def levels(source: Any, **options: Any) -> list[int]:
    return [round(float(frame.mean())) for frame in scamp_sim.frames(source, **options)]


# --- sources ------------------------------------------------------------------------------------------------------


def test_a_folder_is_read_as_one_counts(tmp_path: Path) -> None:
    for n in (10, 2, 1):
        save(tmp_path / f"f{n}.png", ramp(n))
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_text("no picture")
    assert levels(tmp_path) == [1, 2, 10]


def test_a_pattern_takes_its_numbers_in_order(tmp_path: Path) -> None:
    for n in (0, 3, 12):
        save(tmp_path / f"f{n:03}.png", ramp(n))
    save(tmp_path / "f3.png", ramp(99))
    save(tmp_path / "g000.png", ramp(98))
    assert levels(tmp_path / "f%03d.png") == [0, 3, 12]
    assert sorted(levels(tmp_path / "f%d.png")) == [0, 3, 12, 99]
    assert files_of(save(tmp_path / "50%d.png", ramp(1))) == [tmp_path / "50%d.png"]  # a file of that very name


def test_animations_and_arrays_give_every_frame(tmp_path: Path) -> None:
    first, *others = (Image.fromarray(ramp(n)) for n in (5, 90, 200))
    first.save(tmp_path / "a.gif", save_all=True, append_images=others, duration=50)
    np.save(tmp_path / "b.npy", np.stack([ramp(7), ramp(8)]))
    np.savez(tmp_path / "c.npz", frames=ramp(9))
    found = scamp_sim.frames([tmp_path / "a.gif", tmp_path / "b.npy", tmp_path / "c.npz"])
    assert found.expected == 6
    assert found.fps == pytest.approx(20)
    named = list(found.named())
    assert [name for name, _ in named] == ["a.gif#1", "a.gif#2", "a.gif#3", "b.npy#1", "b.npy#2", "c.npz"]
    assert [round(float(f.mean())) for _, f in named] == [5, 90, 200, 7, 8, 9]


def test_frames_are_decoded_again_each_time(tmp_path: Path) -> None:
    found = scamp_sim.frames(save(tmp_path / "a.png", ramp(3)))
    assert len(list(found)) == len(list(found)) == 1
    assert repr(found) == "<Frames: 1 file, 64x64, 1 frames>"


def test_fewer_frames_than_asked_for_are_repeated(tmp_path: Path) -> None:
    save(tmp_path / "a.png", ramp(1))
    save(tmp_path / "b.png", ramp(2))
    assert levels(tmp_path, count=5) == [1, 2, 1, 2, 1]
    assert levels(tmp_path, count=1) == [1]


def test_sizes_are_fitted_and_told_once(tmp_path: Path) -> None:
    pictures = [save(tmp_path / f"{n}.png", ramp(n, s)) for n, s in enumerate([(64, 64), (128, 256), (128, 256)])]
    found = scamp_sim.frames(pictures, (64, 64), resize=True)
    assert {f.shape for f in found} == {(64, 64)}
    assert found.told() == "pictures of 128x256 (2 frames) are cropped at the centre and scaled to 64x64"
    assert not scamp_sim.frames(pictures[0], (64, 64), resize=True).told()
    with pytest.raises(PlaneError, match=r"1\.png: 128x256 \(rows x columns\), but the array is 64x64; .*--resize"):
        list(scamp_sim.frames(pictures))


def test_pages_have_no_time(tmp_path: Path) -> None:
    """fps is for what has a time: all pages of a TIFF are frames."""
    first, *rest = [Image.fromarray(ramp(20 * n)) for n in range(5)]
    first.save(tmp_path / "pages.tif", save_all=True, append_images=rest)
    found = [int(f[0, 0]) for f in scamp_sim.frames(tmp_path / "pages.tif", fps=10)]
    assert found == [0, 20, 40, 60, 80]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda p: (p / "empty").mkdir() or p / "empty", "the folder is empty"),
        (lambda p: save(p / "x.txt.png", ramp(1)).rename(p / "x.txt").parent, "holds no pictures, but 1 other file"),
        (lambda p: save(p / "x.mp4.png", ramp(1)).rename(p / "x.mp4").parent, "name the video in it"),
        (lambda p: (p / "in" / "side").mkdir(parents=True) or p / "in", "the folder holds no pictures itself"),
        (lambda p: p / "none.png", "no such file"),
        (lambda p: p / "f%04d.png", "no file of this pattern, such as f0001.png"),
        (lambda p: p / "f%d-%d.png", "one number is expected"),
        (lambda p: "", "the name of the image is empty"),
        (lambda p: [], "the list of files is empty"),
    ],
)
def test_what_holds_no_frames(make: Any, said: str, tmp_path: Path) -> None:
    with pytest.raises(PlaneError, match=said):
        list(scamp_sim.frames(make(tmp_path)))


@pytest.mark.parametrize("options", [{"fps": 0}, {"fps": float("nan")}, {"count": 0}, {"count": True}])
def test_nonsense_is_refused(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="expected"):
        scamp_sim.frames(save(tmp_path / "a.png", ramp(1)), **options)


# --- videos -------------------------------------------------------------------------------------------------------


def test_a_video_is_its_luma(tmp_path: Path) -> None:
    path = film(tmp_path / "v.mp4", [ramp(n) for n in (0, 64, 128, 255)])
    found = scamp_sim.frames(path)
    assert found.expected == 4
    assert found.fps == pytest.approx(10)
    for frame, level in zip(found, (0, 64, 128, 255), strict=True):
        assert np.abs(frame.astype(int) - level).max() <= 1  # 219 levels of a video stand for 256


@pytest.mark.parametrize(("name", "codec"), [("v.avi", "mpeg4"), ("v.mkv", "libx264"), ("v.webm", "libvpx-vp9")])
def test_other_containers(name: str, codec: str, tmp_path: Path) -> None:
    path = film(tmp_path / name, [ramp(40)] * 3, codec=codec)
    assert levels(path) == [40] * 3


def test_fps_samples_by_time(tmp_path: Path) -> None:
    path = film(tmp_path / "v.mp4", [ramp(10 * n) for n in range(10)])
    assert levels(path, fps=5) == pytest.approx([0, 20, 40, 60, 80], abs=1)
    assert levels(path, fps=20)[:4] == pytest.approx([0, 0, 10, 10], abs=1)
    assert scamp_sim.frames(path, fps=5).fps == 5
    assert scamp_sim.frames(path, fps=5).expected == 5


def test_videos_that_cannot_be_decoded(tmp_path: Path) -> None:
    whole = film(tmp_path / "v.mp4", [ramp(n) for n in range(8)]).read_bytes()
    for name, data, said in (
        ("text.mp4", b"no film", "FFmpeg, through PyAV, cannot decode it"),
        ("none.mp4", b"", "FFmpeg, through PyAV, cannot decode it: the file is empty; save it again"),
        ("list.mp4", b"#EXTM3U\n#EXTINF:5,\nhttp://127.0.0.1:1/x.mp4\n#EXT-X-ENDLIST\n", "cannot decode it"),
        ("cut.mp4", whole[: len(whole) // 2], "cannot decode it|holds no pictures"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(PlaneError, match=said):
            list(scamp_sim.frames(tmp_path / name))


def test_a_video_that_is_cut_off_or_damaged_says_so(tmp_path: Path) -> None:
    """FFmpeg gives what it can decode of such a file, and no error."""
    av = pytest.importorskip("av")
    noise = [np.random.default_rng(n).integers(0, 255, (64, 64), np.uint8) for n in range(30)]
    whole = film(tmp_path / "v.mkv", noise)
    ahead = {"movflags": "faststart"}
    with av.open(str(whole)) as given, av.open(str(tmp_path / "v.mp4"), "w", options=ahead) as taken:
        stream = taken.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                taken.mux(packet)
    for name in ("v.mkv", "v.mp4"):
        data = (tmp_path / name).read_bytes()
        found = scamp_sim.frames(tmp_path / name)
        assert len(list(found)) == 30
        assert found.told_lost() == []
        (tmp_path / f"cut-{name}").write_bytes(data[: len(data) // 2])
        found = scamp_sim.frames(tmp_path / f"cut-{name}")
        assert 5 < len(list(found)) < 25
        (told,) = found.told_lost()
        assert f"cut-{name}: its frames end after " in told
        assert " of 3.00 s; it is damaged or cut off, so get it again" in told
    some = scamp_sim.frames(tmp_path / "cut-v.mkv", count=2)
    assert len(list(some)) == 2
    assert some.told_lost() == []  # what was not asked for is not missed
    stream_of = bytearray(film(tmp_path / "v.ts", noise, codec="mpeg2video").read_bytes())
    stream_of[len(stream_of) // 3 : len(stream_of) // 2] = bytes(len(stream_of) // 2 - len(stream_of) // 3)
    (tmp_path / "hole.ts").write_bytes(stream_of)
    found = scamp_sim.frames(tmp_path / "hole.ts")
    assert len(list(found)) < 30
    assert "damaged" in found.told_lost()[0]


def test_videos_beside_pictures_in_a_folder_are_told(tmp_path: Path) -> None:
    save(tmp_path / "1.png", ramp(1))
    assert scamp_sim.frames(tmp_path).told_lost() == []
    (tmp_path / "v.mp4").write_bytes(b"")
    found = scamp_sim.frames(tmp_path)
    assert len(list(found)) == 1
    (told,) = found.told_lost()
    assert told == f"image {tmp_path}: 1 video in the folder passed over; name each: {tmp_path / 'v.mp4'}"


def test_what_holds_no_pictures_is_said_once(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 44100
        for packet in (*stream.encode(sound), *stream.encode()):
            container.mux(packet)
    for ask in (lambda f: f.expected, list):
        with pytest.raises(PlaneError, match=r"^video \S*d\.mp4: it holds no pictures, only audio; give another file$"):
            ask(scamp_sim.frames(tmp_path / "sound.mp4"))
    (tmp_path / "film.xyz").write_bytes(b"no picture")
    with pytest.raises(PlaneError, match=r"common format; a video is known by its ending, such as \.mp4 or \.mkv$"):
        list(scamp_sim.frames(tmp_path / "film.xyz"))


def test_streams_without_a_container(tmp_path: Path) -> None:
    path = film(tmp_path / "v.h264", [ramp(n) for n in (10, 90, 200)])
    assert levels(path) == pytest.approx([10, 90, 200], abs=1)


def test_messages_name_the_file_as_it_was_given(tmp_path: Path) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    save(inside / "a#1.png", ramp(1, (32, 32)))
    with pytest.raises(PlaneError, match=r"image \S*in.a#1\.png: 32x32"):
        list(scamp_sim.frames(inside / "a#1.png", (64, 64)))
    np.save(inside / "a.npy", np.full((2, 64, 64), 0.5))
    with pytest.raises(PlaneError, match=r"in.a\.npy#1: values 0 to 0.5"):
        list(scamp_sim.frames(inside / "a.npy"))
    Image.new("1", (20_000, 20_000)).save(inside / "large.png")
    with pytest.raises(PlaneError, match=r"large\.png: too many pixels; at most 100,000,000 are read, so scale"):
        list(scamp_sim.frames(inside / "large.png"))


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "av", None)
    (tmp_path / "v.mp4").write_bytes(b"x")
    with pytest.raises(PlaneError, match=r"PyAV: pip install .*\[video\]"):
        list(scamp_sim.frames(tmp_path / "v.mp4"))


# --- cameras ------------------------------------------------------------------------------------------------------


def test_a_camera_gives_as_many_frames_as_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """FFmpeg's own source of test pictures stands where the device of a camera would."""
    av = pytest.importorskip("av")
    if "lavfi" not in av.formats_available:
        pytest.skip("this build of PyAV has no source of test pictures")
    from scamp_sim.show.frames import camera

    monkeypatch.setattr(camera, "DEVICES", {sys.platform: ("lavfi", "testsrc=size=128x64:rate=10,format=gray,loop={}")})
    found = scamp_sim.frames("camera", (64, 64), resize=True, count=3)
    assert [name for name, _ in found.named()] == ["camera#1", "camera#2", "camera#3"]
    assert found.told().startswith("pictures of 64x128 are cropped")
    assert all(frame.std() > 20 for frame in found)
    assert found.expected == 3


def test_what_is_said_of_cameras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ProgramError, match=r"frames without end; say how many with --frames N"):
        scamp_sim.frames("camera")
    monkeypatch.chdir(tmp_path)
    np.save("camera.npy", np.zeros((2, 64, 64), np.uint8))
    Path("camera.npy").rename("camera")  # a file of that name is the file
    with pytest.raises(PlaneError, match="camera"):
        list(scamp_sim.frames("camera"))
    pytest.importorskip("av")
    if sys.platform == "linux" and not Path("/dev/video77").exists():
        with pytest.raises(
            PlaneError, match=r"camera:77: FFmpeg, through PyAV, cannot open /dev/video77: No such file"
        ):
            list(scamp_sim.frames("camera:77", count=1))
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(PlaneError, match="cameras are read on Linux and macOS; record a video"):
        list(scamp_sim.frames("camera:0", count=1))


# --- in Python ----------------------------------------------------------------------------------------------------

MEMORY = """\
input image -> PIX;
kernel k { get_image(A); sub(C, A, B); mov(B, A); }
program { k(); output change = C; }
"""


def test_run_frames_keeps_state(tmp_path: Path) -> None:
    np.save(tmp_path / "f.npy", np.stack([ramp(n) for n in (50, 50, 90)]))
    machine = Machine((64, 64))
    runs = machine.run_frames(assemble(MEMORY), scamp_sim.frames(tmp_path / "f.npy"))
    means = [float(run.outputs["change"].mean()) for run in runs]
    assert means[1] == pytest.approx(0, abs=0.01)
    assert means[2] == pytest.approx(40 * 127 / 255, abs=0.01)


def test_run_frames_feeds_registers_as_run_does() -> None:
    machine = Machine((64, 64))
    (run,) = machine.run_frames(assemble("mov(B, A);"), [ramp(138)])
    assert (run.outputs["B"] == 10).all()
    (run,) = machine.run_frames(assemble("MOV(R2, R1);"), [ramp(200)], to="R1")
    assert run.outputs["R2"].all()


def test_run_frames_says_what_it_takes() -> None:
    machine = Machine((64, 64))
    with pytest.raises(ProgramError, match=r"scamp_sim\.frames\(path, machine\.shape\) reads files"):
        next(machine.run_frames(assemble(MEMORY), "clip.mp4"))
    with pytest.raises(PlaneError, match="128x64, but the array is 64x64"):
        next(machine.run_frames(assemble(MEMORY), [ramp(1, (128, 64))]))
