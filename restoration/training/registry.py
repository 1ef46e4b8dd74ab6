"""What can be trained: a line for each task and model."""

from importlib import import_module

from reelfix.restoration.training.configuration import TASKS, Configuration
from reelfix.restoration.training.errors import TrainingError
from reelfix.restoration.training.settings import nearest

_PACKAGE = "reelfix.restoration.training"

_PLACES = {
    ("domain-a", "compact"): "build_compact:DOMAIN_A",
    ("domain-b", "compact"): "build_compact:DOMAIN_B",
    ("mapping", "compact"): "build_compact:MAPPING",
    ("domain-a", "paper"): "build_paper:DOMAIN_A",
    ("domain-b", "paper"): "build_paper:DOMAIN_B",
    ("mapping", "paper"): "build_paper:MAPPING",
    ("detect", "detector"): "build_detect:DETECT",
    ("colorize", "compact"): "build_colour:COLORIZE",
    ("colorize", "eccv16"): "build_colour_published:ECCV16",
    ("colorize", "siggraph17"): "build_colour_published:SIGGRAPH17",
}
"""(task, model) -> module of this package, and the name of the `Configuration` in it."""


def configuration(task: str, model: str) -> Configuration:
    """Load what trains `model` for `task`; raises TrainingError for what there is not."""
    if task not in TASKS:
        raise TrainingError(f"there is nothing to train called {task!r}.{nearest(task, TASKS)}")
    models = [known for of, known in _PLACES if of == task]
    if model not in models:
        raise TrainingError(f"{task} cannot be trained for a model {model!r}.{nearest(model, models)}")
    module, _, name = _PLACES[task, model].partition(":")
    found: Configuration = getattr(import_module(f"{_PACKAGE}.{module}"), name)
    return found
