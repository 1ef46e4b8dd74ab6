"""The figures of training runs, as the Markdown of a card, and their curves, as a small picture."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reelfix.restoration.models.training_run import Row, TrainingRun

BEGIN, END = "<!-- figures: made by `reelfix models card` -->", "<!-- end of the figures -->"

_SHOWN = 8
"""Rows of a table that shows how measures went."""
_LAST = 10
"""Rows at a run's end over which losses are averaged."""
_COLOURS = 16


def figures_of(runs: Sequence[TrainingRun], parameters: int, curves: str) -> str:
    """Return the section of a card that is made anew each time; `curves`: the picture's file name."""
    parts = [BEGIN, f"{parameters:,} parameters.", "![Losses and measures over the steps](" + curves + ")"]
    for run in runs:
        parts += [f"### {run.name}", _run_line(run), _losses(run), _validation(run), _sections(run)]
    return "\n\n".join(part for part in [*parts, END] if part)


def with_figures(text: str, figures: str) -> str:
    """Put the section into a card's text: in the place of the former one, else at its end."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if begin and end:
        return f"{before}{figures}{after}"
    return f"{text.strip()}\n\n## Training\n\n{figures}"


def curves_of(runs: Sequence[TrainingRun]) -> bytes:
    """Draw what was measured over the steps, a chart a column; returns a PNG of few colours."""
    from PIL import Image

    from reelfix.restoration.training.curves import draw_curves

    series = {}
    for run in runs:
        for rows, kind in ((run.losses, ""), (run.validation, "validation ")):
            for name in run.columns(of_losses=rows is run.losses):
                points = [(row["step"], row[name]) for row in rows if name in row]
                series[f"{run.name.split('-', 1)[-1]} {kind}{name}"] = points
    picture = draw_curves(series).quantize(_COLOURS, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def last_measures(run: TrainingRun) -> dict[str, float]:
    """Return what was measured last on the validation part, to four digits."""
    if not run.validation:
        return {}
    last = run.validation[-1]
    return {name: float(f"{last[name]:.4g}") for name in run.columns(of_losses=False) if name in last}


def _run_line(run: TrainingRun) -> str:
    taken = f"{run.hours:.1f} h" if run.hours > 0.95 else f"{60 * run.hours:.0f} min"
    parts = [f"{run.steps:,} steps in {taken}"]
    parts += [
        f"{name.replace('_', ' ')} {run.training[name]}"
        for name in ("seed", "precision", "average", "constant_share", "warm_up")
        if name in run.training
    ]
    return ", ".join(parts) + "."


def _losses(run: TrainingRun) -> str:
    names = run.columns(of_losses=True)
    if not names:
        return ""
    first, last = run.losses[:1], run.losses[-_LAST:]
    rows = [[name, _mean(first, name), _mean(last, name)] for name in names]
    return _table(["loss", "at first", f"mean of the last {len(last)} rows"], rows)


def _validation(run: TrainingRun) -> str:
    names = run.columns(of_losses=False)
    if not names:
        return ""
    count = len(run.validation)
    places = sorted({round(index * (count - 1) / max(1, _SHOWN - 1)) for index in range(_SHOWN)})
    rows = [
        [f"{run.validation[place]['step']:.0f}", *(_number(run.validation[place], name) for name in names)]
        for place in places
    ]
    return _table(["validation at step", *names], rows)


def _sections(run: TrainingRun) -> str:
    """What else was set, of recipe and data, a line a section."""
    sections = {name: values for name, values in run.settings.items() if isinstance(values, dict)}
    sections.pop("training", None)
    lines = [line for name, values in sections.items() for line in _section(name, values)]
    if digest := run.settings.get("data_digest"):
        lines.append(f"- digest of the data: `{digest}`")
    return "\n".join(lines)


def _section(name: str, values: Mapping[str, Any]) -> list[str]:
    plain = [f"{key} = {_shown(value)!r}" for key, value in values.items() if not isinstance(value, dict)]
    inner = [
        line
        for key, value in values.items()
        if isinstance(value, dict)
        for line in _section(f"{name}.{key}", value)
    ]
    return [f"- {name}: `{', '.join(plain)}`", *inner] if plain else inner


def _shown(value: Any) -> Any:
    """A setting; of a path only its name: where it lay is nobody's business."""
    if isinstance(value, list):
        return [_shown(part) for part in value]
    return Path(value).name if isinstance(value, str) and Path(value).is_absolute() else value


def _mean(rows: Sequence[Row], name: str) -> str:
    values = [row[name] for row in rows if name in row]
    return f"{sum(values) / len(values):.4g}" if values else "-"


def _number(row: Row, name: str) -> str:
    return f"{row[name]:.4g}" if name in row else "-"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
