import json
from dataclasses import replace
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest
import torch

from reelfix.restoration.damage import (
    NOTHING,
    Abrasions,
    Blotches,
    Dirt,
    GateHairs,
    Hairs,
    Scratches,
    Shapes,
    damage_clip,
    load_shapes,
)
from reelfix.restoration.damage.scratch_texture import ACROSS, scratch_texture
from reelfix.restoration.damage.shapes import SCAN_HEIGHT, SCAN_MM, StampKind
from reelfix.restoration.damage.stamping import outline_patch, stamp_patch


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library laid out as the real one: a few stamps of every kind and two scans, part of them held out."""
    root = tmp_path_factory.mktemp("damage")
    for kind in get_args(StampKind):
        (root / kind).mkdir()
        for number in (0, 55, 56, 79):
            alpha = np.zeros((120, 120), np.uint8)
            if kind == "scratches":
                cv2.line(alpha, (20, 100), (100, 20), 255, 3)
            elif kind in ("hair", "hair-short", "lint"):
                cv2.line(alpha, (30, 60), (90, 62), 255, 2)
            else:
                cv2.circle(alpha, (60, 60), 10 + number // 4, 255, -1)
            cv2.imwrite(str(root / kind / f"{number:03d}.png"), alpha)
    (root / "polygons").mkdir()
    for name in ("scan1", "scan4"):
        side = 170 if name == "scan1" else 340
        square = [{"x": x, "y": y} for x, y in ((0, 0), (side, 0), (side, side), (0, side))]
        labels = ("Dust", "Dirt", "Short hair", "Long hair", "Scratch")
        figures = {str(i): {"points": square, "label": {"name": label}} for i, label in enumerate(labels)}
        (root / "polygons" / f"{name}.json").write_text(json.dumps(figures))
    return root


@pytest.fixture(scope="module")
def shapes(folder: Path) -> Shapes:
    return load_shapes(folder, "tune")


def test_parts_share_nothing(folder: Path) -> None:
    tune, held_out, whole = (load_shapes(folder, part) for part in ("tune", "held-out", "all"))
    assert [len(part.stamps["dots"]) for part in (tune, held_out, whole)] == [2, 2, 4]
    sizes = [{round(stamp.size) for stamp in part.stamps["dots"]} for part in (tune, held_out)]
    assert not sizes[0] & sizes[1]
    assert [len(part.outlines["Dust"]) for part in (tune, held_out, whole)] == [1, 1, 2]
    assert held_out.outlines["Dust"][0].size == pytest.approx(2 * tune.outlines["Dust"][0].size)


def test_a_folder_without_stamps_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no stamp"):
        load_shapes(tmp_path)


def test_outlines_have_their_true_size(shapes: Shapes) -> None:
    outline = shapes.outlines["Dirt"][0]
    assert outline.size == pytest.approx(170 * SCAN_MM / SCAN_HEIGHT)
    patch = outline_patch(outline, 20.0, np.random.default_rng(3))
    assert patch.sum() == pytest.approx((20.0 * outline.size) ** 2, rel=0.06)


def test_a_stamp_is_scaled_and_keeps_soft_edges(shapes: Shapes) -> None:
    stamp = shapes.stamps["dots"][0]
    patch = stamp_patch(stamp, 0.5, np.random.default_rng(1))
    assert patch.sum() == pytest.approx((0.5 * stamp.size) ** 2, rel=0.1)
    assert ((patch > 0.1) & (patch < 0.9)).any()


def test_the_lines_of_a_hair_are_widened(shapes: Shapes) -> None:
    stamp = shapes.stamps["hair"][0]
    thin = stamp_patch(stamp, 0.5, np.random.default_rng(2))
    thick = stamp_patch(stamp, 0.5, np.random.default_rng(2), line_width=4.0)
    assert thick.sum() > 2.5 * thin.sum()
    assert thick.sum() / (0.5 * stamp.size) == pytest.approx(4.0, rel=0.4)


def test_a_slanting_stroke_comes_out_straight() -> None:
    alpha = np.zeros((150, 150), np.float32)
    cv2.line(alpha, (20, 130), (120, 10), 1.0, 2)
    texture = scratch_texture(alpha)
    assert texture.shape[1] == ACROSS
    assert abs(len(texture) - np.hypot(100, 120)) < 12
    assert (texture[5:-5].argmax(axis=1) == ACROSS // 2).mean() > 0.7
    assert len(scratch_texture(np.zeros((60, 60), np.float32))) == 0


@pytest.mark.parametrize("with_shapes", [True, False])
@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("dirt", {"dirt": Dirt(per_frame=6)}),
        ("hair", {"hairs": Hairs(per_frame=3)}),
        ("blotch", {"blotches": Blotches(per_frame=2)}),
        ("abrasion", {"abrasions": Abrasions(per_frame=2)}),
        ("scratch", {"scratches": Scratches(tramlines=1.0)}),
        ("gate hair", {"gate_hairs": GateHairs()}),
    ],
)
def test_every_kind_changes_its_own_plane(
    kind: str, settings: dict[str, object], with_shapes: bool, shapes: Shapes
) -> None:
    clip = torch.full((10, 1, 72, 96), 0.5)
    library = shapes if with_shapes else None
    damaged = damage_clip(clip, replace(NOTHING, **settings), np.random.default_rng(4), library)  # type: ignore[arg-type]
    assert list(damaged.kinds) == [kind]
    plane = 1 if kind in ("scratch", "gate hair") else 0
    assert torch.equal(damaged.kinds[kind], damaged.mask[:, plane] == 255)  # type: ignore[index]
    assert damaged.mask[:, plane].any()
    assert not damaged.mask[:, 1 - plane].any()
    changed = (damaged.frames - clip).abs()[:, 0] * 255
    assert (damaged.strength >= 5)[damaged.mask[:, plane] == 255].all()
    assert (changed <= damaged.strength + 60).all()


def test_a_hair_in_the_gate_stays(shapes: Shapes) -> None:
    settings = replace(NOTHING, gate_hairs=GateHairs(per_100_frames=0, frames=(60, 60)))
    damaged = damage_clip(torch.full((20, 1, 72, 96), 0.5), settings, np.random.default_rng(1), shapes)
    mask = damaged.kinds["gate hair"]
    here, there = mask[8], mask[11]
    assert (here & there).sum() > 0.5 * here.sum()
    assert not torch.equal(here, there)
