"""Prepared clips: damaged, and put through the stages that need no net, with the truth beside them.

The nets come after those stages and see what they leave: motion found on damaged film, fills that are not
quite right, marks that were missed. So they learn from that, not from ideal neighbours.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.arrays import as_array
from reelfix.restoration.damage import NOTHING, DamageSettings, Shapes, damage_clip
from reelfix.restoration.deflicker import RADIUS, LightLog, corrected_frame, correction
from reelfix.restoration.deflicker_history import history
from reelfix.restoration.denoise import denoise
from reelfix.restoration.detect import detect_damage
from reelfix.restoration.motion import Motion
from reelfix.restoration.optical_flow import estimate_motion
from reelfix.restoration.restore import restore_damage

Part = Literal["train", "validation"]

ARRAYS = ("frames", "found", "truth", "filled", "denoised", "unmarked", "soft", "clean", "flow", "trust")
"""The arrays of a prepared clip, each a file of its own, uint8 but for `flow`:
frames (T, H, W), what `detect` and `restore` see; found (T, 2, H, W), the masks that `detect` made without a
net; truth (T, 2, H, W), 255 where a mark changed the picture visibly; filled (T, H, W), what `restore` made
without a net; denoised (T, H, W), what `denoise` made of that; and in the tone of `frames`: unmarked (T, H,
W), without marks; soft, without grain as well; clean, without blur as well. flow int16 (T, 4, h, w): forward
dx, dy, backward dx, dy in 1/32 pixel; trust (T, 2, h, w): forward and backward confidence."""

FLOW_UNIT = 32

Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Item:
    """What a prepared clip was made of."""

    source: str
    """Name of the clean clip's or still's file."""
    era: str
    seed: int
    part: Part


def prepare(
    clean: torch.Tensor, settings: DamageSettings, seed: int, shapes: Shapes | None = None
) -> dict[str, npt.NDArray[Any]]:
    """Damage a clean clip, float32 (T, 1, H, W) in [0, 1], and run the stages over it; returns `ARRAYS`."""
    unmarked = replace(NOTHING, **{kind: getattr(settings, kind) for kind in _PICTURE})
    soft = replace(unmarked, grain=None)
    versions = {"frames": settings, "unmarked": unmarked, "soft": soft, "clean": replace(soft, blur=0.0)}
    damaged = {
        name: damage_clip(clean, version, np.random.default_rng(seed), shapes)
        for name, version in versions.items()
    }
    lit = _evenly_lit({name: clip.frames for name, clip in damaged.items()})
    arrays = {name: _as_uint8(frames[:, 0]) for name, frames in lit.items()}
    frames = torch.from_numpy(arrays["frames"][:, None].astype(np.float32) / 255)
    motion, flow, trust = _stored(estimate_motion(frames))
    core = slice(0, len(frames))
    found = detect_damage(frames, motion, core)
    filled = restore_damage(frames, found, motion, core)
    return arrays | {
        "found": found.numpy(),
        "truth": damaged["frames"].mask.numpy(),
        "filled": _as_uint8(filled.numpy()[:, 0]),
        "denoised": _as_uint8(denoise(filled, motion, core).numpy()[:, 0]),
        "flow": flow,
        "trust": trust,
    }


_PICTURE = ("flicker", "local_flicker", "weave", "grain", "blur", "film_height_mm")
"""Settings of what befalls the picture itself; the others lay marks upon it."""


def _evenly_lit(versions: Mapping[str, torch.Tensor]) -> dict[str, npt.NDArray[np.float32]]:
    """Deflicker `frames`, and give the other versions the very same corrections."""
    damaged = versions["frames"]
    log = LightLog()
    log.measure(damaged, 0)
    last = len(damaged) - 1
    corrections = [
        correction(history(log.pairs, t, max(t - RADIUS, 0), min(t + RADIUS, last)), log.thumbnails[t].coarse)
        for t in range(len(damaged))
    ]
    return {
        name: np.stack(
            [
                corrected_frame(frame, curves, field)
                for frame, (curves, field) in zip(as_array(frames), corrections, strict=True)
            ]
        )
        for name, frames in versions.items()
    }


def _stored(motion: Motion) -> tuple[Motion, npt.NDArray[np.int16], npt.NDArray[np.uint8]]:
    """Motion as it is after it was stored; and its arrays, flow (T, 4, h, w) and trust (T, 2, h, w)."""
    flow = (torch.cat([motion.forward, motion.backward], dim=1) * FLOW_UNIT).round_().to(torch.int16)
    trust = torch.cat([motion.forward_confidence, motion.backward_confidence], dim=1)
    kept = (trust * 255).round_().to(torch.uint8)
    return as_motion(flow.numpy(), kept.numpy()), flow.numpy(), kept.numpy()


def as_motion(flow: npt.NDArray[np.int16], trust: npt.NDArray[np.uint8]) -> Motion:
    """Return the motion that a prepared clip holds as `flow` and `trust`."""
    flows = torch.from_numpy(flow.astype(np.float32) / FLOW_UNIT)
    trusts = torch.from_numpy(trust.astype(np.float32) / 255)
    return Motion(flows[:, :2], flows[:, 2:], trusts[:, :1], trusts[:, 1:])


def _as_uint8(frames: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    return np.asarray(np.clip(np.rint(frames * 255), 0, 255), dtype=np.uint8)


def write_item(folder: Path, item: Item, arrays: Arrays) -> None:
    """Write a prepared clip; `item.json` comes last, and says that the clip is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ARRAYS:
        np.save(folder / f"{name}.npy", arrays[name])
    (folder / "item.json").write_text(json.dumps(asdict(item), indent=1) + "\n")


def read_items(folder: Path, part: Part) -> list[Path]:
    """Return the folders of the prepared clips of a part, in the order of their names.

    Raises FileNotFoundError where there are none.
    """
    found = [
        path.parent
        for path in sorted(folder.glob("*/item.json"))
        if json.loads(path.read_text())["part"] == part
    ]
    if not found:
        raise FileNotFoundError(f"{folder} has no prepared clips of part {part}. Prepare some.")
    return found


def open_arrays(folder: Path, names: Sequence[str] = ARRAYS) -> dict[str, npt.NDArray[Any]]:
    """Open arrays of a prepared clip, mapped into memory, read-only.

    Raises FileNotFoundError for one that the clip has not: clips prepared by an older version lack some.
    """
    return {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in names}
