"""Tables of an evaluation: figures with their intervals, by case, by kind of damage, and of masks."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from reelfix.bin.tables import make_console, make_table

if TYPE_CHECKING:
    from rich.console import Console

    from reelfix.pipeline.evaluation.pairs import Measured
    from reelfix.pipeline.evaluation.records import Evaluation
    from reelfix.pipeline.evaluation.summary import Figure

_ARROWS = {True: "↑", False: "↓", None: "="}
"""More is better, or less, or as the truth has it."""

_MOST_COLUMNS = 12
"""Of one table: more are spread over several."""


def print_evaluation(measured: "Measured") -> None:
    """Print all tables there are, then the notes."""
    evaluation = measured.evaluation
    console = make_console()
    cases: list[str | None] = [case for case in evaluation.cases if case]
    for case in [*cases, None] if len(cases) != 1 else cases:
        _print_figures(console, evaluation, case, measured.base)
    if len(cases) == 1:
        _print_sets(console, evaluation)
    _print_inside(console, evaluation)
    _print_masks(console, evaluation)
    for note in dict.fromkeys(evaluation.notes):
        console.print(f"  {note}", style="yellow")


def _print_figures(console: "Console", evaluation: "Evaluation", case: str | None, base: str | None) -> None:
    from reelfix.pipeline.evaluation.measures import MEASURES
    from reelfix.pipeline.evaluation.summary import figures_of, gains_of, sets_of

    found: dict[str, dict[str, Figure]] = {}
    for method in evaluation.methods:
        figures = figures_of(evaluation, method, case)
        found[method] = figures | (sets_of(evaluation, method) if case is None else {})
    gains = {
        f"{method} - {base}": gains_of(evaluation, method, base, case)
        for method in evaluation.methods
        if base in evaluation.methods and method not in (base, "input", "truth") and base is not None
    }
    columns = [name for name in evaluation.measures if any(name in figures for figures in found.values())]
    if not columns:
        return
    items = len({record.item for record in evaluation.records if case in (None, record.case)})
    console.print(f"{evaluation.title}: {case or 'all'}, {items} items", style="bold")
    parts = -(-len(columns) // _MOST_COLUMNS)
    for part in range(parts):
        shown = columns[part * len(columns) // parts : (part + 1) * len(columns) // parts]
        heads = [f"{MEASURES[name].heading} {_ARROWS[MEASURES[name].is_higher_better]}" for name in shown]
        table = make_table(["method", *heads])
        for rows, sign in ((found, ""), (gains, "+")):
            for method, figures in rows.items():
                if any(name in figures for name in shown):
                    cells = [_cell(figures.get(name), MEASURES[name].digits, sign) for name in shown]
                    table.add_row(method, *cells)
        console.print(table)


def _print_sets(console: "Console", evaluation: "Evaluation") -> None:
    """The distances between sets, where there is no table of all cases that would have them."""
    from reelfix.pipeline.evaluation.measures import MEASURES
    from reelfix.pipeline.evaluation.summary import sets_of

    found = {method: sets_of(evaluation, method) for method in evaluation.methods}
    columns = {name: (entry.heading, entry.digits) for name, entry in MEASURES.items()}
    _print_rows(console, "as sets of pictures", found, columns)


def _print_inside(console: "Console", evaluation: "Evaluation") -> None:
    from reelfix.pipeline.evaluation.summary import inside_of

    found = {method: inside_of(evaluation, method) for method in evaluation.methods}
    _print_rows(console, "PSNR dB under the marks of each kind", found, {})


def _print_rows(
    console: "Console",
    title: str,
    found: "Mapping[str, Mapping[str, Figure]]",
    columns: "Mapping[str, tuple[str, int]]",
) -> None:
    """Print a row of figures for each method that has any; nothing where none has.

    `columns`: heading and digits by figure; of others, its name and two.
    """
    names = list(dict.fromkeys(name for figures in found.values() for name in figures))
    if not names:
        return
    shown = {name: columns.get(name, (name, 2)) for name in names}
    console.print(title, style="bold")
    table = make_table(["method", *(heading for heading, _ in shown.values())])
    for method, figures in found.items():
        if figures:
            table.add_row(method, *(_cell(figures.get(name), digits) for name, (_, digits) in shown.items()))
    console.print(table)


def _print_masks(console: "Console", evaluation: "Evaluation") -> None:
    from reelfix.pipeline.evaluation.summary import detection_of

    found = {method: detection_of(evaluation, method) for method in evaluation.methods}
    if not any(found.values()):
        return
    console.print("masks, by plane and by kind of damage", style="bold")
    table = make_table(["method", "marks of", "precision ↑", "recall ↑", "F1 ↑"])
    for method, scores in found.items():
        for name, each in scores.items():
            cells = (_cell(figure, 3) for figure in (each.precision, each.recall, each.f1))
            table.add_row(method, name.removeprefix("kind "), *cells)
    console.print(table)


def _cell(figure: "Figure | None", digits: int, sign: str = "") -> str:
    """A figure and, below it, where it lies at 95 per cent."""
    if figure is None or math.isnan(figure.value):
        return "-"
    if math.isinf(figure.value):
        return "equal"
    return f"{figure.value:{sign}.{digits}f}" + _interval(figure, digits, sign)


def _interval(figure: "Figure", digits: int, sign: str = "") -> str:
    low, high = figure.interval.low, figure.interval.high
    return "" if math.isnan(low) else f"\n{low:{sign}.{digits}f}..{high:{sign}.{digits}f}"
