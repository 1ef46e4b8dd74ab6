"""Settings of training runs: files in `configs/train/`, or the user's own, and assignments over them."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from reelfix.pipeline.errors import UsageError
from reelfix.restoration.training.configuration import TASKS, RunSettings
from reelfix.restoration.training.registry import configuration
from reelfix.restoration.training.settings import TrainingSettings, checked, nearest

DEFAULT = "compact"
ADAPTED = "compact-adapt"
"""The configuration taken where real film is named for the mapping."""


@dataclass(frozen=True)
class RunConfig:
    """A file of settings, read."""

    task: str
    name: str
    """`compact` for `mapping-compact.toml`."""
    model: str
    description: str
    after: tuple[str, ...]
    """Tasks to be run before this one, with the configurations of the same name."""
    sections: Mapping[str, Any]
    origin: str
    """Where the settings are from, for messages."""

    @property
    def folder_name(self) -> str:
        """Name of the run's folder: `mapping-compact`."""
        return f"{self.task}-{self.name}"

    def settings(self) -> RunSettings:
        """Check the sections; raises TrainingError naming what is wrong."""
        return checked(configuration(self.task, self.model).settings_type, self.sections, self.origin)


def config_names(task: str) -> list[str]:
    """Names of the configurations shipped for a task."""
    entries = (entry.name for entry in (files("reelfix.configs") / "train").iterdir())
    return sorted(
        name.removeprefix(f"{task}-").removesuffix(".toml")
        for name in entries
        if name.startswith(f"{task}-") and name.endswith(".toml")
    )


def load_config(task: str, name: str) -> RunConfig:
    """Read a configuration by its name, or a file of the user's by its path (`*.toml`).

    Raises UsageError for a name there is not, a file that is not TOML or is for another task.
    """
    if name.endswith(".toml"):
        path = Path(name)
        if not path.exists():
            raise UsageError(f"there is no file {name}. Check the name, or give one of {_known(task)}.")
        return _parse(task, path.stem.removeprefix(f"{task}-"), path.read_text(encoding="utf-8"), name)
    if name not in config_names(task):
        raise UsageError(f"{task} has no configuration {name!r}.{nearest(name, config_names(task))}")
    file = files("reelfix.configs") / "train" / f"{task}-{name}.toml"
    return _parse(task, name, file.read_text(encoding="utf-8"), file.name)


def _known(task: str) -> str:
    return ", ".join(config_names(task))


def _parse(task: str, name: str, text: str, origin: str) -> RunConfig:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{origin} is not TOML: {error}. Mend that line.") from error
    missing = [key for key in ("task", "model") if key not in content]
    if missing:
        raise UsageError(f'{origin} lacks {" and ".join(missing)}. Begin it with task = "{task}".')
    if content["task"] != task:
        raise UsageError(f"{origin} is for {content['task']!r}, not for {task!r}. Name another.")
    return RunConfig(
        task=content.pop("task"),
        name=name,
        model=content.pop("model"),
        description=content.pop("description", ""),
        after=tuple(content.pop("after", ())),
        sections=content,
        origin=origin,
    )


def assigned(config: RunConfig, assignments: Iterable[str]) -> RunConfig:
    """Lay `section.name=value` assignments over a configuration.

    `name=value` alone means the section `training`. Values are read as TOML, else as text. Raises UsageError
    for what is no assignment.
    """
    sections = {name: _copied(values) for name, values in config.sections.items()}
    for text in assignments:
        target, equals, value = text.partition("=")
        path = [part.strip() for part in target.split(".")]
        if not equals or not all(path):
            raise UsageError(f"{text!r} is not an assignment; write it like training.steps=1000.")
        if len(path) == 1:
            path = _section_of(path[0])
        place = sections
        for part in path[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise UsageError(f"{text!r}: {part} is a value, not a section.")
        place[path[-1]] = _value(value.strip())
    return replace(
        config, sections=sections, origin=f"{config.origin} with --set" if sections else config.origin
    )


def _copied(values: Any) -> Any:
    return {key: _copied(value) for key, value in values.items()} if isinstance(values, dict) else values


def _section_of(name: str) -> list[str]:
    if name not in TrainingSettings.model_fields:
        raise UsageError(
            f"there is no setting {name!r} of training.{nearest(name, TrainingSettings.model_fields)} "
            "Settings of other sections are written like recipe.rate=0.001."
        )
    return ["training", name]


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def chain(config: RunConfig) -> list[RunConfig]:
    """Return the runs that `config` asks for, itself last."""
    name = config.name
    beside = Path(config.origin).parent if config.origin.endswith(".toml") and "/" in config.origin else None
    earlier = []
    for task in TASKS:
        if task in config.after:
            own = beside / f"{task}-{name}.toml" if beside else None
            earlier.append(load_config(task, str(own) if own and own.exists() else name))
    return [*earlier, config]
