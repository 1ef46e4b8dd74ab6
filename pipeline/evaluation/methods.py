"""What restores a damaged clip: our chain of stages, as it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.settings import load_preset, parse_assignments
from reelfix.pipeline.shots import SettingsTree

INPUT = "input"

BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        INPUT: "",
        "model-free": "model-free",
        "learned": "full",
    }
)
"""Methods by name: a preset, and settings over it. `input` is the damaged clip as it is, `learned` what the
stages do by default, with the nets that come with us."""


@dataclass(frozen=True)
class Method:
    """One way to restore, under a name."""

    name: str
    preset: str | None
    """None: nothing is done."""
    settings: SettingsTree = field(default_factory=dict)

    def __str__(self) -> str:
        words = [
            f"{stage}.{name}={value}" for stage, tree in self.settings.items() for name, value in tree.items()
        ]
        return " ".join([self.preset or "nothing", *words])


def parse_method(text: str) -> Method:
    """Read `NAME`, one of BUILT_IN, or `NAME=PRESET STAGE.SETTING=VALUE ...`; raises UsageError."""
    name, equals, words = (part.strip() for part in text.partition("="))
    if not equals:
        if name not in BUILT_IN:
            raise UsageError(
                f"there is no method {name!r}. There are {', '.join(BUILT_IN)}; others are written like "
                "'gentle=full restore.strength=0.5'."
            )
        words = BUILT_IN[name]
        if not words:
            return Method(name, None)
    preset, *assignments = words.split()
    load_preset(preset)
    return Method(name, preset, parse_assignments(assignments))


def parse_methods(texts: tuple[str, ...]) -> tuple[Method, ...]:
    """Read several methods, the names that stand alone separated by commas; each name once."""
    names = [part for text in texts for part in ([text] if "=" in text else text.split(","))]
    methods = tuple(parse_method(name) for name in names)
    known = [method.name for method in methods]
    for name in known:
        if known.count(name) > 1:
            raise UsageError(f"{known.count(name)} methods are named {name!r}. Give each a name of its own.")
    return methods
