"""Training of the odds of scratches: of places, then of pieces, then of pieces linked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from reelfix.bin.benchmarks._scratch_cases import CLEAN, Case
from reelfix.restoration.arrays import Plane, luma_of
from reelfix.restoration.line_strips import BANDS, SPAN, LineStrip, line_strip
from reelfix.restoration.neighbours import repeats_in
from reelfix.restoration.scene_motion import scene_step
from reelfix.restoration.scratch import COMPARED, Doubts, Scene, courses_in, other_pictures, with_between
from reelfix.restoration.scratch_evidence import FEATURES, evidence
from reelfix.restoration.scratch_links import LINKS, links_of
from reelfix.restoration.scratch_odds import Odds, inputs
from reelfix.restoration.scratch_places import Places, places_in
from reelfix.restoration.scratch_trace import TRAITS

_HIDDEN, _EPOCHS, _BATCH, _RATE = 16, 8, 1024, 8e-3
_SCRATCHED, _CLEAR = 0.3, 0.05  # share of a place's span above which it is scratched, and below not
_COVERED = 0.5, 0.2  # the same for the cells of a piece
_CLEAN = 3.0  # weight of what is found where there is no scratch at all: a line of the scene lost is worse

Rows = tuple[Plane, npt.NDArray[np.bool_], Plane]
"""Evidence (n, k), whether it is a scratch (n,), and weight (n,)."""


@dataclass(frozen=True)
class _Shown:
    """What of a case is learned from."""

    kind: str
    scratched: npt.NDArray[np.bool_]
    """(T, H, W)."""
    scene: Scene
    found: dict[int, tuple[Places, Plane]]
    """Of each frame, its places and their evidence."""


def scene_in(case: Case) -> Scene:
    """A case's strips and the scene's motion."""
    lumas = [luma_of(frame) for frame in case.frames.numpy()]
    repeats, count = repeats_in(lumas), len(lumas)
    ways = [(t, way) for t in range(count) for way in (-1, 1) if 0 <= t + way < count]
    return Scene(
        {t: line_strip(luma) for t, luma in enumerate(lumas)},
        {(t, way): scene_step(case.motion, t, way) for t, way in ways},
        {t: other_pictures(repeats, t, COMPARED) for t in range(count)},
        (lumas[0].shape[0], lumas[0].shape[1]),
    )


def train_odds(cases: Iterable[Case], seed: int = 0) -> dict[str, Any]:
    """Fit the three, each on what the one before says; returns the document that `Odds.parse` reads."""
    shown = [_shown(case) for case in cases]
    document = _fitted_net(_joined([_place_rows(one) for one in shown]), seed)
    document |= {"piece": _blank(TRAITS), "linked": _blank(LINKS + 1)}
    odds = Odds.parse(document)
    doubts = [
        {t: Doubts(places, odds.of_places(values)) for t, (places, values) in one.found.items()}
        for one in shown
    ]
    doubted = list(zip(shown, doubts, strict=True))
    document["piece"] = _regressed(_joined([_piece_rows(*one, odds) for one in doubted]))
    odds = Odds.parse(document)
    document["linked"] = _regressed(_joined([_link_rows(*one, odds) for one in doubted]), rising=True)
    return document


def _shown(case: Case) -> _Shown:
    scene = scene_in(case)
    return _Shown(case.kind, case.scratched, scene, _evidence_in(scene))


def _evidence_in(scene: Scene) -> dict[int, tuple[Places, Plane]]:
    found = {}
    for t, strip in scene.strips.items():
        places, tall = places_in(strip)
        if scene.others[t]:
            values = evidence(scene.strips, scene.steps, t, scene.others[t], places, tall, scene.shape)
        else:
            values = np.zeros((len(places.band), len(FEATURES)), np.float32)
        found[t] = places, values
    return found


def _place_rows(case: _Shown) -> Rows:
    rows = []
    for t in range(1, len(case.scratched) - 1, 2):
        places, values = case.found[t]
        marked = cv2.dilate(case.scratched[t].astype(np.uint8), np.ones((1, 3), np.uint8)).astype(np.float32)
        size = (case.scene.strips[t].luma.shape[1], BANDS)
        share = cv2.resize(marked, size, interpolation=cv2.INTER_AREA)
        share = cv2.blur(cv2.dilate(share, np.ones((1, 3), np.uint8)), (1, SPAN - 1))
        covered = share[places.band, places.column]
        plain = (covered > _SCRATCHED) | (covered < _CLEAR)
        rows.append(_weighed(inputs(values[plain]), covered[plain] > _SCRATCHED, case.kind, 2.0))
    return _joined(rows)


def _piece_rows(case: _Shown, doubts: dict[int, Doubts], odds: Odds) -> Rows:
    rows = []
    for t, strip in case.scene.strips.items():
        pieces = courses_in(strip, doubts, t, 1.0, odds).pieces
        covered = _covered(case, strip, t, [(piece.rows, piece.columns) for piece in pieces])
        traits = np.array([piece.traits for piece in pieces], np.float32).reshape(-1, TRAITS)
        rows.append(_known(traits, covered, case.kind, 1.0))
    return _joined(rows)


def _link_rows(case: _Shown, doubts: dict[int, Doubts], odds: Odds) -> Rows:
    rows = []
    courses = {t: courses_in(strip, doubts, t, 1.0, odds) for t, strip in case.scene.strips.items()}
    for t, strip in case.scene.strips.items():
        around = with_between(strip, courses, t, 1.0, odds)
        own = around[t]
        covered = _covered(case, strip, t, [(piece.rows, piece.columns) for piece in own.pieces])
        rows.append(
            _known(
                np.column_stack([own.odds, links_of(around, t)]).astype(np.float32),
                covered,
                case.kind,
                _CLEAN,
            )
        )
    return _joined(rows)


def _covered(
    case: _Shown, strip: LineStrip, t: int, cells: list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]
) -> Plane:
    """Share of the cells of each piece that is scratched."""
    marked = cv2.dilate(case.scratched[t].astype(np.uint8), np.ones((1, 3), np.uint8)).astype(np.float32)
    size = (strip.luma.shape[1], strip.luma.shape[0])
    share = cv2.resize(marked, size, interpolation=cv2.INTER_AREA)
    return np.array([share[rows, columns].mean() for rows, columns in cells], np.float32)


def _known(values: Plane, covered: Plane, kind: str, clean: float) -> Rows:
    plain = (covered > _COVERED[0]) | (covered < _COVERED[1])
    return _weighed(values[plain], covered[plain] > _COVERED[0], kind, clean)


def _weighed(values: Plane, is_scratch: npt.NDArray[np.bool_], kind: str, clean: float) -> Rows:
    weight = np.full(len(values), clean if kind in CLEAN else 1.0, np.float32)
    return values, is_scratch, weight


def _joined(rows: Sequence[Rows]) -> Rows:
    values, is_scratch, weight = (np.concatenate(column) for column in zip(*rows, strict=True))
    return values, is_scratch, weight


def _fitted_net(rows: Rows, seed: int) -> dict[str, Any]:
    """Fit a net of one hidden layer by AdamW on the weighted cross-entropy."""
    values, is_scratch, weight = rows
    torch.manual_seed(seed)
    mean, deviation = values.mean(axis=0), values.std(axis=0) + np.float32(1e-3)
    x, y, w = (
        torch.from_numpy(np.asarray(part, np.float32))
        for part in ((values - mean) / deviation, is_scratch, weight)
    )
    net = nn.Sequential(nn.Linear(x.shape[1], _HIDDEN), nn.Tanh(), nn.Linear(_HIDDEN, 1))
    optimizer = torch.optim.AdamW(net.parameters(), _RATE, weight_decay=0.01)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=_EPOCHS * -(-len(x) // _BATCH))
    for _ in range(_EPOCHS):
        for chosen in torch.split(torch.randperm(len(x)), _BATCH):
            loss = nn.functional.binary_cross_entropy_with_logits(net(x[chosen])[:, 0], y[chosen], w[chosen])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            rate.step()
    weights, biases, out, out_bias = (part.detach().numpy() for part in net.parameters())
    return {
        "hidden": _layer(weights / deviation, biases - weights @ (mean / deviation)),
        "place": _layer(out, out_bias),
    }


def _regressed(rows: Rows, *, rising: bool = False) -> dict[str, Any]:
    """Fit a logistic regression, by LBFGS with a little ridge; `rising`: no weight is negative."""
    values, is_scratch, weight = rows
    mean, deviation = values.mean(axis=0), values.std(axis=0) + np.float32(1e-3)
    x, y, w = (
        torch.from_numpy(np.asarray(part, np.float32))
        for part in ((values - mean) / deviation, is_scratch, weight)
    )
    free = torch.zeros(x.shape[1], requires_grad=True)
    bias = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([free, bias], max_iter=200)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        slopes = nn.functional.softplus(free) if rising else free
        loss = nn.functional.binary_cross_entropy_with_logits(x @ slopes + bias, y, w)
        loss = loss + 1e-3 * slopes.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    weights = (nn.functional.softplus(free) if rising else free).detach().numpy()[None]
    return _layer(weights / deviation, bias.detach().numpy() - weights @ (mean / deviation))


def _blank(inputs_count: int) -> dict[str, Any]:
    return _layer(np.zeros((1, inputs_count), np.float32), np.zeros(1, np.float32))


def _layer(weights: Plane, biases: Plane) -> dict[str, Any]:
    return {"weights": _rounded(weights), "biases": _rounded(biases)}


def _rounded(values: Plane) -> list[Any]:
    rounded: list[Any] = np.round(np.asarray(values, np.float64), 5).tolist()
    return rounded
