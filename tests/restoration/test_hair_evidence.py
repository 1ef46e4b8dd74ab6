import cv2
import numpy as np
import numpy.typing as npt
import pytest

from reelfix.restoration.gate_hairs import detail_of
from reelfix.restoration.hair_evidence import EVIDENCE, Lines, evidence_of, scene_paths
from reelfix.restoration.scene_motion import SceneStep

HEIGHT, WIDTH, COUNT = 120, 160, 17
MIDDLE = COUNT // 2
Frames = npt.NDArray[np.float32]


def texture(step: int, opaque: float = 0.8, moved: int = 0, tone: float = 0.05) -> Frames:
    """A texture going `step` pixels a frame to the left, and over it a curve, going `moved` pixels."""
    random = np.random.default_rng(3)
    whole = cv2.resize(random.random((16, 60), np.float32), (640, HEIGHT), interpolation=cv2.INTER_CUBIC)
    frames = np.stack([0.4 + 0.25 * whole[:, t * step + 20 : t * step + 20 + WIDTH] for t in range(COUNT)])
    y = np.arange(0, 70)
    for t, frame in enumerate(frames):
        drawn = np.zeros((HEIGHT, WIDTH), np.float32)
        x = 80 + 10 * np.sin(y / 14) - moved * (t - MIDDLE)
        points = np.rint(np.stack([x, y], axis=1) * 16).astype(np.int32)
        cv2.polylines(drawn, [points], False, opaque, 3, cv2.LINE_AA, 4)
        frame += drawn * (tone - frame)
    return frames.astype(np.float32)


def of_curve(frames: Frames, flow: float) -> dict[str, float]:
    cells = np.zeros((8, 10, 2), np.float32)
    steps = {}
    for t in range(COUNT):
        for way in (-1, 1):
            going = cells.copy()
            going[..., 0] = -flow * way
            steps[t, way] = SceneStep(going, going, going)
    details = [detail_of(frame).dark for frame in frames]
    y = np.arange(4, 34)
    x = np.rint((80 + 10 * np.sin(2 * y / 14)) / 2 - 0.25).astype(np.intp)
    lines = Lines(y, x, np.zeros(len(y), np.intp), details[MIDDLE].here[y, x], 1, bright=False)
    others = [t for t in range(COUNT) if t != MIDDLE]
    paths = scene_paths(steps, MIDDLE, others)
    evidence = evidence_of(lines, details, paths, MIDDLE, others, (HEIGHT, WIDTH))
    assert evidence.shape == (len(EVIDENCE), 1)
    return dict(zip(EVIDENCE, evidence[:, 0], strict=True))


def test_a_curve_that_stays_is_there_in_all_frames_and_not_where_the_scene_went() -> None:
    evidence = of_curve(texture(3), 3.0)
    assert evidence["stays"] > 0.9
    assert evidence["under"] > 0.8
    assert evidence["gone"] > 0.5
    assert evidence["camera_known"] > np.log(2.0)


def test_a_curve_that_goes_with_the_scene_is_found_where_that_went() -> None:
    evidence = of_curve(texture(3, moved=3), 3.0)
    assert evidence["stays"] < 0.6
    assert evidence["gone"] < 0.2


def test_on_a_still_scene_nothing_is_known_of_its_going() -> None:
    evidence = of_curve(texture(0), 0.0)
    assert evidence["gone_known"] == pytest.approx(np.log(0.1), abs=0.05)
    assert evidence["known"] < np.log(0.2)


def test_an_opaque_line_hides_the_tone_of_the_scene_beneath() -> None:
    hidden, shown = of_curve(texture(0, 0.95), 0.0), of_curve(texture(0, 0.3), 0.0)
    assert hidden["tone_even"] < shown["tone_even"]
    assert hidden["slope"] < shown["slope"] - 0.2


def test_an_edge_near_by_is_told() -> None:
    assert of_curve(texture(0), 0.0)["edge"] == pytest.approx(4 / 20)
