"""Tables of shots and stages: with colour on a terminal, plain elsewhere."""

import sys
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from reelfix.bin.tally import reel_name

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from reelfix.pipeline.shots import Shot
    from reelfix.pipeline.status import ReelStatus, ShotState, StageState

_STYLES = {
    "done": "green",
    "running": "bold cyan",
    "begun": "cyan",
    "failed": "bold red",
    "waiting": "yellow",
    "stale": "magenta",
    "to do": "dim",
}
_MANY = 60
"""More shots than this: neighbours that stand alike share a row."""
_PLAIN_WIDTH = 200


def make_console() -> "Console":
    """Return the console of stdout; lines are not broken where it is not a terminal."""
    from rich.console import Console

    is_terminal = sys.stdout.isatty()
    return Console(
        file=sys.stdout,
        width=None if is_terminal else _PLAIN_WIDTH,
        highlight=False,
        soft_wrap=not is_terminal,
        markup=False,
    )


def make_table(columns: Sequence[str]) -> "Table":
    """Return an empty table, as all of ours look."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False)
    for name in columns:
        table.add_column(
            name, justify="right" if name in ("shot", "seconds", "size", "parameters") else "left"
        )
    return table


def print_status(status: "ReelStatus") -> None:
    """Print how a reel stands: head, stages, shots, reasons."""
    console = make_console()
    console.print(f"{reel_name(status.reel)}: {_head(status)}", style="bold")
    for line in _remarks(status):
        console.print(f"  {line}", style="yellow")
    if not status.stages:
        console.print("  nothing was run yet: reelfix run " + status.reel)
        return
    console.print(_stage_table(status))
    console.print(_shot_table(status))
    for line in dict.fromkeys(_reasons(status)):
        console.print(f"  {line}", style="red")


def _head(status: "ReelStatus") -> str:
    rate = float(_fraction(status.rate))
    parts = [
        f"{status.frame_count} frames",
        status.size,
        f"{rate:.6g} fps",
        status.interlace,
        counted(len(status.shots), "shot"),
        f"store {size_text(status.store_bytes)}",
    ]
    return ", ".join(parts) + (f", preset {status.preset}" if status.preset else "")


def _fraction(text: str) -> float:
    numerator, _, denominator = text.partition("/")
    return int(numerator) / int(denominator or 1)


def _remarks(status: "ReelStatus") -> Iterable[str]:
    if status.holder:
        yield f"held by {status.holder}"
    if status.damaged:
        frames = _numbers([frame.frame for frame in status.damaged])
        yield f"{len(status.damaged)} frames damaged in the source, and concealed: {frames}"
    yield from status.notices
    if status.unreached_bytes:
        size = size_text(status.unreached_bytes)
        yield f"{size} of products of other settings or other cuts: reelfix clean removes them"
    if status.alarms:
        total = sum(status.alarms.values())
        yield f"{counted(total, 'alarm')} on the contact sheets of shots {_numbers(sorted(status.alarms))}"
    for master in status.masters:
        yield f"exported: {master}"


def _stage_table(status: "ReelStatus") -> "Table":
    from reelfix.pipeline.status import STATES

    table = make_table(["stage", "shots", "size", "seconds"])
    for stage in status.stages:
        counts = status.count(stage)
        text = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])
        seconds = status.stage_seconds(stage)
        table.add_row(stage, text, size_text(status.stage_bytes(stage)), f"{seconds:.1f}" if seconds else "-")
    return table


def _shot_table(status: "ReelStatus") -> "Table":
    from rich.text import Text

    table = make_table(["shot", "frames", *status.stages, "note"])
    for group in _alike(status.shots):
        first, last = group[0], group[-1]
        numbers = str(first.shot) if first is last else f"{first.shot}-{last.shot}"
        cells = [Text(_cell(entry), style=_STYLES[entry.state]) for entry in first.stages]
        table.add_row(numbers, f"{first.start}-{last.stop - 1}", *cells, _note(first))
    return table


def _alike(shots: Sequence["ShotState"]) -> list[list["ShotState"]]:
    """Put neighbours that stand alike together, where there are many shots."""
    if len(shots) <= _MANY:
        return [[shot] for shot in shots]

    def state(shot: "ShotState") -> tuple[object, ...]:
        return (*(_cell(entry) for entry in shot.stages), shot.note, repr(shot.settings))

    return [list(group) for _, group in groupby(shots, key=state)]


def _cell(entry: "StageState") -> str:
    if entry.state in ("running", "begun"):
        return f"{entry.state} {entry.frames_done}"
    return entry.state


def _note(shot: "ShotState") -> str:
    own = [
        f"{stage}.{name}={value}" for stage, values in shot.settings.items() for name, value in values.items()
    ]
    return " ".join([*own, shot.note]).strip()


def _reasons(status: "ReelStatus") -> Iterable[str]:
    for shot in status.shots:
        for entry in shot.stages:
            if entry.state == "failed":
                yield f"shot {shot.shot}, {entry.stage}: {' '.join(entry.reason.split())}"


def print_shots(name: str, shots: Sequence["Shot"], rate: float) -> None:
    """Print a shot list."""
    console = make_console()
    console.print(f"{name}: {counted(len(shots), 'shot')}", style="bold")
    table = make_table(["shot", "frames", "length", "seconds", "settings", "note"])
    for shot in shots:
        own = [
            f"{stage}.{key}={value}"
            for stage, values in shot.settings.items()
            for key, value in values.items()
        ]
        table.add_row(
            str(shot.number),
            f"{shot.start}-{shot.stop - 1}",
            str(shot.frame_count),
            f"{shot.frame_count / rate:.2f}",
            " ".join(own),
            shot.note,
        )
    console.print(table)


def counted(count: int, noun: str) -> str:
    """Return `1 shot`, `2 shots`."""
    return f"{count} {noun}{'s' * (count != 1)}"


def size_text(size: int) -> str:
    """Return a size in bytes as people say it: `1.2 GiB`."""
    value = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def _numbers(numbers: Sequence[int], most: int = 12) -> str:
    """List the first few numbers."""
    shown = ", ".join(str(number) for number in numbers[:most])
    return shown + (f" and {len(numbers) - most} more" if len(numbers) > most else "")
