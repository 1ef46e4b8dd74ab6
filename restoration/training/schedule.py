"""The learning rate along a run, and the seed of each step."""

import hashlib

from reelfix.restoration.training.settings import TrainingSettings


def rate_scale(settings: TrainingSettings, step: int) -> float:
    """What the learning rate is multiplied by in a step, in (0, 1].

    Constant, then linear to zero at `settings.steps` (Wan et al., CVPR 2020, 4.1, and pix2pixHD before it),
    times a linear warm-up.
    """
    constant = round(settings.constant_share * settings.steps)
    scale = 1.0 if step < constant else (settings.steps - step) / (settings.steps - constant)
    if step < settings.warm_up:
        scale *= (step + 1) / (settings.warm_up + 1)
    return max(scale, 0.0)


def same_so_far(one: TrainingSettings, other: TrainingSettings, step: int) -> bool:
    """Whether the learning rate was the same in all the steps before `step`."""
    return all(rate_scale(one, earlier) == rate_scale(other, earlier) for earlier in range(step))


def step_seed(seed: int, step: int, purpose: str) -> int:
    """Return the seed of what is drawn in a step, in [0, 2**63), unlike that of any other."""
    digest = hashlib.sha256(f"{purpose} {seed} {step}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
