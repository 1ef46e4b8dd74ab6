"""Hints as nets for colour meet them: points that a person gives, and what was matched to a reference."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Planes = npt.NDArray[np.float32]

_MOST_POINTS: Final = 100
_LARGEST_POINT: Final = 4  # cells along a side
_SHIFT: Final = 6.0  # Lab units: standard deviation of how much the reference's colours differ as a whole
_WARP: Final = 3.0  # cells: how far matches are off


@dataclass(frozen=True)
class HintSettings:
    """How often there are which hints; else there are none."""

    points: float = 0.35
    """Share of the pictures with 1 to 100 points, few more often than many."""
    matched: float = 0.3
    """Share of the pictures with hints all over, as from a reference: displaced, in part wrong, less sure."""
    turned: float = 0.2
    """Share of the pictures with hints in many places that have other hues than they had, hints and truth
    alike: hints are to be believed, not what is likely."""


_MANY: Final = 0.03  # share of the places that have hints, for hues to be told by them


def turned_hues(
    ab: Planes, told: Planes, weight: Planes, settings: HintSettings, random: np.random.Generator
) -> tuple[Planes, Planes]:
    """Turn the hues of truth and hints alike by an angle, some of the time, where hints are many."""
    if (weight > 0).mean() < _MANY or random.random() >= settings.turned:
        return ab, told
    angle = random.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    return np.einsum("ij,jhw->ihw", turn, ab), np.einsum("ij,jhw->ihw", turn, told)


def drawn_hints(ab: Planes, settings: HintSettings, random: np.random.Generator) -> tuple[Planes, Planes]:
    """Draw hints for a picture's `ab` (2, h, w): a and b (2, h, w), and weights (1, h, w) in [0, 1]."""
    kind = random.random()
    if kind < settings.points:
        return point_hints(ab, int(np.exp(random.uniform(0, np.log(_MOST_POINTS)))), random)
    if kind < settings.points + settings.matched:
        return matched_hints(ab, random)
    return np.zeros_like(ab), np.zeros((1, *ab.shape[1:]), np.float32)


def point_hints(ab: Planes, count: int, random: np.random.Generator) -> tuple[Planes, Planes]:
    """Give the mean colour of `count` squares of 1 to 4 cells, placed at random (Zhang et al., 2017)."""
    height, width = ab.shape[1:]
    told, weight = np.zeros_like(ab), np.zeros((1, height, width), np.float32)
    for _ in range(count):
        side = int(random.integers(1, _LARGEST_POINT + 1))
        top, left = int(random.integers(height - side + 1)), int(random.integers(width - side + 1))
        place = slice(None), slice(top, top + side), slice(left, left + side)
        told[place] = ab[place].mean(axis=(1, 2), keepdims=True)
        weight[place] = 1
    return told, weight


def matched_hints(ab: Planes, random: np.random.Generator) -> tuple[Planes, Planes]:
    """Give the picture's colours as matches in a reference do: displaced, shifted, wrong in places, unsure.

    Weights are below 1; where colours are wrong they are lower, on the average.
    """
    height, width = ab.shape[1:]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    across, down = (_smooth((height, width), random) * random.uniform(0, _WARP) for _ in range(2))
    told = np.stack(
        [
            cv2.remap(plane, columns + across, rows + down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
            for plane in ab
        ]
    )
    told += random.normal(0, _SHIFT, (2, 1, 1)).astype(np.float32) * random.random()
    told *= np.float32(np.exp(random.normal(0, 0.15)))
    wrong = _smooth((height, width), random) > random.uniform(0.5, 2.5)
    elsewhere = np.roll(told, random.integers(1, [height, width]), (1, 2))
    told = np.where(wrong, elsewhere, told)
    sureness = np.clip(random.uniform(0.2, 0.8) + 0.25 * _smooth((height, width), random), 0, 0.95)
    sureness = sureness * np.where(wrong, random.uniform(0.2, 1.0), 1)
    if random.random() < 0.5:  # what is not like anything in the reference
        sureness = sureness * (_smooth((height, width), random) < random.uniform(-0.5, 1.5))
    return told.astype(np.float32), sureness[None].astype(np.float32)


def _smooth(size: tuple[int, int], random: np.random.Generator) -> Planes:
    """A smooth random field of about unit variance."""
    coarse = random.standard_normal((int(random.integers(3, 9)), int(random.integers(3, 9))), np.float32)
    return np.asarray(cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_CUBIC) * 1.3, np.float32)
