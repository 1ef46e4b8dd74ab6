"""What a run is asked to do: presets, assignments of the command line, and settings of single shots."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.shots import SettingsTree
from reelfix.pipeline.stage import StageSettings
from reelfix.pipeline.stages.table import STAGES, stage_type

DEFAULT_PRESET = "archive"


@dataclass(frozen=True)
class Preset:
    """A named choice of stages and settings: one TOML file in `configs/`."""

    name: str
    description: str
    stages: tuple[str, ...]
    settings: SettingsTree


@dataclass(frozen=True)
class RunRequest:
    """What the user asked for, before it is resolved against a reel."""

    stages: tuple[str, ...] | None = None
    """None: those of the preset named, else of the reel's last run, else of the default preset."""
    preset: str | None = None
    """Begin anew from this preset; None: from the reel's last run, else from the default preset."""
    settings: SettingsTree = field(default_factory=dict)
    """Laid over what it begins from, and remembered: for every shot, or for those named in `shots`."""
    shots: str | None = None
    """`"3,7-9"`: run these shots alone."""


def preset_names() -> tuple[str, ...]:
    """Names of the presets there are."""
    found = (entry.name for entry in files("reelfix.configs").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


def load_preset(name: str) -> Preset:
    """Read a preset; raises UsageError for a name there is not, or a key no stage has."""
    if name not in preset_names():
        raise UsageError(f"there is no preset {name!r}.{_nearest(name, preset_names())}")
    content = tomllib.loads((files("reelfix.configs") / f"{name}.toml").read_text(encoding="utf-8"))
    description = content.pop("description")
    stages = content.pop("stages")
    for stage, values in content.items():
        resolve(stage, {stage: values})
    return Preset(name, description, check_stages(stages), content)


def check_stages(names: Iterable[str]) -> tuple[str, ...]:
    """Return the stages in canonical order, each once; raises UsageError for a name there is not."""
    wanted = set(names)
    for name in wanted:
        if name not in STAGES:
            raise UsageError(f"there is no stage {name!r}.{_nearest(name, STAGES)}")
    return tuple(name for name in STAGES if name in wanted)


def parse_assignments(assignments: Iterable[str]) -> SettingsTree:
    """Read `stage.name=value` assignments into a tree; the value is checked, and typed, by `resolve`."""
    tree: dict[str, dict[str, Any]] = {}
    for text in assignments:
        target, equals, value = text.partition("=")
        stage, dot, name = target.strip().partition(".")
        if not (equals and dot and stage and name):
            raise UsageError(f"{text!r} is not an assignment; write it like restore.strength=0.6.")
        check_stages([stage])
        tree.setdefault(stage, {})[name] = value.strip()
    for stage in tree:
        tree[stage] = dict(_only(resolve(stage, tree), tree[stage]))
    return tree


def resolve(stage: str, *layers: SettingsTree) -> StageSettings:
    """Lay the layers' settings for `stage` over its defaults, later ones on top, and check them.

    Raises UsageError naming the setting, the value, the rule, and for an unknown name the nearest known one.
    """
    check_stages([stage])
    settings_type = stage_type(stage).settings_type
    merged: dict[str, Any] = {}
    for layer in layers:
        merged.update(layer.get(stage, {}))
    known = settings_type.model_fields
    for name in merged:
        if name not in known:
            raise UsageError(f"{stage} has no setting {name!r}.{_nearest(name, known)}")
    try:
        return settings_type.model_validate(merged)
    except ValidationError as error:
        problem = error.errors()[0]
        name = ".".join(str(part) for part in problem["loc"])
        raise UsageError(
            f"{stage}.{name} = {problem['input']!r} is not allowed: {problem['msg'].lower()}"
            f"{range_of(settings_type, name)}."
        ) from error


def _only(settings: StageSettings, names: Iterable[str]) -> Mapping[str, Any]:
    values = settings.model_dump(mode="json")
    return {name: values[name] for name in names}


def range_of(settings_type: type[StageSettings], name: str) -> str:
    """Return ` (range: ge 0.0, le 1.0)` for a bounded setting, else nothing."""
    info = settings_type.model_fields.get(name)
    words = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    bounds = [
        f"{sign} {getattr(rule, bound)}"
        for rule in (info.metadata if info else ())
        for bound, sign in words.items()
        if getattr(rule, bound, None) is not None
    ]
    return f" (range: {', '.join(bounds)})" if bounds else ""


def _nearest(name: str, known: Iterable[str]) -> str:
    options = list(known)
    close = difflib.get_close_matches(name, options, n=1, cutoff=0.5)
    if close:
        return f" Did you mean {close[0]!r}?"
    return f" Known: {', '.join(options)}."
