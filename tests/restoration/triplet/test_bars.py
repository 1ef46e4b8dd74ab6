"""The weights that are shipped: each track bar moves its own measure steadily, and the others' little."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch

from reelfix.restoration.arrays import Plane
from reelfix.restoration.metrics.bars import BarFigures, BarTruth
from reelfix.restoration.models.weights import load_weights
from reelfix.restoration.triplet.compact import BARS, CELL, NEIGHBOURS, CompactNets, View
from reelfix.restoration.triplet.levels import levels_of, stretched

WEIGHTS = "triplet-compact"
SIZE = 128
BLACK, WHITE = 0.15, 0.8
BLUR, GRAIN = 0.9, 0.025
LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)

LEAST = {"denoise": 0.5, "sharpness": 0.08, "contrast": 0.35, "scratches": 0.7}
"""What a full bar takes out of its own damage at least, as a share of it."""
MOST = 0.2
"""What it changes of each other damage at most, as a share of that."""
AIM = np.array(BarFigures(noise=0.0, sharpness=1.0, contrast=1.0, scratches=0.0))


def _clean() -> Plane:
    """Stripes, discs and a slope of tone, with texture between: edges of all directions, and flat places."""
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    plane = 0.25 + 0.3 * columns / SIZE
    plane[np.hypot(rows - 36, columns - 40) < 24] = 0.8
    plane[np.hypot(rows - 88, columns - 92) < 28] = 0.07
    plane[80:120, 10:40] = 0.85
    plane[90:110, 16:34] = 0.1
    plane[8:28, 80:120] += 0.08 * np.sign(np.sin(columns[8:28, 80:120]))
    return np.asarray(cv2.GaussianBlur(plane, (0, 0), 0.5), dtype=np.float32)


def _grainy(soft: Plane, random: np.random.Generator) -> Plane:
    grain = cv2.GaussianBlur(random.standard_normal(soft.shape, np.float32), (0, 0), 0.6)
    return soft + np.float32(GRAIN / grain.std()) * grain


def _filled(picture: Plane, hole: npt.NDArray[np.bool_]) -> Plane:
    """Give a hole the mean of what is around it."""
    sound = np.where(hole, np.float32(0), np.float32(1))
    around = cv2.GaussianBlur(picture * sound, (0, 0), 5.0) / (cv2.GaussianBlur(sound, (0, 0), 5.0) + 1e-4)
    return np.where(hole, around, picture).astype(np.float32)


def _damaged() -> tuple[BarTruth, View, torch.Tensor]:
    """A still scene: blurred, grainy, marked by a scratch and two blotches, filled there, and faded.

    Returns the truth, the view of the filled picture, and the marked picture (1, 1, SIZE, SIZE).
    """
    random = np.random.default_rng(0)
    hole = np.zeros((SIZE, SIZE), bool)
    hole[:, 58:62] = True
    hole[30:42, 12:26] = hole[100:112, 36:46] = True
    clean = _clean()
    soft = cv2.GaussianBlur(clean, (0, 0), BLUR)
    unmarked = _grainy(soft, random)
    frame = _filled(unmarked, hole)
    marked = np.where(hole, np.float32(1.05), unmarked)
    neighbours = np.stack([np.where(hole, frame, _grainy(soft, random)) for _ in range(NEIGHBOURS)])
    trust = cv2.resize(
        1 - hole.astype(np.float32), None, fx=1 / CELL, fy=1 / CELL, interpolation=cv2.INTER_AREA
    )
    view = View(
        _faded(frame)[None, None],
        torch.from_numpy(hole.astype(np.float32))[None, None],
        _faded(neighbours)[None],
        torch.from_numpy(np.stack([0.9 * trust] * NEIGHBOURS).astype(np.float32))[None],
        _faded(np.mean([frame, *neighbours], axis=0, dtype=np.float32))[None, None],
    )
    view = view._replace(stretched=stretched(view.frame, levels_of(view.frame[0])[0]))
    return BarTruth(marked, unmarked, soft, clean), view, _faded(marked)[None, None]


def _faded(picture: npt.NDArray[np.float32]) -> torch.Tensor:
    return torch.from_numpy(BLACK + (WHITE - BLACK) * picture).float()


@pytest.fixture(scope="module")
def curves() -> dict[str, npt.NDArray[np.float64]]:
    """Measures (len(LEVELS), 4) along each bar, the others at 0."""
    truth, view, marked = _damaged()
    nets = CompactNets().eval()
    nets.load_state_dict(load_weights(WEIGHTS))
    with torch.inference_mode():
        latent, (moves,) = nets.moves(view)
        before = nets.decoder(latent)

        def figures(bar: int, level: float) -> BarFigures:
            unfilled = 1 - level * (BARS[bar] == "scratches")
            filled = view.frame + unfilled * (marked - view.frame)
            result = filled + nets.decoder(latent + level * moves[bar]) - before
            return truth.figures(result[0, 0].numpy())

        return {
            name: np.array([figures(bar, level) for level in LEVELS], dtype=np.float64)
            for bar, name in enumerate(BARS)
        }


@pytest.mark.parametrize("name", BARS)
def test_each_bar_takes_out_more_of_its_own_damage_the_further_it_is(
    curves: dict[str, npt.NDArray[np.float64]], name: str
) -> None:
    bar = BARS.index(name)
    taken_out = (curves[name] - curves[name][0])[:, bar] / (AIM - curves[name][0])[bar]
    assert (np.diff(taken_out) > 0).all()
    assert taken_out[-1] > LEAST[name]


@pytest.mark.parametrize("name", BARS)
def test_each_bar_leaves_what_is_the_others(curves: dict[str, npt.NDArray[np.float64]], name: str) -> None:
    taken_out = (curves[name][-1] - curves[name][0]) / (AIM - curves[name][0])
    others = np.delete(taken_out, BARS.index(name))
    assert (np.abs(others) < MOST).all(), dict(zip(BARS, taken_out.round(3), strict=True))
