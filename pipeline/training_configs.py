"""Settings of training runs: files in `configs/train/`, or the user's own, and assignments over them."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from reelfix.pipeline.errors import UsageError
from reelfix.restoration.training.configuration import TASKS, RunSettings
from reelfix.restoration.training.registry import configuration
from reelfix.restoration.training.settings import TrainingSettings, checked, nearest

_DEFAULT = "compact"
_ADAPTED = "compact-adapt"


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


def default_config(task: str, *, adapt: bool) -> str:
    """Name the configuration taken where none is named; `adapt`: real film is."""
    wanted = _ADAPTED if adapt and task == "mapping" else _DEFAULT
    names = config_names(task)
    return wanted if wanted in names else names[0]


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


def assigned(configs: Sequence[RunConfig], assignments: Iterable[str]) -> list[RunConfig]:
    """Lay `section.name=value` assignments over the last of the configurations.

    `name=value` alone means the section `training`; `task.section.name=value` is for another of the runs;
    those of the section `weights` are for all. Values are read as TOML, else as text. Raises UsageError for
    what is no assignment.
    """
    trees = [_copied(dict(config.sections)) for config in configs]
    tasks = [config.task for config in configs]
    for text in assignments:
        target, equals, value = text.partition("=")
        path = [part.strip() for part in target.split(".")]
        if not equals or not all(path):
            raise UsageError(f"{text!r} is not an assignment; write it like training.steps=1000.")
        chosen = trees[-1:]
        if path[0] in tasks:
            chosen = [trees[tasks.index(path.pop(0))]]
        elif path[0] == "weights":
            chosen = trees
        if len(path) == 1:
            path = _section_of(path[0])
        for tree in chosen:
            _set(tree, path, _value(value.strip()), text)
    return [replace(config, sections=tree) for config, tree in zip(configs, trees, strict=True)]


def _set(tree: dict[str, Any], path: Sequence[str], value: Any, text: str) -> None:
    place = tree
    for part in path[:-1]:
        place = place.setdefault(part, {})
        if not isinstance(place, dict):
            raise UsageError(f"{text!r}: {part} is a value, not a section.")
    place[path[-1]] = value


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
