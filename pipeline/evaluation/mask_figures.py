"""How well a mask finds the marks of a trial."""

from dataclasses import dataclass, field, replace

import torch

from reelfix.pipeline.evaluation.cases import Trial
from reelfix.restoration.metrics import MaskScore, mask_score

TOLERANCE = 1
"""Pixels that a mask may lie beside the damage."""
MARKED = 128
PLAIN = 0.04
"""Change that a mark is asked to be found from, or twice the grain's deviation where that is more: what is
fainter drowns in the grain, and nobody would outline it. To mark it is no fault either."""


@dataclass(frozen=True)
class MaskFigures:
    """How well the chain's mask finds the marks, in pixels; PLAIN ones but for `faint`."""

    either: MaskScore
    """Either plane against every kind."""
    dirt: MaskScore
    """The plane of marks on one frame against those kinds."""
    scratch: MaskScore
    """The plane of marks that stay against those kinds."""
    faint: MaskScore
    """As `either`, with every mark that changes the picture by more than VISIBLE."""
    kinds: dict[str, MaskScore] = field(default_factory=dict)
    """Either plane against each kind: only the recall means anything."""


def measure_mask(mask: torch.Tensor, trial: Trial) -> MaskFigures:
    """Measure a mask, uint8 (T, 2, H, W), against a trial's marks."""
    marked, visible = mask >= MARKED, trial.damage.mask > 0
    grain = trial.damage.settings.grain
    least = max(PLAIN, 2 * grain.strength if grain else 0.0)
    plain = trial.damage.strength > 255 * least  # T x H x W
    either, any_kind = marked.any(dim=1), visible.any(dim=1)

    def score(found: torch.Tensor, truth: torch.Tensor) -> MaskScore:
        wanted, allowed = mask_score(found, truth & plain, TOLERANCE), mask_score(found, truth, TOLERANCE)
        return replace(allowed, damaged=wanted.damaged, damaged_found=wanted.damaged_found)

    return MaskFigures(
        either=score(either, any_kind),
        dirt=score(marked[:, 0], visible[:, 0]),
        scratch=score(marked[:, 1], visible[:, 1]),
        faint=mask_score(either, any_kind, TOLERANCE),
        kinds={kind: score(either, of_kind) for kind, of_kind in trial.damage.kinds.items()},
    )
