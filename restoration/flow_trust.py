"""How far a flow can be trusted: by the way back, and by the picture found at its end."""

import cv2
import numpy as np

from reelfix.restoration.arrays import Plane
from reelfix.restoration.motion import Flow, grid_maps

_LEEWAY = 0.01  # of the squared displacement: long ways end less exactly
_FLAT = 0.05  # a way back that leads astray counts for so much where the picture is flat
_STEEP = 7  # grid points across which the picture's gradient is taken
_GRAIN_GRADIENT = 0.3  # gradient that grain alone makes, in noise
_HARM = 1.5  # noise: a way astray matters once it changes the picture by this much
_RESIDUAL_LEAST, _RESIDUAL_NOISE = 4.0, 2.0  # codes, and noise, that the residual may have


def flow_trust(source: Plane, target: Plane, flow: Flow, reverse: Flow, noise: float) -> Plane:
    """Confidence (h, w) in [0, 1] of `flow` from `source` to `target`, both (h, w) uint8.

    The way back must end where it began, on a picture that looks the same. By how much it may miss depends
    on the picture: across an even wall nobody can tell, nor does it matter. `noise`: median difference of
    the two along the flow, in codes.
    """
    map_x, map_y = grid_maps(flow)
    back = cv2.remap(reverse, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    astray = np.asarray(cv2.boxFilter(_squared(flow + back), -1, (3, 3)))
    misled = astray / (1 + np.float32(_LEEWAY) * _squared(flow))
    # Displacements are in pixels of the picture, gradients in codes per grid point, two pixels wide.
    harm = astray * _squared_gradient(source, noise) * np.float32(0.25 / (_HARM * noise) ** 2)
    seen = cv2.remap(target, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    residual = np.asarray(cv2.boxFilter(cv2.absdiff(source, seen), cv2.CV_32F, (5, 5)))
    strange = np.square(residual * np.float32(1 / (_RESIDUAL_LEAST + _RESIDUAL_NOISE * noise)))
    doubt = np.minimum(misled, harm + np.float32(_FLAT) * misled) + strange
    inside = (map_x > -1) & (map_y > -1) & (map_x < flow.shape[1]) & (map_y < flow.shape[0])
    return np.asarray(cv2.exp(-doubt) * inside, dtype=np.float32)


def _squared_gradient(view: Plane, noise: float) -> Plane:
    """Mean squared gradient (h, w) around each point beyond what grain makes, codes per grid point."""
    smooth = cv2.blur(view, (3, 3))
    across = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=1, scale=0.5))
    down = np.asarray(cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=1, scale=0.5))
    energy = np.asarray(cv2.boxFilter(across * across + down * down, -1, (_STEEP, _STEEP)))
    return np.asarray(np.maximum(energy - np.float32((_GRAIN_GRADIENT * noise) ** 2), 0))


def _squared(flow: Flow) -> Plane:
    """Squared length of displacements (h, w)."""
    across, down = cv2.split(flow)
    across *= across
    down *= down
    across += down
    return np.asarray(across)
