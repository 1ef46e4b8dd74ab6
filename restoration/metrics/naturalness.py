"""NIQE, how natural a picture looks, without a truth."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from reelfix.restoration.arrays import Plane
from reelfix.restoration.metrics.naturalness_features import COUNT, block_features
from reelfix.restoration.models.weights import load_document

SHARP = 0.75
"""Blocks at least so sharp as this part of their picture's sharpest are learned from (the paper's T)."""
_DIGITS = 7


@dataclass(frozen=True)
class Pristine:
    """What blocks of sound pictures are like: a Gaussian over their 36 numbers."""

    mean: npt.NDArray[np.float64]
    """(36,)."""
    covariance: npt.NDArray[np.float64]
    """(36, 36)."""
    about: Mapping[str, object]
    """What it was fitted to, in words and numbers."""

    @classmethod
    def fit(cls, planes: Iterable[Plane], about: Mapping[str, object]) -> "Pristine":
        """Fit to sound pictures' luma (H, W) in [0, 1]; raises ValueError for too few sharp blocks.

        Mittal et al., 2013, section II.C: of each picture the blocks no less sharp than SHARP of its
        sharpest.
        """
        kept, pictures = [], 0
        for plane in planes:
            features, sharpness = block_features(plane)
            if len(features):
                pictures += 1
                kept.append(features[sharpness > SHARP * sharpness.max()])
        blocks = np.concatenate(kept) if kept else np.empty((0, COUNT))
        blocks = blocks[np.isfinite(blocks).all(axis=1)]
        if len(blocks) <= COUNT:
            raise ValueError(
                f"{len(blocks) = } sharp blocks of {pictures} pictures; more than {COUNT} are needed. "
                "Give more pictures, of at least 96 x 96."
            )
        facts = {**about, "pictures": pictures, "blocks": len(blocks)}
        return cls(blocks.mean(axis=0), np.cov(blocks, rowvar=False), facts)

    @classmethod
    def load(cls, path: Path | None = None) -> "Pristine":
        """Read a fitted model, by default the one shipped; raises ValueError where it is none."""
        reference = str(path) if path else "niqe"
        content = load_document(reference)
        try:
            mean, covariance = (np.array(content[name], np.float64) for name in ("mean", "covariance"))
        except (KeyError, TypeError) as error:
            raise ValueError(
                f"{reference} has no {error}; write one with `reelfix evaluate pristine`."
            ) from error
        if mean.shape != (COUNT,) or covariance.shape != (COUNT, COUNT):
            raise ValueError(
                f"{reference}: {mean.shape = }, {covariance.shape = } must be of {COUNT} numbers."
            )
        return cls(mean, covariance, content["about"])

    def to_json(self) -> str:
        """Return the model as a document, its numbers to 7 digits."""
        lists = {
            name: np.vectorize(lambda value: float(f"{value:.{_DIGITS}g}"))(values).tolist()
            for name, values in (("mean", self.mean), ("covariance", self.covariance))
        }
        return json.dumps({"about": dict(self.about), **lists})


def niqe(plane: Plane, pristine: Pristine) -> float:
    """Measure how far the statistics of luma (H, W) in [0, 1] lie from sound pictures'; less is better.

    Mittal et al., "Making a Completely Blind Image Quality Analyzer", 2013, eq. 10, computed as pyiqa does.
    With another `pristine` model than the paper's the scale is another: compare only figures of the same
    model. NaN for a picture with fewer than two blocks of 96 x 96 that are not flat.
    """
    features, _ = block_features(plane)
    whole = features[np.isfinite(features).all(axis=1)]
    if len(whole) < 2:
        return float("nan")
    apart = pristine.mean - np.nanmean(features, axis=0)
    inverse = np.linalg.pinv((pristine.covariance + np.cov(whole, rowvar=False)) / 2)
    return float(np.sqrt(apart @ inverse @ apart))
