from typing import Any

import numpy as np
import pytest
import torch

from reelfix.pipeline.stage import ClipFormat, StageSettings, Window
from reelfix.pipeline.stages.grain import Grain, GrainSettings
from reelfix.pipeline.stages.grain_profile import GrainProfile, GrainProfileSettings
from reelfix.restoration.motion import Motion

COUNT, HEIGHT, WIDTH = 5, 72, 96
CLIP = ClipFormat(HEIGHT, WIDTH, 1, 8, 24.0)
GRID = (HEIGHT // 2, WIDTH // 2)


def products() -> dict[str, Any]:
    clean = torch.linspace(0.2, 0.8, WIDTH).expand(COUNT, 1, HEIGHT, WIDTH).contiguous()
    noise = torch.from_numpy(np.random.default_rng(1).standard_normal(clean.shape, np.float32))
    mask = torch.zeros(COUNT, 2, HEIGHT, WIDTH, dtype=torch.uint8)
    mask[:, 0, 20:30, 40:60] = 255
    flow, trust = torch.zeros(COUNT, 2, *GRID), torch.ones(COUNT, 1, *GRID)
    return {
        "frames": clean,
        "grainy": clean + 0.03 * noise,
        "mask": mask,
        "motion": Motion(flow, flow, trust, trust),
    }


def run(settings: StageSettings, kind: type[Any], given: dict[str, Any], block: int) -> torch.Tensor:
    stage = kind(settings, CLIP)
    process, made = stage.open(torch.device("cpu")), []
    for start in range(0, COUNT, block):
        stop = min(start + block, COUNT)
        first, last = max(start - stage.handle, 0), min(stop + stage.handle, COUNT)
        names = [name for name in (*stage.reads, *stage.may_read) if name in given]
        seen = {n: given[n] if n in stage.reads_whole else given[n][first:last] for n in names}
        window = Window(seen, start, stop, start - first, last - stop, COUNT, frozenset(stage.reads_whole))
        made.append(process(window)[kind.makes[0]])
    return torch.cat(made)


@pytest.mark.parametrize("block", [1, 2])
def test_bytes_do_not_depend_on_the_blocks(block: int) -> None:
    given, whole = products(), products()
    for made, size in ((given, block), (whole, COUNT)):
        made["grain_profile"] = run(GrainProfileSettings(), GrainProfile, made, size)
        made["given"] = run(GrainSettings(strength=1), Grain, made, size)
    assert whole["grain_profile"].any()
    assert torch.equal(given["grain_profile"], whole["grain_profile"])
    assert torch.equal(given["given"], whole["given"])


def test_strength_is_the_share_of_grain_that_comes_back_and_a_mask_is_not_needed() -> None:
    given = products()
    del given["mask"]
    given["grain_profile"] = run(GrainProfileSettings(), GrainProfile, given, COUNT)
    for strength in (0.0, 0.5, 1.0):
        back = run(GrainSettings(strength=strength), Grain, given, COUNT) - given["frames"]
        assert float(back.std()) == pytest.approx(0.03 * strength, rel=0.1)
