"""An evaluation as a document."""

from typing import Any

from reelfix.pipeline.evaluation.measures import MEASURES
from reelfix.pipeline.evaluation.records import Evaluation, record_to_json
from reelfix.pipeline.evaluation.summary import detection_of, figures_of, gains_of, inside_of, sets_of

_FORMAT = 1


def evaluation_to_json(evaluation: Evaluation, base: str | None = None) -> dict[str, Any]:
    """Return all that was measured, and its sums; `base`: the method that others' gains are over."""
    cases: list[str | None] = [None, *(case for case in evaluation.cases if case)]
    return {
        "format": _FORMAT,
        "title": evaluation.title,
        "setup": dict(evaluation.setup),
        "measures": {name: vars(MEASURES[name]) for name in evaluation.measures},
        "notes": evaluation.notes,
        "methods": {
            method: {
                "all" if case is None else case: _of_case(evaluation, method, case, base)
                for case in cases
                if evaluation.of(method, case)
            }
            for method in evaluation.methods
        },
        "records": [record_to_json(record) for record in evaluation.records],
    }


def _of_case(evaluation: Evaluation, method: str, case: str | None, base: str | None) -> dict[str, Any]:
    figures = figures_of(evaluation, method, case)
    if case is None:
        figures |= sets_of(evaluation, method)
    found: dict[str, Any] = {"figures": {name: figure.to_json() for name, figure in figures.items()}}
    if base not in (None, method) and evaluation.of(base or "", case):
        gains = gains_of(evaluation, method, base or "", case)
        found["gains"] = {"over": base, **{name: figure.to_json() for name, figure in gains.items()}}
    if case is None and (inside := inside_of(evaluation, method)):
        found["inside"] = {kind: figure.to_json() for kind, figure in inside.items()}
    if detection := detection_of(evaluation, method, case):
        found["detection"] = {name: scores.to_json() for name, scores in detection.items()}
    return found
