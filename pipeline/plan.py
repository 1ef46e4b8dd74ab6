"""The plan: from a reel's facts and a request to the tasks to do, each under the key of all it depends on.

Pure functions: nothing here reads pixels, writes, or asks what is done already.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

from reelfix.io.documents import read_json, write_json
from reelfix.pipeline.colour_guides import FILM_COLOURS_KEY, ColourFacts
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.settings import DEFAULT_PRESET, RunRequest, check_stages, load_preset, resolve
from reelfix.pipeline.shots import SettingsTree, Shot
from reelfix.pipeline.stage import ClipFormat, Stage
from reelfix.pipeline.stages.table import STAGES, stage_type
from reelfix.pipeline.user_masks import UserMask, masks_key, user_masks_of

SOURCE = "source"
"""In place of a stage's name: the frames as ingested."""
USER = "user"
"""In place of a stage's name: what a person supplied."""
GRAINY = "grainy"
"""The product that is an earlier one's frames: those that the first stage to take grain out of them read."""


@dataclass(frozen=True)
class Input:
    """A product that a task reads, and who makes it."""

    product: str
    stage: str
    """The stage's name, SOURCE or USER."""
    key: str


@dataclass(frozen=True)
class Task:
    """One stage on one shot."""

    stage: str
    shot: Shot
    key: str
    settings: dict[str, Any]
    inputs: tuple[Input, ...]
    clip: ClipFormat

    def make_stage(self) -> Stage[Any]:
        """Build the stage with its settings."""
        kind = stage_type(self.stage)
        return kind(kind.settings_type.model_validate(self.settings), self.clip)

    def __str__(self) -> str:
        return f"{self.stage} {self.shot.name}"


@dataclass(frozen=True)
class Plan:
    """All the tasks of a reel: one chain of stages per shot, in the order they must run."""

    stages: tuple[str, ...]
    chains: tuple[tuple[Task, ...], ...]

    @property
    def tasks(self) -> tuple[Task, ...]:
        """Every task, shot by shot."""
        return tuple(task for chain in self.chains for task in chain)

    def chain_of(self, shot: Shot) -> tuple[Task, ...]:
        """Return the tasks of one shot, in order; empty where the plan has no stage for it."""
        for chain in self.chains:
            if chain and (chain[0].shot.start, chain[0].shot.stop) == (shot.start, shot.stop):
                return chain
        return ()


@dataclass(frozen=True)
class PlanRequest:
    """What `plan.json` keeps: the last request, resolved against its preset."""

    stages: tuple[str, ...] = ()
    preset: str = ""
    settings: SettingsTree = field(default_factory=dict)
    """Over the stages' defaults, for every shot."""


def key_of(content: dict[str, Any]) -> str:
    """SHA-256 of the canonical JSON of all that a product depends on."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def make_plan(
    source_key: str,
    clip: ClipFormat,
    shots: Sequence[Shot],
    request: PlanRequest,
    user_masks: Sequence[UserMask] = (),
    colour: ColourFacts | None = None,
) -> Plan:
    """Turn (source, shots, stages, settings) into tasks; raises UsageError where a stage lacks an input."""
    stages = with_needed(request.stages)
    chains = tuple(
        make_chain(
            source_key, clip, shot, stages, request.settings, _supplied(clip, shot, user_masks, colour)
        )
        for shot in shots
    )
    return Plan(stages, chains if stages else ())


def _supplied(
    clip: ClipFormat, shot: Shot, user_masks: Sequence[UserMask], colour: ColourFacts | None
) -> dict[str, str]:
    """Keys of what a person says of a shot, by product; what nothing is said of is left out."""
    keys = {
        "user_mask": masks_key(user_masks, shot),
        "guides": colour.choose(shot).key if colour is not None else "",
        "film_colours": FILM_COLOURS_KEY if colour is not None and clip.channels == 3 else "",
    }
    return {product: key for product, key in keys.items() if key}


def with_needed(names: Sequence[str]) -> tuple[str, ...]:
    """Add the stages that measure what others read; assert that an earlier stage makes what is read."""
    stages = check_stages(names)
    for measured in ("grain_profile", "motion", "track"):
        if any(measured in stage_type(name).reads for name in stages):
            stages = check_stages([*stages, measured])
    made = {"frames", GRAINY}
    for name in stages:
        for product in stage_type(name).reads:
            if product not in made:
                earlier = takewhile(name.__ne__, STAGES)
                makers = [other for other in earlier if product in _all_made(other)]
                raise UsageError(
                    f"{name} reads a {product}, which no earlier stage makes: "
                    f"add {' or '.join(makers)} to --stages."
                )
        made.update(_all_made(name))
    return stages


def _all_made(name: str) -> tuple[str, ...]:
    """What a stage makes, whatever its settings."""
    kind = stage_type(name)
    return (*kind.makes, *kind.may_make)


def make_chain(
    source_key: str,
    clip: ClipFormat,
    shot: Shot,
    stages: Sequence[str],
    settings: SettingsTree,
    supplied: Mapping[str, str] | None = None,
) -> tuple[Task, ...]:
    """Make the tasks of one shot: each product is read from the nearest earlier stage that makes it.

    `supplied`: keys of the products that a person supplies, by name.
    """
    users = {name: Input(name, USER, key) for name, key in (supplied or {}).items()}
    source = Input("frames", SOURCE, source_key)
    latest = {"frames": source}
    chain: list[Task] = []
    asked = _asked(clip, shot, stages, settings)
    for name in stages:
        chosen = resolve(name, settings, shot.settings, asked)
        stage = stage_type(name)(chosen, clip)
        if stage.takes_grain or GRAINY in stage.reads:
            latest.setdefault(GRAINY, replace(latest["frames"], product=GRAINY))
        for product in stage.reads:
            if product not in latest:
                raise UsageError(
                    f"{name} reads a {product}, which the stages before it may make, but do not with their "
                    f"settings. For a latent: restore.model=triplet-compact, restore.keep_latents=true."
                )
        there_may_be = latest | users
        inputs = (
            *(latest[product] for product in stage.reads),
            *(there_may_be[product] for product in stage.may_read if product in there_may_be),
        )
        values = chosen.model_dump(mode="json")
        key = key_of(
            {
                "stage": name,
                "version": stage.version,
                "settings": values,
                "weights": list(stage.weights),
                "inputs": {entry.product: entry.key for entry in inputs},
                "source": source_key,
                "channels": clip.channels,
                "shot": [shot.start, shot.stop],
            }
        )
        chain.append(Task(name, shot, key, values, inputs, clip))
        latest.update({product: Input(product, name, key) for product in stage.made})
    return tuple(chain)


def _asked(clip: ClipFormat, shot: Shot, stages: Sequence[str], settings: SettingsTree) -> SettingsTree:
    """What the stages ask of those before them; see `Stage.asks`."""
    asked: dict[str, dict[str, Any]] = {}
    for name in stages:
        for earlier, values in stage_type(name)(resolve(name, settings, shot.settings), clip).asks.items():
            asked.setdefault(earlier, {}).update(values)
    return asked


def resolve_request(request: RunRequest, saved: PlanRequest) -> PlanRequest:
    """Lay a request over the preset it names, else over the reel's last one (`saved`)."""
    if request.preset is None and saved.stages:
        base = saved
    else:
        preset = load_preset(request.preset or DEFAULT_PRESET)
        base = PlanRequest(preset.stages, preset.name, preset.settings)
    stages = with_needed(base.stages if request.stages is None else request.stages)
    settings = base.settings if request.shots else overlaid(base.settings, request.settings)
    return PlanRequest(stages, base.preset, settings)


def overlaid(base: SettingsTree, over: SettingsTree) -> SettingsTree:
    """Lay settings over others; raises UsageError where a value is not allowed."""
    merged = {stage: dict(values) for stage, values in base.items()}
    for stage, values in over.items():
        merged.setdefault(stage, {}).update(values)
        resolve(stage, merged)
    return merged


def save_request(reel: Reel, request: PlanRequest) -> None:
    """Keep the request as the reel's plan, for `status`, `sheet` and `export`."""
    write_json(
        reel.root / "plan.json",
        {"version": 1, "stages": request.stages, "preset": request.preset, "settings": request.settings},
    )


def saved_request(reel: Reel) -> PlanRequest:
    """Return the reel's last request; an empty one where nothing was ever run."""
    try:
        content = read_json(reel.root / "plan.json")
    except FileNotFoundError:
        return PlanRequest()
    return PlanRequest(tuple(content["stages"]), content["preset"], content["settings"])


def plan_of(reel: Reel) -> Plan:
    """Return the plan of the reel's last request, against its shot list and masks as they are now."""
    return plan_for(reel, saved_request(reel))


def plan_for(reel: Reel, request: PlanRequest) -> Plan:
    """Return the plan of a request, against the reel's shot list and masks as they are now."""
    colour = (
        ColourFacts.of(reel)
        if any("guides" in stage_type(name).may_read for name in request.stages)
        else None
    )
    return make_plan(reel.source_key, reel.clip, reel.shots(), request, user_masks_of(reel), colour)
