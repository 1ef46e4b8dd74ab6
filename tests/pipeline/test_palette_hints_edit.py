"""What is said of a whole shot: kept in its file of hints, replaced, dropped, refused."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from reelfix.pipeline.colour_hints_edit import add_point
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.hint_files import hints_of
from reelfix.pipeline.palette_hints_edit import drop_from_shot, set_palette, set_saturation
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import Shot

MakeReel = Callable[..., Reel]


@pytest.fixture
def reel(make_tiny_reel: MakeReel) -> Reel:
    """20 frames of 40x32, in two shots of ten."""
    return make_tiny_reel()


def picture(path: Path, blue: int = 200) -> Path:
    values = np.full((9, 7, 3), 60, np.uint8)
    values[..., 0] = blue
    path.write_bytes(cv2.imencode(path.suffix, values)[1].tobytes())
    return path


def names(reel: Reel) -> list[str]:
    return sorted(path.name for path in (reel.root / "hints").iterdir())


def content(reel: Reel) -> dict[str, object]:
    found: dict[str, object] = json.loads((reel.root / "hints" / "shot-0002.json").read_text())
    return found


def test_a_palette_is_kept_with_its_picture_and_replaced(reel: Reel, tmp_path: Path) -> None:
    shot, first = set_palette(reel, picture(tmp_path / "a.png"), 2)
    assert (shot.number, first.strength) == (2, 0.5)
    assert names(reel) == ["shot-0002.json", first.picture]
    assert content(reel)["palettes"] == [{"picture": first.picture, "strength": 0.5, "frames": [10, 20]}]
    _, second = set_palette(reel, picture(tmp_path / "b.jpg", blue=100), 2, strength=1)
    assert names(reel) == ["shot-0002.json", second.picture]
    assert hints_of(reel).of(reel.shots()[1]).palettes == (second,)
    assert hints_of(reel).of(reel.shots()[0]).palettes == ()
    # The same picture again, followed otherwise.
    _, third = set_palette(reel, tmp_path / "b.jpg", 2, strength=0.25)
    assert names(reel) == ["shot-0002.json", third.picture]
    reel.write_shots([Shot(1, 0, 8), Shot(2, 8, 20)])
    assert hints_of(reel).of(reel.shots()[1]).palettes == (third,)


def test_a_saturation_is_kept_and_replaced(reel: Reel) -> None:
    set_saturation(reel, 0.4, 2)
    _, told = set_saturation(reel, 0.3, 2)
    assert content(reel) == {
        "version": 1,
        "points": [],
        "references": [],
        "saturations": [{"value": 0.3, "frames": [10, 20]}],
    }
    assert hints_of(reel).saturations == (told,)


def test_all_that_is_said_of_a_shot_is_dropped_or_one_kind(reel: Reel, tmp_path: Path) -> None:
    _, point = add_point(reel, 12, (1, 2), "red")
    _, palette = set_palette(reel, picture(tmp_path / "a.png"), 2)
    _, told = set_saturation(reel, 0.3, 2)
    set_saturation(reel, 0.2, 1)
    dropped = drop_from_shot(reel, 2, points=False, palette=True, saturation=False)
    assert (dropped.points, dropped.palettes, dropped.saturations) == ((), (palette,), ())
    assert names(reel) == ["shot-0001.json", "shot-0002.json"]
    dropped = drop_from_shot(reel, 2, points=True, palette=True, saturation=True)
    assert (dropped.points, dropped.palettes, dropped.saturations) == ((point,), (), (told,))
    assert names(reel) == ["shot-0001.json"]
    with pytest.raises(UsageError, match="nothing such is said of shot 2"):
        drop_from_shot(reel, 2, points=True, palette=True, saturation=True)


def test_what_cannot_be_is_refused(reel: Reel, tmp_path: Path) -> None:
    gray = picture(tmp_path / "gray.png", blue=60)
    for path, shot, strength, message in (
        (tmp_path / "none.png", 2, 0.5, "there is no file .*none.png"),
        (gray, 2, 0.5, "gray.png is gray: a palette must have the colours"),
        (picture(tmp_path / "a.png"), 3, 0.5, "there is no shot 3"),
        (tmp_path / "a.png", 2, 1.5, "strength of 1.5 is not allowed: from 0"),
    ):
        with pytest.raises(UsageError, match=message):
            set_palette(reel, path, shot, strength=strength)
    for value in (-0.1, 1.5, float("nan")):
        with pytest.raises(UsageError, match="is not allowed: it is the mean"):
            set_saturation(reel, value, 2)
    assert not (reel.root / "hints").exists()


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"palettes": [{"picture": "none.png"}]}, "there is no picture none.png beside it"),
        ({"palettes": [{"strength": 1}]}, "KeyError.*a palette have picture"),
        ({"saturations": [{"value": 3}]}, "saturation of 3 is not allowed"),
        ({"saturations": [{"value": "much"}]}, "a saturation has value"),
    ],
)
def test_a_file_written_wrongly_is_said_so(reel: Reel, written: dict[str, object], message: str) -> None:
    (reel.root / "hints").mkdir()
    (reel.root / "hints" / "shot-0002.json").write_text(json.dumps(written))
    with pytest.raises(UsageError, match=message):
        hints_of(reel)


def test_a_file_may_be_written_by_hand(reel: Reel) -> None:
    (reel.root / "hints").mkdir()
    (reel.root / "hints" / "shot-0002.json").write_text('{"saturations": [{"value": 0.2}]}')
    (told,) = hints_of(reel).saturations
    assert (told.value, told.span.start, told.span.stop) == (0.2, 10, 20)
