"""What a training run is asked to do, as far as the trainer goes; recipes and sources have their own."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reelfix.restoration.training.errors import TrainingError


class Settings(BaseModel):
    """Settings of something; an unknown key is refused (see `checked`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainingSettings(Settings):
    """How long, how fast, how often; the same for every recipe."""

    seed: int = Field(default=0, ge=0)
    """Data order, damage and every draw follow from it and from the step."""
    steps: int = Field(default=10_000, ge=1)
    constant_share: float = Field(default=0.5, ge=0.0, le=1.0)
    """Share of the steps at the optimizers' own learning rate; over the rest it falls linearly to 0."""
    warm_up: int = Field(default=0, ge=0)
    """Steps over which the learning rate rises linearly from nothing."""
    average: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Decay of the running average of the shipped weights, per step; 0: the weights as they are."""
    precision: Literal["bfloat16", "float32"] = "bfloat16"
    """Of the arithmetic; the weights are kept in float32."""
    log_every: int = Field(default=50, ge=1)
    """Steps to a row of `losses.csv`."""
    validate_every: int = Field(default=1_000, ge=0)
    """Steps between two validations; 0: at the end alone."""
    samples_every: int = Field(default=1_000, ge=0)
    """Steps between two grids of example pictures; 0: at the end alone."""
    checkpoint_minutes: float = Field(default=5.0, gt=0.0)
    """Between two checkpoints: what a kill costs at most."""
    workers: int = Field(default=0, ge=0)
    """Processes that make batches ahead; 0: each is made when it is asked for."""
    prefetch: int = Field(default=2, ge=1)
    """Batches that each of them makes ahead."""


FREE = frozenset(
    {"workers", "prefetch", "checkpoint_minutes", "log_every", "validate_every", "samples_every"}
)
"""Settings of the trainer that no weight depends on: a run may go on with others."""

SCHEDULE = frozenset({"steps", "constant_share", "warm_up"})
"""Settings that say when the learning rate changes."""

S = TypeVar("S", bound=BaseModel)


def checked(settings_type: type[S], content: Mapping[str, Any], where: str) -> S:
    """Validate `content`; `where` names its origin in messages.

    Raises TrainingError naming the setting, the value and the rule; for an unknown name, the nearest one.
    """
    try:
        return settings_type.model_validate(content)
    except ValidationError as error:
        problem = error.errors()[0]
    path = [str(part) for part in problem["loc"]]
    name = ".".join(path)
    if problem["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _names_at(settings_type, path[:-1])
        raise TrainingError(f"{where}: there is no setting {name!r}.{nearest(path[-1], known)}")
    raise TrainingError(f"{where}: {name} = {problem['input']!r} is not allowed: {problem['msg'].lower()}.")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return ` Did you mean ...?`, or ` Known: ...` where nothing is near."""
    options = sorted(known)
    close = difflib.get_close_matches(name, options, n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else f" Known: {', '.join(options)}."


def difference(old: Mapping[str, Any], new: Mapping[str, Any], free: Iterable[str] = ()) -> list[str]:
    """Say what differs between two trees of settings, as `a.b: 1, now 2`; `free` names what may."""
    before, after = _flat(old), _flat(new)
    ignored = set(free)
    return [
        f"{name}: {_shown(before, name)}, now {_shown(after, name)}"
        for name in sorted(before.keys() | after.keys())
        if name not in ignored and before.get(name) != after.get(name)
    ]


def plain(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tree as TOML can hold it: what is None is left out."""
    return {
        key: plain(value) if isinstance(value, Mapping) else _plain_value(value)
        for key, value in content.items()
        if value is not None
    }


def _plain_value(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _shown(values: Mapping[str, Any], name: str) -> str:
    return repr(values[name]) if name in values else "not set"


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = _plain_value(value)
    return flat


def _names_at(settings_type: type[BaseModel], path: list[str]) -> list[str]:
    """Names of the settings in the section at `path`; sections are models or dataclasses."""
    current: Any = settings_type
    for part in path:
        current = get_type_hints(current)[part]
    if is_dataclass(current):
        return [field.name for field in fields(current)]
    return list(current.model_fields)
