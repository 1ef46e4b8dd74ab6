"""Kernel distance between two sets of pictures, by their features (KID)."""

import numpy as np

from reelfix.restoration.metrics.frechet import Sample


def kernel_distance(first: Sample, second: Sample, *, paired: bool = False) -> float:
    """Squared maximum mean discrepancy under the kernel `(x . y / D + 1)^3`, unbiased: it may fall below 0.

    Binkowski et al., "Demystifying MMD GANs", 2018, section 4: of the whole samples (N, D), (M, D) at once.
    `paired`: the rows are of the same pictures, restored and true; what a picture has in common with itself
    is then left out (Gretton et al., "A Kernel Two-Sample Test", 2012, eq. 4), and equal sets give 0. NaN
    for fewer than two pictures. Raises ValueError for pairs of samples of different length.
    """
    n, m = len(first), len(second)
    if paired and n != m:
        raise ValueError(f"{n = } must equal {m = } where pictures are paired.")
    if min(n, m) < 2:
        return float("nan")
    within = _apart(_kernel(first, first)) + _apart(_kernel(second, second))
    across = _kernel(first, second)
    return within - 2 * (_apart(across) if paired else float(across.mean()))


def kernel_distance_spread(
    first: Sample, second: Sample, *, paired: bool = False, draws: int = 200, seed: int = 0
) -> float:
    """Standard deviation of `kernel_distance`, by half samples; NaN for fewer than four pictures.

    Each draw takes half of the pictures of both samples, without repetition: one drawn twice would count as
    like itself. How much half a sample's figure varies about the whole's is how much the whole's varies about
    the truth (Politis and Romano, "Large Sample Confidence Regions Based on Subsamples", 1994; half of n).
    """
    n, m = len(first), len(second)
    if min(n, m) < 4:
        return float("nan")
    random = np.random.default_rng(seed)
    found = []
    for _ in range(draws):
        ours = random.permutation(n)[: n // 2]
        theirs = ours if paired else random.permutation(m)[: m // 2]
        found.append(kernel_distance(first[ours], second[theirs], paired=paired))
    return float(np.std(found))


def _kernel(first: Sample, second: Sample) -> Sample:
    return np.asarray((first @ second.T / first.shape[1] + 1) ** 3)


def _apart(kernel: Sample) -> float:
    """Mean of a square kernel without its diagonal."""
    return float(kernel.sum() - np.trace(kernel)) / (len(kernel) * (len(kernel) - 1))
