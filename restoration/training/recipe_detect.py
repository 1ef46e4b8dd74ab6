"""Recipe of the detector: a focal loss on both planes, and one on how well the planes overlap the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from reelfix.restoration.detector_inputs import INPUTS
from reelfix.restoration.detector_net import DetectorNet
from reelfix.restoration.metrics import MaskScore, mask_score
from reelfix.restoration.training.prepared import Arrays
from reelfix.restoration.training.recipe import Batch
from reelfix.restoration.training.source_detect import DetectSource, told_of
from reelfix.restoration.training.steps import descend, told

_PLAIN = 0.04
"""Change that a mark is asked to be found from, or twice the grain's deviation where that is more."""
_RARE = -3.0  # logit that the net begins with everywhere: damage is rare
_SHOWN = 4


@dataclass(frozen=True)
class DetectWeights:
    """What the detector is asked for."""

    gamma: float = 1.5
    """Exponent of the focal loss: how little counts what is plain (Lin et al., ICCV 2017)."""
    overlap: float = 0.3
    """Of the Dice loss (Milletari et al., "V-Net", 3DV 2016), over the whole batch, plane by plane."""


class Detect:
    """Trains `DetectorNet`; `validation` gives the clips that are measured on, every `every`-th frame."""

    name = "detect"
    shipped = ("net",)

    def __init__(
        self,
        validation: DetectSource,
        weights: DetectWeights | None = None,
        *,
        widths: Sequence[int] = (16, 48, 64, 96),
        depths: Sequence[int] = (1, 2, 2, 2),
        rate: float = 1e-3,
        decay: float = 1e-3,
        every: int = 8,
        clips: int = 24,
    ) -> None:
        self._net = DetectorNet(INPUTS, widths=widths, depths=depths).to(memory_format=torch.channels_last)
        if self._net.head.bias is not None:
            nn.init.constant_(self._net.head.bias, _RARE)
        self._weights = weights or DetectWeights()
        self._validation, self._every, self._clips = validation, every, clips
        self.modules: Mapping[str, nn.Module] = {"net": self._net}
        self.optimizers: Mapping[str, torch.optim.Optimizer] = {
            "net": torch.optim.AdamW(self._net.parameters(), rate, (0.9, 0.98), weight_decay=decay)
        }

    def step(self, batch: Batch, step: int) -> dict[str, torch.Tensor]:
        """Take one step on a batch of `DetectSource`."""
        inputs = batch["inputs"].to(memory_format=torch.channels_last)
        logits = self._net(inputs).float()
        focal = focal_loss(logits, batch["truth"], batch["weight"], self._weights.gamma)
        overlap = overlap_loss(logits, batch["truth"], batch["weight"])
        loss = focal + self._weights.overlap * overlap
        descend(self.optimizers["net"], loss, largest=1.0)
        return told(focal=focal, overlap=overlap)

    def validate(self, modules: Mapping[str, nn.Module]) -> dict[str, float]:
        """Measure F1, precision and recall of both planes together, at even odds, a pixel's leeway allowed.

        And F1 of each plane, and of what was found without the net.
        """
        scores: dict[str, MaskScore] = {}
        for clip, t in self._frames():
            masks = {"f1": _found(modules["net"], clip, t), "f1_without": clip["found"][t] >= 128}
            for name, mask in masks.items():
                for key, score in _scores(clip, t, torch.from_numpy(mask), name).items():
                    scores[key] = scores.get(key, MaskScore(0, 0, 0, 0)) + score
        measured = {name: score.f1 for name, score in scores.items()}
        return measured | {"precision": scores["f1"].precision, "recall": scores["f1"].recall}

    def samples(self, modules: Mapping[str, nn.Module]) -> torch.Tensor:
        """Draw frames with what was found, and the truth: red for dirt, blue for scratches."""
        rows = []
        for clip, t in self._frames()[:: max(self._clips // _SHOWN, 1)][:_SHOWN]:
            frame = torch.from_numpy(clip["frames"][t].astype(np.float32) / 255)
            shown = (_found(modules["net"], clip, t), clip["truth"][t] > 0)
            pictures = [frame.expand(3, -1, -1), *(_painted(frame, torch.from_numpy(m)) for m in shown)]
            height, width = self._validation.height, self._validation.width
            rows.append(torch.cat([picture[:, :height, :width] for picture in pictures], dim=2))
        return torch.cat(rows, dim=1)

    def _frames(self) -> list[tuple[Arrays, int]]:
        clips = self._validation.clips[0][: self._clips]
        return [
            (clip, t) for clip in clips for t in range(self._every // 2, len(clip["frames"]), self._every)
        ]


def focal_loss(logits: torch.Tensor, truth: torch.Tensor, weight: torch.Tensor, gamma: float) -> torch.Tensor:
    """Return the focal loss (Lin et al., "Focal loss for dense object detection", ICCV 2017, eq. 4).

    `logits`, `truth` in {0, 1} and `weight`: (B, 2, H, W). Summed, over the weight of what is damaged.
    """
    cross_entropy = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    missed = 1 - (-cross_entropy).exp()  # 1 - p_t
    total = (weight * missed.clamp_min(1e-6) ** gamma * cross_entropy).sum()
    return total / ((weight * truth).sum() + 1e-3 * truth.numel())


def overlap_loss(logits: torch.Tensor, truth: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Return 1 less the Dice coefficient of each plane, the mean of both; see `focal_loss`."""
    chance = logits.sigmoid()
    common = (weight * chance * truth).sum(dim=(0, 2, 3))
    both = (weight * (chance + truth)).sum(dim=(0, 2, 3))
    return (1 - (2 * common + 1) / (both + 1)).mean()


def _found(net: nn.Module, clip: Arrays, t: int) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """What the net finds in a frame: bool (2, H, W)."""
    height, width = clip["frames"].shape[1:]
    weight = next(net.parameters())
    inputs = torch.from_numpy(told_of(clip, t)["inputs"])[None].to(weight.device)
    with torch.no_grad():
        logits = net(inputs.to(memory_format=torch.channels_last))[0, :, :height, :width]
    return np.asarray((logits.float() >= 0).cpu().numpy())


def _scores(clip: Arrays, t: int, mask: torch.Tensor, name: str) -> dict[str, MaskScore]:
    """Scores of a mask (2, H, W) and of its planes."""
    change = np.abs(clip["frames"][t].astype(np.float32) - clip["unmarked"][t]) / 255
    grain = 1.25 * float(np.abs(clip["unmarked"][t].astype(np.float32) - clip["soft"][t]).mean()) / 255
    plain = torch.from_numpy(change > max(_PLAIN, 2 * grain))
    truth = torch.from_numpy(clip["truth"][t] > 0)
    planes = {name: (mask.any(dim=0), truth.any(dim=0))}
    planes |= {f"{name}_{kind}": (mask[k], truth[k]) for k, kind in enumerate(("dirt", "scratch"))}
    found = {}
    for key, (marked, damaged) in planes.items():
        allowed = mask_score(marked[None], damaged[None])
        wanted = mask_score(marked[None], (damaged & plain)[None])
        found[key] = replace(allowed, damaged=wanted.damaged, damaged_found=wanted.damaged_found)
    return found


def _painted(frame: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    picture = frame.expand(3, -1, -1).clone()
    picture[0][mask[0]], picture[2][mask[1]] = 1.0, 1.0
    return picture
