"""Frechet distance between two sets of pictures, by their features (FID)."""

import numpy as np
import numpy.typing as npt

Sample = npt.NDArray[np.float64]
"""Features of the pictures of a set, (N, D)."""


def frechet_distance(first: Sample, second: Sample) -> float:
    """`|m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2))` of two samples' means and covariances; 0 for equal.

    Heusel et al., "GANs Trained by a Two Time-Scale Update Rule", 2017, eq. 6. With A and B the centred
    samples over sqrt(N - 1), `tr (C1 C2)^(1/2)` is the sum of the singular values of `A B^T`: exact, for
    fewer pictures than features too. Biased upwards by small samples: compare sets of the same size. NaN
    for fewer than two pictures.
    """
    if min(len(first), len(second)) < 2:
        return float("nan")
    apart = first.mean(axis=0) - second.mean(axis=0)
    a, b = _root(first), _root(second)
    traces = float((a * a).sum() + (b * b).sum())
    common = float(np.linalg.svd(a @ b.T, compute_uv=False).sum())
    return max(0.0, float(apart @ apart) + traces - 2 * common)


def _root(sample: Sample) -> Sample:
    """Return R with R^T R the covariance, at most D rows."""
    centred = (sample - sample.mean(axis=0)) / np.sqrt(len(sample) - 1)
    return centred if len(centred) <= centred.shape[1] else np.asarray(np.linalg.qr(centred, mode="r"))
