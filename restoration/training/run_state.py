"""All that a run needs to go on from a step: taken out of its parts, and put back into them."""

from collections.abc import Mapping
from typing import Any

from reelfix.restoration.training.average import WeightAverage
from reelfix.restoration.training.meter import Meter
from reelfix.restoration.training.recipe import Recipe


def snapshot(recipe: Recipe, average: WeightAverage | None, meter: Meter, step: int) -> dict[str, Any]:
    """Return what a checkpoint keeps: tensors and plain values alone, nothing that must be unpickled."""
    return {
        "step": step,
        "shipped": list(recipe.shipped),
        "modules": _states(recipe.modules),
        "optimizers": _states(recipe.optimizers),
        "average": _states(average.modules) if average is not None else {},
        "meter": meter.state(),
    }


def take_up(content: Mapping[str, Any], recipe: Recipe, average: WeightAverage | None) -> None:
    """Put nets, optimizers and averages back as `content` has them, on the devices that they are on."""
    for name, module in recipe.modules.items():
        module.load_state_dict(content["modules"][name])
    for name, optimizer in recipe.optimizers.items():
        optimizer.load_state_dict(content["optimizers"][name])
    if average is not None:
        for name, module in average.modules.items():
            module.load_state_dict(content["average"][name])


def _states(parts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part.state_dict() for name, part in parts.items()}
