"""Directions in a latent space: along each, one kind of damage grows, as the generator of damage tells.

After InterFaceGAN (Shen et al., CVPR 2020), which finds the directions of faces' attributes by a linear
model each, and frees every one of what would move another. Here parameters are numbers, not classes, so the
model is a ridge regression, of latents on all parameters at once: latent = answers @ parameters + rest. A
direction is how latents answer to a parameter, the others held, not the normal of the plane that tells it:
where latents vary more one way than another these differ, and only the first stays among the latents that
there are. The parameters are read off latents by generalised least squares, so that what a step along one
direction does to the readouts of the others is 0, however much parameters or directions went together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Directions:
    """Unit directions of named parameters in a latent space of C channels."""

    names: tuple[str, ...]
    vectors: torch.Tensor
    """float32 (K, C), of length 1: along the k-th the k-th parameter grows, and no other, by `readouts`."""
    readouts: torch.Tensor
    """float32 (K, C): `readouts @ latent + offsets` are the parameters, as far as a linear guess goes."""
    offsets: torch.Tensor
    """float32 (K,)."""

    def of(self, name: str) -> torch.Tensor:
        """Return a parameter's direction, float32 (C,); raises KeyError for one that was not fitted."""
        if name not in self.names:
            raise KeyError(f"there is no direction of {name!r}. There are: {', '.join(self.names)}.")
        return self.vectors[self.names.index(name)]

    def guess(self, latent: torch.Tensor) -> torch.Tensor:
        """Return the parameters as latents (B, C, h, w) show them: float32 (B, K)."""
        mean = _pooled(latent).to(self.readouts)
        return mean @ self.readouts.T + self.offsets

    def length(self, name: str, amount: float) -> float:
        """Return how far to go along a direction for its parameter to grow by `amount`, by its readout."""
        index = self.names.index(name)
        return amount / float(self.readouts[index] @ self.vectors[index])


def shift(latent: torch.Tensor, direction: torch.Tensor, amount: float) -> torch.Tensor:
    """Return latents (B, C, h, w), moved by `amount` along `direction` (C,) everywhere; 0 changes nothing."""
    if direction.shape != (latent.shape[1],):
        raise ValueError(
            f"{tuple(direction.shape) = } must be ({latent.shape[1]},), as the latent's channels."
        )
    return latent + amount * direction.to(latent)[:, None, None] if amount else latent


def fit_directions(
    samples: Iterable[tuple[torch.Tensor, Mapping[str, torch.Tensor]]],
    *,
    ridge: float = 1e-3,
    per_place: bool = False,
) -> Directions:
    """Fit directions to latents and the parameters they were made with.

    `samples`: latents (B, C, h, w), and by name the parameters (B,) of each; the same names in all. Latents
    are averaged over their places, or with `per_place` every place is a sample: for what differs between
    places and is lost in the mean. `ridge`: of each variance, how much is added to it. Nothing but sums
    is kept, in float64.

    Raises ValueError without samples, where names change, and where a parameter never varies.
    """
    sums: _Sums | None = None
    for latent, parameters in samples:
        if sums is None:
            sums = _Sums(tuple(parameters), latent.shape[1])
        sums.add(latent, parameters, per_place=per_place)
    if sums is None or sums.count < 2:
        raise ValueError("there must be 2 samples or more to fit directions to.")
    means, covariance = sums.moments()
    channels = sums.channels
    of_parameters = covariance[channels:, channels:]
    across = covariance[channels:, :channels]  # K x C
    still = [
        name for name, variance in zip(sums.names, of_parameters.diag(), strict=True) if variance <= 1e-12
    ]
    if still:
        raise ValueError(f"{still[0]} is the same in all samples: let it vary, or leave it out.")
    answers = _ridge(of_parameters, ridge) @ across  # K x C
    rest = covariance[:channels, :channels] - answers.T @ of_parameters @ answers
    weighed = answers @ _ridge(rest, ridge)  # K x C
    readouts = torch.linalg.solve(weighed @ answers.T, weighed)
    offsets = means[channels:] - readouts @ means[:channels]
    lengths = answers.norm(dim=1, keepdim=True)
    return Directions(sums.names, (answers / lengths).float(), readouts.float(), offsets.float())


class _Sums:
    """Sums of latents and parameters, and of their products."""

    def __init__(self, names: tuple[str, ...], channels: int) -> None:
        size = channels + len(names)
        self.names, self.channels, self.count = names, channels, 0
        self._first: torch.Tensor | None = None
        self._sum = torch.zeros(size, dtype=torch.float64)
        self._products = torch.zeros(size, size, dtype=torch.float64)

    def add(self, latent: torch.Tensor, parameters: Mapping[str, torch.Tensor], *, per_place: bool) -> None:
        """Take in a batch."""
        if set(parameters) != set(self.names):
            raise ValueError(
                f"parameters are {sorted(parameters)}; in the first sample they were {self.names}."
            )
        table = torch.stack([parameters[name].cpu().double() for name in self.names], dim=1)  # B x K
        if per_place:
            table = table.repeat_interleave(latent.shape[2] * latent.shape[3], dim=0)
            rows = latent.detach().permute(0, 2, 3, 1).flatten(0, 2).cpu().double()  # (B h w) x C
        else:
            rows = _pooled(latent.detach()).cpu().double()
        both = torch.cat([rows, table], dim=1)
        if self._first is None:
            # Everything is counted from the first sample: sums of squares stay small, and exact.
            self._first = both[0].clone()
        both -= self._first
        self.count += len(both)
        self._sum += both.sum(dim=0)
        self._products += both.T @ both

    def moments(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return means (C + K,) and covariance (C + K, C + K)."""
        assert self._first is not None
        mean = self._sum / self.count
        return mean + self._first, self._products / self.count - torch.outer(mean, mean)


def _ridge(covariance: torch.Tensor, ridge: float) -> torch.Tensor:
    """The inverse of a covariance, to whose variances `ridge` of themselves is added."""
    variances = covariance.diag().clamp_min(1e-12)
    inverse: torch.Tensor = torch.linalg.inv(covariance + ridge * torch.diag(variances))
    return inverse


def _pooled(latent: torch.Tensor) -> torch.Tensor:
    """(B, C, h, w) to (B, C), averaged over places."""
    return latent.float().mean(dim=(2, 3))
