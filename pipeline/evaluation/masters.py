"""Masters against a truth, or against the first of them: frame by frame, a few frames in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, zip_longest
from pathlib import Path

import torch

from reelfix.io.decoder_log import DecoderLog, listen
from reelfix.io.errors import SourceError
from reelfix.io.frames import FrameReader
from reelfix.io.probe import Probe, probe
from reelfix.io.sources import find_source
from reelfix.pipeline.evaluation.grid import GridRow, busiest, spread
from reelfix.pipeline.evaluation.judges import Judges
from reelfix.pipeline.evaluation.meter import ClipMeter, TruthReader
from reelfix.pipeline.evaluation.pairs import Measured
from reelfix.pipeline.evaluation.pictures import gray_of
from reelfix.pipeline.evaluation.records import TRUTH, Evaluation, Record
from reelfix.pipeline.events import Emit, EvaluationProgress
from reelfix.pipeline.pixels import PixelMap

DEFAULT_MEASURES = (
    *("psnr", "ssim", "gmsd", "lpips", "niqe", "warping"),
    *("flicker", "flicker_local", "unsteady", "fid", "kid"),
)


@dataclass(frozen=True)
class _Film:
    """One film to read."""

    name: str
    path: Path
    probe: Probe

    @property
    def is_gray(self) -> bool:
        return self.probe.store.format.planes == ("gray",)

    def pictures(self, log: DecoderLog, *, gray: bool) -> Iterator[torch.Tensor]:
        """Yield its frames, float32 (C, H, W) in [0, 1]; `log`: the one of all films that are read."""
        pixels = PixelMap.of(self.probe.video, is_monochrome=self.is_gray)
        reader = FrameReader(self.probe, filters=None, threads=None, strict=False, log=log)
        for frame in reader.frames():
            codes = pixels.to_codes({name: plane[None] for name, plane in frame.planes.items()})
            picture = torch.from_numpy(codes[0].astype("float32") / 65535)
            yield gray_of(picture) if gray else picture


def evaluate_masters(
    masters: Sequence[Path],
    truth: Path | None,
    judges: Judges,
    emit: Emit,
    *,
    every: int = 6,
    block: int = 48,
    grid: int = 6,
) -> Measured:
    """Measure each master frame by frame; without `truth`, against the first of them.

    Figures are of blocks of `block` frames, and intervals over these; what takes long is measured of every
    `every`-th frame. Where one film is gray, all are compared by their luma. Raises SourceError for films
    that cannot be read, or differ in size or in number of frames.
    """
    films = _films(masters, truth)
    reference, others = films[0], films[1:]
    judges = judges.without("inside", "outside")
    evaluation = Evaluation(
        "masters",
        {"against": str(reference.path), "masters": {film.name: str(film.path) for film in others}}
        | {"every": every, "block": block},
        judges.measures,
        list(judges.notes),
    )
    if truth is None:
        evaluation.notes.append(
            f"no truth was given: figures tell how far masters differ from {reference.name}, "
            "not how good they are"
        )
    total = reference.probe.expected_frames
    run = _Run(reference, others, judges, evaluation, every)
    shown = {place * block + block // 2 for place in spread(-(-total // block), grid)} if total else {0}
    with listen() as log:
        rows = list(run.rows(log, block, shown, emit, total))
    return Measured(evaluation, tuple(rows), (*(film.name for film in others), reference.name))


class _Run:
    """All films side by side."""

    def __init__(
        self, reference: _Film, others: Sequence[_Film], judges: Judges, evaluation: Evaluation, every: int
    ) -> None:
        self._films = (reference, *others)
        self._judges, self._evaluation, self._every = judges, evaluation, every
        self._truth = TruthReader(with_motion="warping" in judges.measures)

    def rows(
        self, log: DecoderLog, block: int, shown: set[int], emit: Emit, total: int | None
    ) -> Iterator[GridRow]:
        """Measure to the end; yield the frames to look at."""
        meters: list[ClipMeter] = []
        gray = any(film.is_gray for film in self._films)
        films = [film.pictures(log, gray=gray) for film in self._films]
        numbers = count()
        for number, pictures in zip(numbers, zip_longest(*films), strict=False):
            self._check(number, pictures)
            if number % block == 0:
                self._note(meters, number)
                meters = [ClipMeter(self._judges, self._every) for _ in pictures]
            truth = self._truth.read(pictures[0])
            for index, (meter, picture) in enumerate(zip(meters, pictures, strict=True)):
                meter.add(picture, truth if index else None)
            if number in shown:
                yield self._row(number, pictures)
            if number % 8 == 0:
                emit(EvaluationProgress("masters", "frames", number + 1, total))
        end = next(numbers) - 1
        if end <= 0:
            raise SourceError(f"{self._films[0].path} has no frame that can be decoded.")
        self._note(meters, end)
        emit(EvaluationProgress("masters", "frames", end, end))

    def _check(self, number: int, pictures: Sequence[torch.Tensor | None]) -> None:
        reference = self._films[0]
        for film, picture in zip(self._films, pictures, strict=True):
            if picture is None:
                raise SourceError(
                    f"{film.path} ends after {number} frames, and others go on; they must have as many. "
                    "Compare films of one length."
                )
            first = pictures[0]
            if first is not None and picture.shape != first.shape:
                raise SourceError(
                    f"{film.path} is {picture.shape[2]}x{picture.shape[1]} and {reference.path} "
                    f"{first.shape[2]}x{first.shape[1]}; they must be of one size."
                )

    def _note(self, meters: Sequence[ClipMeter], stop: int) -> None:
        """Record a block that ends before frame `stop`."""
        for film, meter in zip(self._films, meters, strict=False):
            item = f"frames {stop - meter.frames}-{stop - 1}"
            figures = meter.figures()
            if film is self._films[0] and not figures:
                continue
            self._evaluation.add(
                Record(film.name, item, figures=figures, facts={"frames": meter.frames}), meter.features
            )

    def _row(self, number: int, pictures: Sequence[torch.Tensor]) -> GridRow:
        apart = sum(((picture - pictures[0]).abs().mean(dim=0) for picture in pictures[1:]), torch.zeros(()))
        row = GridRow(f"frame {number}", busiest(apart.numpy()))
        for film, picture in zip(self._films, pictures, strict=True):
            row.add(film.name, picture)
        return row


def _films(masters: Sequence[Path], truth: Path | None) -> list[_Film]:
    paths = [truth, *masters] if truth is not None else list(masters)
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        names = [str(path) for path in paths]
    if truth is not None:
        names[0] = TRUTH
    return [_Film(name, path, probe(find_source(path))) for name, path in zip(names, paths, strict=True)]
