"""NIQE's model of sound pictures, fitted to a folder of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from reelfix.io.documents import write_text
from reelfix.io.errors import SourceError
from reelfix.io.storage import as_path
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.evaluation.pictures import gray_of, in_part, picture_paths, read_picture
from reelfix.pipeline.events import Emit, EvaluationProgress
from reelfix.restoration.arrays import Plane
from reelfix.restoration.damage import Part
from reelfix.restoration.metrics.naturalness import Pristine


def fit_pristine(folder: Path, output: Path, part: Part, emit: Emit, *, force: bool = False) -> Pristine:
    """Fit a model to the stills of a part of `folder`, and write it to `output`.

    Raises UsageError where `output` is there and not to be replaced, SourceError for too few pictures.
    """
    if output.exists() and not force:
        raise UsageError(f"{output} is there already. Name another file, or replace it with --force.")
    paths = in_part(list(picture_paths(folder).values()), part)
    try:
        model = Pristine.fit(_planes(paths, emit), {"folder": folder.name, "part": part})
    except ValueError as error:
        raise SourceError(f"{folder}: {error}") from error
    write_text(as_path(output), model.to_json() + "\n")
    return model


def _planes(paths: Sequence[Path], emit: Emit) -> Iterator[Plane]:
    for index, path in enumerate(paths):
        yield gray_of(read_picture(path))[0].numpy()
        emit(EvaluationProgress("pristine", "pictures", index + 1, len(paths)))
