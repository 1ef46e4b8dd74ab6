"""What colours a gray clip: the rows of the tables of colour."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import cast

import torch
import torch.nn.functional as F

from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.evaluation.colour_material import ColourTrial
from reelfix.pipeline.palette_hints import STRENGTH
from reelfix.pipeline.settings import resolve
from reelfix.pipeline.stage import ClipFormat, Window
from reelfix.pipeline.stages.colorize import ColorizeSettings
from reelfix.pipeline.stages.smooth_chroma import SmoothChroma, SmoothChromaSettings
from reelfix.restoration.colorize import Colorizer
from reelfix.restoration.colour.annealed import Annealed
from reelfix.restoration.colour.chroma import chroma_from_ab
from reelfix.restoration.colour.colour_statistics import shown_saturation
from reelfix.restoration.colour.compact import ColourCompact
from reelfix.restoration.colour.guides import Exemplar, Guides, Point, Reference
from reelfix.restoration.colour.net import ColourNet, load_colour_net
from reelfix.restoration.colour.palette import palette_of
from reelfix.restoration.models.errors import ModelError
from reelfix.restoration.models.weights import is_path

RED_WEIGHT, BLUE_WEIGHT = 0.299, 0.114
"""Of the luma that is given, Rec. 601."""
BEST_CONSTANT = (-0.1, 4.8)
"""The a and b that are nearest to all colours of 1,679 photographs of the training set, 1,000 pixels of each:
their geometric median, which has the least mean distance."""
SEPIA = (1.7, 20.4)
"""The a and b that the filter `sepia()` of CSS (W3C, Filter Effects 1) gives a middle gray."""
_PATCH = 3
"""Pixels around a point whose mean colour it is given: 7 x 7, after Zhang et al., 2017, section 3.1."""

Colourist = Callable[[ColourTrial], torch.Tensor]
"""Takes a gray clip and gives its chroma, float32 (T, 2, H, W): B'-Y' and R'-Y'."""


@dataclass(frozen=True)
class ColourRow:
    """One row of the table."""

    name: str
    colour: Colourist


@dataclass(frozen=True)
class Painter:
    """A net, alone and within the stage."""

    net: ColourNet
    device: torch.device
    seed: int
    """Of the points that are given."""
    saturation: float = 1.0

    @classmethod
    def open(cls, settings: ColorizeSettings, device: torch.device, seed: int) -> "Painter":
        """Load the net that stage `colorize` has with these settings; raises ModelError."""
        net = load_colour_net(settings.model, device)
        if isinstance(net, ColourCompact):
            net = Annealed(net, settings.temperature)
        return cls(net, device, seed, settings.saturation)

    @torch.inference_mode()
    def frame_by_frame(self, trial: ColourTrial) -> torch.Tensor:
        """Colour every frame by the net alone, its colours enlarged bilinearly."""
        found = []
        for luma in trial.luma[:, None]:
            ab = self.net.predict(luma.to(self.device), None, self.saturation).ab.float().cpu()
            wide = F.interpolate(ab, luma.shape[-2:], mode="bilinear", align_corners=False)
            found.append(chroma_from_ab(luma, wide, RED_WEIGHT, BLUE_WEIGHT))
        return torch.cat(found)

    def stage(self, trial: ColourTrial) -> torch.Tensor:
        """Colour the clip as stage `colorize` does, nothing being given: after its middle frame."""
        return self._as_a_whole(trial, Guides())

    def with_palette(self, trial: ColourTrial) -> torch.Tensor:
        """Give the true colours of the middle frame as a whole: a palette, followed as far as by default."""
        return self._as_a_whole(trial, Guides(palette=palette_of(_middle(trial), STRENGTH)))

    def with_saturation(self, trial: ColourTrial) -> torch.Tensor:
        """Give the true saturation of the middle frame."""
        return self._as_a_whole(trial, Guides(mean_saturation=float(shown_saturation(_middle(trial)[None]))))

    def frames_smoothed(self, trial: ColourTrial) -> torch.Tensor:
        """Colour every frame by the net alone, as stage `smooth_chroma` holds it still."""
        return _smoothed(trial, self.frame_by_frame(trial))

    def stage_smoothed(self, trial: ColourTrial) -> torch.Tensor:
        """Colour the clip as stages `colorize` and `smooth_chroma` do, nothing being given."""
        return _smoothed(trial, self.stage(trial))

    def with_points(self, trial: ColourTrial, count: int) -> torch.Tensor:
        """Give the true colours of `count` points of the first frame."""
        points = tuple(random_points(trial, count, self.seed))
        return self._guided(
            trial, Guides(points=points, exemplars=(Exemplar(trial.luma[0], 0, points=points),))
        )

    def with_first_frame(self, trial: ColourTrial) -> torch.Tensor:
        """Give the true first frame."""
        first = trial.truth[0]
        exemplar = Exemplar(trial.luma[0], 0, reference=first)
        return self._guided(trial, Guides(references=(Reference(first, 0),), exemplars=(exemplar,)))

    def _as_a_whole(self, trial: ColourTrial, guides: Guides) -> torch.Tensor:
        """Colour after the middle frame, and what `guides` say of the whole."""
        middle = len(trial.luma) // 2
        return self._guided(trial, replace(guides, exemplars=(Exemplar(trial.luma[middle], middle),)))

    @torch.inference_mode()
    def _guided(self, trial: ColourTrial, guides: Guides) -> torch.Tensor:
        count = len(trial.luma)
        colorizer = Colorizer(
            self.net,
            self.device,
            replace(guides, saturation=self.saturation),
            shot_frames=count,
            red_weight=RED_WEIGHT,
            blue_weight=BLUE_WEIGHT,
        )
        chroma, _ = colorizer.colorize(trial.luma, trial.motion, slice(0, count), 0, None)
        return chroma


def _middle(trial: ColourTrial) -> torch.Tensor:
    """The true middle frame."""
    return trial.truth[len(trial.truth) // 2]


def _smoothed(trial: ColourTrial, chroma: torch.Tensor) -> torch.Tensor:
    """Hold chroma still, as stage `smooth_chroma` does."""
    count, _, height, width = trial.luma.shape
    clip = ClipFormat(height, width, 1, 8, 24.0, red_weight=RED_WEIGHT, blue_weight=BLUE_WEIGHT)
    products = {"frames": trial.luma, "motion": trial.motion, "chroma": chroma}
    process = SmoothChroma(SmoothChromaSettings(), clip).open(chroma.device)
    smooth: torch.Tensor = process(Window(products, 0, count, 0, 0, count))["chroma"]
    return smooth


def random_points(trial: ColourTrial, count: int, seed: int) -> Iterator[Point]:
    """Draw points of the first frame, the mean true colour about each; more begin with the same ones."""
    random = trial.random(seed)
    first = trial.truth[0]
    height, width = first.shape[1:]
    for _ in range(count):
        x, y = int(random.integers(width)), int(random.integers(height))
        about = first[:, max(0, y - _PATCH) : y + _PATCH + 1, max(0, x - _PATCH) : x + _PATCH + 1]
        red, green, blue = about.mean(dim=(1, 2)).tolist()
        yield Point(0, x + 0.5, y + 0.5, (red, green, blue), float(_PATCH))


def _gray(trial: ColourTrial) -> torch.Tensor:
    count, _, height, width = trial.luma.shape
    return torch.zeros(count, 2, height, width)


def _constant(trial: ColourTrial, ab: tuple[float, float]) -> torch.Tensor:
    everywhere = torch.tensor(ab)[:, None, None].expand(len(trial.luma), 2, *trial.luma.shape[2:])
    return chroma_from_ab(trial.luma, everywhere, RED_WEIGHT, BLUE_WEIGHT)


PLAIN: Mapping[str, Colourist] = MappingProxyType(
    {
        "gray": _gray,
        "constant": partial(_constant, ab=BEST_CONSTANT),
        "sepia": partial(_constant, ab=SEPIA),
    }
)
"""Rows without a net."""

PAINTED: Mapping[str, Callable[[Painter, ColourTrial], torch.Tensor]] = MappingProxyType(
    {
        "net": Painter.frame_by_frame,
        "net smoothed": Painter.frames_smoothed,
        "stage": Painter.stage,
        "stage smoothed": Painter.stage_smoothed,
        "palette": Painter.with_palette,
        "saturation": Painter.with_saturation,
        "1 point": partial(Painter.with_points, count=1),
        "10 points": partial(Painter.with_points, count=10),
        "100 points": partial(Painter.with_points, count=100),
        "first frame": Painter.with_first_frame,
    }
)
"""Rows of every net: alone, frame by frame; the whole stage; both smoothed in time; the stage told the
palette, the saturation, points, the first frame in colour."""

SMOOTHED = ("net smoothed", "stage smoothed")
"""Of PAINTED, those that say something of clips alone."""


def colour_models(names: Sequence[str], settings: Mapping[str, float | None]) -> list[ColorizeSettings]:
    """Set stage `colorize` for each of several nets, by name or path; by default for the one it has itself.

    `settings`: others of the stage's; None leaves one as it is. Raises UsageError for what is not allowed.
    """
    given: dict[str, object] = {name: value for name, value in settings.items() if value is not None}
    trees = [{"model": name, **given} for name in names] or [given]
    return [cast(ColorizeSettings, resolve("colorize", {"colorize": tree})) for tree in trees]


def open_rows(
    text: str | None,
    models: Sequence[ColorizeSettings],
    device: torch.device,
    *,
    seed: int,
    leave_out: Sequence[str] = (),
) -> tuple[list[ColourRow], list[str]]:
    """Make rows ready, of names separated by commas; by default all of PLAIN and PAINTED but `leave_out`.

    `models`: nets for colour, and how strong their colours are, as stage `colorize` is set; rows of PAINTED
    are there once for each, with its name before theirs where there are several. Returns the rows, and notes
    of what cannot be had. Raises UsageError for a row there is not.
    """
    names = [name.strip() for name in text.split(",")] if text else [*PLAIN, *PAINTED]
    for name in names:
        if name not in {*PLAIN, *PAINTED}:
            raise UsageError(f"there is no row {name!r}. There are: {', '.join([*PLAIN, *PAINTED])}.")
    names = [name for name in dict.fromkeys(names) if text or name not in leave_out]
    rows = [ColourRow(name, PLAIN[name]) for name in names if name in PLAIN]
    painted = [name for name in names if name in PAINTED]
    notes: list[str] = []
    for settings in models if painted else ():
        try:
            painter = Painter.open(settings, device, seed)
        except ModelError as error:
            notes.append(f"model {settings.model} is left out: {error}")
            continue
        before = f"{_short(settings.model)}: " if len(models) > 1 else ""
        rows += [ColourRow(before + name, partial(PAINTED[name], painter)) for name in painted]
    return rows, notes


def _short(model: str) -> str:
    return Path(model).stem if is_path(model) else model
