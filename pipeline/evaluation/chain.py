"""The chain of stages over one clip, each on what the store would give it of the earlier ones' products."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from reelfix.pipeline.plan import with_needed
from reelfix.pipeline.products import PRODUCTS
from reelfix.pipeline.settings import load_preset, resolve
from reelfix.pipeline.shots import SettingsTree
from reelfix.pipeline.stage import ClipFormat, Stage, Window
from reelfix.pipeline.stages.table import stage_type

_CPU = torch.device("cpu")


def run_chain(
    frames: torch.Tensor,
    *,
    rate: float,
    preset: str,
    leave_out: Sequence[str] = (),
    given: Mapping[str, Any] | None = None,
    settings: SettingsTree | None = None,
) -> dict[str, Any]:
    """Run the stages of a preset, but those in `leave_out`, over a clip, (T, C, H, W), in canonical order.

    Returns the last of every product: `frames`, `mask`, `motion`. Settings are the preset's, with `settings`
    over them; what it does not set has its default. `given` products are there from the beginning and
    are what stages read, whatever earlier stages make.
    """
    count, channels, height, width = frames.shape
    clip = ClipFormat(height=height, width=width, channels=channels, depth=8, rate=rate)
    fixed = dict(given or {})
    products: dict[str, Any] = {"frames": frames, **fixed}
    chosen = load_preset(preset)
    for name in with_needed(chosen.stages):
        if name in leave_out:
            continue
        kind = stage_type(name)
        stage: Stage[Any] = kind(resolve(name, chosen.settings, settings or {}), clip)
        if all(made in fixed for made in stage.makes):
            continue
        read = [*stage.reads, *(product for product in stage.may_read if product in products)]
        window = Window({product: products[product] for product in read}, 0, count, 0, 0, count)
        made = stage.open(_CPU)(window)
        products |= {key: _stored(key, made[key]) for key in stage.made} | fixed
    return products


def _stored(name: str, value: Any) -> Any:
    return PRODUCTS[name].decode(PRODUCTS[name].encode(value), _CPU)
