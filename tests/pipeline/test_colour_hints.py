"""Hints and references: written by hand or by command, checked, and with the shot that holds their frame."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from reelfix.pipeline.colour_hints import parse_color
from reelfix.pipeline.colour_hints_edit import add_point, add_reference, drop_points, drop_reference
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.hint_files import hint_files, hints_of
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.reference_pictures import decoded_rgb, within
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.spans import Span

MakeReel = Callable[..., Reel]


@pytest.fixture
def reel(make_tiny_reel: MakeReel) -> Reel:
    """20 frames of 40x32, in two shots of ten."""
    return make_tiny_reel()


def picture(path: Path, height: int = 32, width: int = 40, blue: int = 200) -> Path:
    values = np.zeros((height, width, 3), np.uint8)
    values[:] = (blue, 90, 60)
    path.write_bytes(cv2.imencode(path.suffix, values)[1].tobytes())
    return path


def names(reel: Reel) -> list[str]:
    return sorted(path.name for path in (reel.root / "hints").iterdir())


def test_a_point_is_kept_with_its_shot(reel: Reel) -> None:
    shot, point = add_point(reel, 12, (20, 8), "sienna", shot=2, radius=3)
    assert (shot.number, point.color) == (2, "#a0522d")
    assert point.rgb == pytest.approx((160 / 255, 82 / 255, 45 / 255))
    assert names(reel) == ["shot-0002.json"]
    assert json.loads((reel.root / "hints" / "shot-0002.json").read_text())["points"] == [
        {"frame": 12, "x": 20, "y": 8, "color": "#a0522d", "radius": 3}
    ]
    first, second = reel.shots()
    assert hints_of(reel).of(first).points == ()
    assert hints_of(reel).of(second).points == (point,)
    # Another colour at the same place is instead of it, another place besides.
    add_point(reel, 12, (20, 8), "#00f", shot=2)
    add_point(reel, 11, (0, 31), "rgb(1, 2, 3)")
    assert [(entry.frame, entry.color) for entry in hints_of(reel).of(second).points] == [
        (11, "#010203"),
        (12, "#0000ff"),
    ]


def test_a_hint_goes_with_its_frame_whatever_the_shots(reel: Reel, tmp_path: Path) -> None:
    add_point(reel, 12, (20, 8), "#123456")
    add_point(reel, 17, (20, 8), "#654321")
    add_reference(reel, picture(tmp_path / "still.png"), shot=2)
    reel.write_shots([Shot(1, 0, 4), Shot(2, 4, 10), Shot(3, 10, 15), Shot(4, 15, 20)])
    hints = hints_of(reel)
    found = [[point.frame for point in hints.of(shot).points] for shot in reel.shots()]
    assert found == [[], [], [12], [17]]
    assert [len(hints.of(shot).references) for shot in reel.shots()] == [0, 0, 1, 1]
    reel.write_shots([Shot(1, 0, 20)])
    assert [point.frame for point in hints_of(reel).of(reel.shots()[0]).points] == [12, 17]
    assert len(hints_of(reel).of(reel.shots()[0]).references) == 1


def test_a_span_is_the_shot_that_has_most_of_it() -> None:
    span = Span(10, 20)
    assert [
        span.is_of(Shot(1, *frames)) for frames in [(9, 19), (0, 14), (14, 30), (12, 14), (0, 40), (20, 30)]
    ] == [
        True,
        False,
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frame": 20}, "frame 20 is none of this reel's, 0-19"),
        ({"frame": 3}, "frame 3 is in shot 1, not in shot 2, whose frames are 10-19"),
        ({"place": (40, 3)}, "40,3 is outside the picture: x is 0-39, y 0-31"),
        ({"place": (3, -1)}, "outside the picture"),
        ({"color": "reddish"}, "'reddish' is not a colour; write it like '#7a5230'"),
        ({"radius": 0.0}, "radius of 0 pixels"),
        ({"shot": 3}, "there is no shot 3"),
    ],
)
def test_what_cannot_be_is_refused(reel: Reel, change: dict[str, object], message: str) -> None:
    asked = {"frame": 12, "place": (1, 2), "color": "#123456", "shot": 2} | change
    with pytest.raises(UsageError, match=message):
        add_point(reel, **asked)  # type: ignore[arg-type]
    assert not (reel.root / "hints").exists()


@pytest.mark.parametrize("text", ["#7a5230", "#7A5230", "rgb(122, 82, 48)", " #7a5230 "])
def test_colours_are_read_as_people_write_them(text: str) -> None:
    assert parse_color(text) == "#7a5230"


def test_points_are_dropped_one_by_one_or_together(reel: Reel) -> None:
    for frame in (11, 12, 12):
        for x in (3, 4):
            add_point(reel, frame, (x, 5), "red")
    add_point(reel, 2, (3, 5), "red")
    assert [(point.frame, point.x) for point in drop_points(reel, frame=12, place=(4, 5))] == [(12, 4)]
    assert [(point.frame, point.x) for point in drop_points(reel, frame=11)] == [(11, 3), (11, 4)]
    assert len(drop_points(reel, shot=2)) == 1
    assert names(reel) == ["shot-0001.json"]
    with pytest.raises(UsageError, match="no such point"):
        drop_points(reel, shot=2)


def test_references_are_copied_and_dropped(reel: Reel, tmp_path: Path) -> None:
    shot, still = add_reference(reel, picture(tmp_path / "a.jpg", 90, 70), shot=1)
    assert (shot.number, still.frame, still.span) == (1, None, Span(0, 10))
    _, first = add_reference(reel, picture(tmp_path / "b.png"), frame=4)
    _, second = add_reference(reel, picture(tmp_path / "c.png", blue=20), frame=4)
    assert names(reel) == sorted(["shot-0001.json", still.picture, second.picture])
    assert hints_of(reel).references == (still, second)
    assert hints_of(reel).colouring_of(4) == second
    assert hints_of(reel).of(reel.shots()[0]).frames == (4,)
    kept = (reel.root / "hints" / still.picture).read_bytes()
    assert kept.startswith(b"\x89PNG")
    assert decoded_rgb(kept, "")[5, 5] == pytest.approx(np.array([60, 90, 200]) / 255, abs=0.03)
    with pytest.raises(UsageError, match="there is no reference"):
        drop_reference(reel, first.picture)
    drop_reference(reel, second.picture)
    drop_reference(reel, still.picture)
    assert names(reel) == []
    assert hint_files(reel) == ()


def test_pictures_that_will_not_do_are_refused(reel: Reel, tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("no picture")
    gray = tmp_path / "gray.png"
    gray.write_bytes(cv2.imencode(".png", np.full((32, 40), 90, np.uint8))[1].tobytes())
    small = picture(tmp_path / "small.png", 16, 20)
    for path, frame, message in (
        (text, None, "not a picture that can be read"),
        (gray, None, "is gray"),
        (small, 3, "is 20x16: the colouring of a frame must be as large as the reel's frames, 40x32"),
    ):
        with pytest.raises(UsageError, match=message):
            add_reference(reel, path, shot=1, frame=frame)
    with pytest.raises(UsageError, match="say --shot"):
        add_reference(reel, small)
    assert not (reel.root / "hints").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"points": [{"frame": 3, "x": 1, "y": 2}]}, "a point has frame, x, y and color"),
        ({"points": [{"frame": 3, "x": 99, "y": 2, "color": "red"}]}, "99,2 is outside the picture"),
        ({"points": [{"frame": 3, "x": 9, "y": 2, "color": "rod"}]}, "'rod' is not a colour"),
        ({"references": [{"picture": "no.png"}]}, "there is no picture no.png"),
        ({"hints": []}, "there is no 'hints'"),
        ([], "not as hints are written"),
    ],
)
def test_a_file_written_wrong_is_named(reel: Reel, content: object, message: str) -> None:
    folder = Path(str(reel.root)) / "hints"
    folder.mkdir()
    (folder / "shot-0001.json").write_text(json.dumps(content))
    with pytest.raises(UsageError, match=message) as caught:
        hints_of(reel)
    assert "shot-0001.json" in str(caught.value)


def test_a_file_written_by_hand_may_leave_out_what_follows(reel: Reel, tmp_path: Path) -> None:
    folder = Path(str(reel.root)) / "hints"
    folder.mkdir()
    picture(folder / "mine.png")
    points = [{"frame": 13, "x": 1, "y": 2, "color": "red"}]
    (folder / "shot-0002.json").write_text(
        json.dumps({"points": points, "references": [{"picture": "mine.png"}]})
    )
    (reference,) = hints_of(reel).of(reel.shots()[1]).references
    assert (reference.span, reference.frame) == (Span(10, 20), None)
    assert hints_of(reel).points[0].radius == 5
    assert replace(reference, frame=3).is_of(reel.shots()[0])


def test_large_references_are_shrunk() -> None:
    rgb = np.random.default_rng(0).random((30, 60, 3), np.float32)
    assert within(rgb, 60) is rgb
    assert within(rgb, 20).shape == (10, 20, 3)
    assert within(rgb, 20).mean() == pytest.approx(rgb.mean(), abs=1e-3)
