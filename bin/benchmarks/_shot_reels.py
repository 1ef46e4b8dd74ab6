"""Reels with known cuts, dissolves and fades, put together from clips and films, then worn."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from reelfix.pipeline.shots import Transition

Picture = npt.NDArray[np.float32]
"""(H, W) in [0, 1]."""

SIZE = (320, 240)
"""Width and height of the reels."""
_LEAST = 30
"""Frames that a piece of a clip has at least."""
_DOUBTFUL = 0.6
"""Correlation of neighbours below which a clip may have a cut of its own: pieces end there."""


@dataclass(frozen=True)
class CutReel:
    """A reel and where one shot ends and the next begins."""

    frames: npt.NDArray[np.uint8]
    """(T, H, W)."""
    transitions: tuple[Transition, ...]


def read_pieces(path: Path, most: int = 400) -> list[npt.NDArray[np.uint8]]:
    """Read a clip, in pieces (T, H, W) that have no cut of their own."""
    capture = cv2.VideoCapture(str(path))
    pieces: list[list[npt.NDArray[np.uint8]]] = [[]]
    last: Picture | None = None
    for _ in range(most):
        is_there, frame = capture.read()
        if not is_there:
            break
        picture = _fitted(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY))
        detail = _detail(picture)
        if last is not None and float((detail * last).sum()) < _DOUBTFUL:
            pieces.append([])
        pieces[-1].append(picture)
        last = detail
    return [np.stack(piece) for piece in pieces if len(piece) >= _LEAST]


def _fitted(gray: Any) -> npt.NDArray[np.uint8]:
    """Cut to 4:3 in the middle, and scale."""
    height, width = gray.shape
    wanted = min(width, round(height * SIZE[0] / SIZE[1]))
    left = (width - wanted) // 2
    return np.asarray(cv2.resize(gray[:, left : left + wanted], SIZE, interpolation=cv2.INTER_AREA))


def _detail(picture: npt.NDArray[np.uint8]) -> Picture:
    small = cv2.resize(picture.astype(np.float32), (64, 48), interpolation=cv2.INTER_AREA)
    detail = cv2.GaussianBlur(small, (0, 0), 1.0) - cv2.GaussianBlur(small, (0, 0), 16.0)
    return np.asarray(detail / max(float(np.linalg.norm(detail)), 1e-6))


def make_reel(clips: list[list[npt.NDArray[np.uint8]]], shots: int, random: np.random.Generator) -> CutReel:
    """Join pieces by cuts (half), dissolves of 8 to 40 frames and fades to black or white; wear them."""
    frames: list[Picture] = []
    transitions: list[Transition] = []
    order: list[int] = []
    while len(order) < shots:
        order.extend(index for index in random.permutation(len(clips)).tolist() if [index] != order[-1:])
    for number, index in enumerate(order[:shots]):
        piece = clips[index][int(random.integers(len(clips[index])))]
        shot = _stretch(piece, int(random.integers(_LEAST, 100)), random)
        kind = str(random.choice(["cut", "cut", "dissolve", "fade"])) if number else "start"
        if kind == "dissolve":
            length = int(random.integers(8, 41))
            length = min(
                length, len(shot) - 14, len(frames) - (transitions[-1].stop if transitions else 0) - 12
            )
            kind = kind if length >= 8 else "cut"
        if kind == "dissolve":
            start = len(frames) - length
            for k in range(length):
                share = np.float32((k + 1) / (length + 1))
                frames[start + k] = (1 - share) * frames[start + k] + share * shot[k]
            frames.extend(shot[length:])
            transitions.append(Transition("dissolve", start, start + length, start + length // 2))
        elif kind == "fade":
            room = len(frames) - (transitions[-1].stop if transitions else 0) - 12
            out = min(int(random.integers(6, 21)), room)
            into, hold = int(random.integers(6, 17)), int(random.integers(0, 7))
            if out < 6:
                transitions.append(Transition("cut", len(frames), len(frames), len(frames)))
                frames.extend(shot)
                continue
            ground = np.float32(random.choice([0.0, 0.0, 0.0, 1.0]))
            start = len(frames) - out
            for k in range(out):
                share = np.float32(1 - (k + 1) / out)
                frames[start + k] = ground + share * (frames[start + k] - ground)
            frames.extend([np.full_like(shot[0], ground)] * hold)
            for k in range(into):
                shot[k] = ground + np.float32(k / into) * (shot[k] - ground)
            frames.extend(shot)
            transitions.append(Transition("fade", start, start + out + hold + into, start + out + hold // 2))
        else:
            if number:
                transitions.append(Transition("cut", len(frames), len(frames), len(frames)))
            frames.extend(shot)
    return CutReel(_worn(frames, transitions, random), tuple(transitions))


def _stretch(piece: npt.NDArray[np.uint8], count: int, random: np.random.Generator) -> list[Picture]:
    count = min(count, len(piece))
    first = int(random.integers(0, len(piece) - count + 1))
    return [np.asarray(frame / np.float32(255), dtype=np.float32) for frame in piece[first : first + count]]


def _worn(
    frames: list[Picture], transitions: list[Transition], random: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Flicker of 30 %, uneven by half of that; weave, dirt, grain; now and then a flash or a spoilt frame."""
    width, height = SIZE
    ramp = np.linspace(-1, 1, width, dtype=np.float32)
    worn = np.empty((len(frames), height, width), np.uint8)
    for t, frame in enumerate(frames):
        shift = np.array([[1, 0, random.normal(0, 0.5)], [0, 1, random.normal(0, 0.5)]])
        picture: Any = cv2.warpAffine(frame, shift, SIZE, borderMode=cv2.BORDER_REFLECT_101)
        picture = (0.03 + 0.72 * picture) * (random.uniform(0.7, 1.3) + 0.15 * random.uniform(-1, 1) * ramp)
        for _ in range(12):
            centre = (int(random.integers(width)), int(random.integers(height)))
            axes = (int(random.integers(1, 7)), int(random.integers(1, 5)))
            tone = float(random.choice([0.02, 0.95]))
            cv2.ellipse(picture, centre, axes, float(random.uniform(0, 180)), 0, 360, tone, -1)
        if random.random() < 0.004:  # a blotch over a quarter of the frame, or over all of it
            size = float(random.choice([0.3, 2.0]))
            tone = float(random.choice([0.0, 0.98]))
            cv2.ellipse(
                picture,
                (int(random.integers(width)), int(random.integers(height))),
                (int(size * width), int(size * height)),
                0,
                0,
                360,
                tone,
                -1,
            )
        picture = picture + 0.02 * random.standard_normal(picture.shape, dtype=np.float32)
        worn[t] = np.clip(picture * 255, 0, 255)
    return worn
