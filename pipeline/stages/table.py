"""The stages, in their canonical order. To add one: write its file here beside, and add a line."""

from importlib import import_module
from typing import Any

from reelfix.pipeline.stage import Stage

STAGES = {
    "track": "reelfix.pipeline.stages.track:Track",
    "stabilize": "reelfix.pipeline.stages.stabilize:Stabilize",
    "deflicker": "reelfix.pipeline.stages.deflicker:Deflicker",
    "motion": "reelfix.pipeline.stages.motion:Motion",
    "detect": "reelfix.pipeline.stages.detect:Detect",
    "restore": "reelfix.pipeline.stages.restore:Restore",
    "denoise": "reelfix.pipeline.stages.denoise:Denoise",
    "smooth": "reelfix.pipeline.stages.smooth:Smooth",
    "colorize": "reelfix.pipeline.stages.colorize:Colorize",
    "smooth_chroma": "reelfix.pipeline.stages.smooth_chroma:SmoothChroma",
    "grain_profile": "reelfix.pipeline.stages.grain_profile:GrainProfile",
    "grain": "reelfix.pipeline.stages.grain:Grain",
}

STAGE_NAMES = tuple(STAGES)


def stage_type(name: str) -> type[Stage[Any]]:
    """Return the class of the stage `name` (one of STAGES)."""
    module, _, kind = STAGES[name].partition(":")
    found: type[Stage[Any]] = getattr(import_module(module), kind)
    return found
