"""Damage found: two probability maps a frame, dirt (in one frame) and running scratches (in many)."""

from collections.abc import Mapping

import numpy as np
import torch

from reelfix.restoration.arrays import Plane, as_array, luma_of
from reelfix.restoration.blotch_evidence import VIEWS, scene_of
from reelfix.restoration.detector import (
    Detector,
    Looks,
    look_at,
    without_blobs,
    without_guesses,
    without_still,
)
from reelfix.restoration.detector_inputs import EACH_WAY, GONE, OWN, Look, inputs_of
from reelfix.restoration.dirt import dirt_probability
from reelfix.restoration.frame_threads import map_frames
from reelfix.restoration.mask_holes import without_holes
from reelfix.restoration.motion import Motion
from reelfix.restoration.neighbours import neighbours_of, repeats_in
from reelfix.restoration.picture_border import Columns, border_of, columns_of, without_border
from reelfix.restoration.running_damage import Seen, running_damage

_DIRT, _SCRATCH = 0, 1


def detect_damage(
    frames: torch.Tensor,
    motion: Motion,
    core: slice,
    *,
    strength: float = 1.0,
    dirt: bool = True,
    scratches: bool = True,
    first: int = 0,
    seen: Seen | None = None,
    detector: Detector | None = None,
    looks: Looks | None = None,
) -> torch.Tensor:
    """Return the masks of `frames[core]`: uint8 (T, 2, H, W), planes dirt and scratch, probability times 255.

    `frames` float32 (T, C, H, W) in [0, 1], with REACH more on either side of the core where the shot has
    them (`neighbours.REACH`, `running_damage.REACH` for scratches, `detector_inputs.REACH` for a detector);
    `motion` of the same frames. 128 and above means damaged. `strength` 0 finds nothing. `first`: number in
    the shot of the first of `frames`; `seen` and `looks`: what was made of windows of the same shot before.

    With a `detector`, what was found without it is weighed by its net; a frame without neighbours shows it
    too little.
    """
    images = as_array(frames)
    wanted = range(*core.indices(len(images)))
    height, width = images.shape[2:]
    if strength == 0:
        return torch.zeros((len(wanted), 2, height, width), dtype=torch.uint8, device=frames.device)
    lumas = map_frames(luma_of, list(images))
    repeats = repeats_in(lumas)
    running: list[Plane] = []
    if scratches or detector:
        running = running_damage(lumas, repeats, motion, wanted, strength, first=first, seen=seen)
    looked: Mapping[int, Look] = {}
    columns: list[Columns] = []
    if detector:
        columns = map_frames(columns_of, lumas)
        looked = look_at(looks if looks is not None else {}, lumas, motion, first)

    def told(t: int) -> tuple[Plane, Plane | None]:
        planes = np.zeros((2, height, width), np.uint8)
        scene = scene_of(lumas, neighbours_of(repeats, motion, t, EACH_WAY)[:VIEWS], t)
        if running:
            planes[_SCRATCH] = running[t - wanted.start]
        if dirt or detector:
            planes[_DIRT] = dirt_probability(scene, strength)
        if not detector or len(scene.views) < 2:
            return planes, None
        inputs = inputs_of(scene, looked, t, list(planes), strength)
        return planes, inputs if inputs[:OWN].any() else None  # an even picture has no damage

    def judged(t: int, known: Plane, inputs: Plane | None, answer: Plane | None) -> Plane:
        if inputs is None or answer is None:
            return known
        planes = answer.copy()
        planes[_DIRT] = without_guesses(planes[_DIRT], known[_DIRT])
        lines = without_border(planes[_SCRATCH], known[_SCRATCH], border_of(columns, t))
        lines = without_still(lines, known[_SCRATCH], inputs[GONE])
        planes[_SCRATCH] = without_blobs(lines, known[_SCRATCH], inputs[GONE])
        return np.stack([without_holes(plane) for plane in planes])

    masks = []
    # As many frames at a time as there are threads: what the net is told of a frame is large.
    threads = torch.get_num_threads()
    for begin in range(0, len(wanted), threads):
        part = wanted[begin : begin + threads]
        known = map_frames(told, part)
        # The net has the threads for itself.
        answers = [
            None if detector is None or inputs is None else detector.probability(inputs, height, width)
            for _, inputs in known
        ]
        cases = [(t, *parts, answer) for t, parts, answer in zip(part, known, answers, strict=True)]
        for planes in map_frames(lambda case: judged(*case), cases):
            masks.append(planes * np.array([dirt, scratches], np.uint8)[:, None, None])
    return torch.from_numpy(np.stack(masks)).to(frames.device)
