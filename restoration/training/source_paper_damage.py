"""What befalls stills that the published nets train on: marks of an era, an old print's loss of quality."""

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import torch

from reelfix.restoration.damage import (
    ERAS,
    NOTHING,
    STOCKS,
    DamageSettings,
    Fading,
    LowResolution,
    Shapes,
    StockGrain,
    Uneven,
    Vignette,
    damage_clip,
    structured_only,
)

_GRAY_STOCKS = tuple(name for name, stock in STOCKS.items() if stock.correlation == 1.0)
_COLOUR_STOCKS = tuple(name for name, stock in STOCKS.items() if stock.correlation < 1.0)
_USUAL = 0.7  # share of pictures that blur, grain, low resolution or compression befalls: the authors'


def damaged_still(
    picture: npt.NDArray[np.float32], random: np.random.Generator, shapes: Shapes | None = None
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return a clean picture (C, H, W) in [0, 1] damaged, and where it has marks: (1, H, W), 0 or 1."""
    settings = drawn_damage(random, gray=not np.ptp(picture, axis=0).any())
    damaged = damage_clip(torch.from_numpy(picture)[None], settings, random.spawn(1)[0], shapes)
    frame, marks = damaged.frames[0].numpy(), damaged.mask[0].amax(dim=0, keepdim=True).numpy()
    if random.random() < 0.5 * _USUAL:
        frame = compressed(frame, int(random.integers(40, 100)))
    return frame, (marks > 0).astype(np.float32)


def drawn_damage(random: np.random.Generator, *, gray: bool) -> DamageSettings:
    """Draw what befalls a still: in seven of ten pictures the marks of some era, more or fewer of them."""
    settings = _marks(random) if random.random() < _USUAL else NOTHING
    if random.random() < _USUAL:
        settings = replace(settings, blur=random.uniform(0.3, 1.8))
    if random.random() < _USUAL:
        stock = str(random.choice(_GRAY_STOCKS if gray else _COLOUR_STOCKS))
        grain = StockGrain(stock, amount=random.uniform(0.3, 2.5), scale=random.uniform(0.6, 1.3))
        settings = replace(settings, stock=grain)
    if random.random() < 0.5 * _USUAL:
        lower = LowResolution(random.uniform(1.1, 2.0), sharp=bool(random.random() < 0.5))
        settings = replace(settings, low_resolution=lower)
    if random.random() < _USUAL:
        black, white = random.uniform(0.0, 0.22), random.uniform(0.7, 1.0)
        settings = replace(settings, fading=Fading(black, white, random.uniform(0.8, 1.3)))
    if random.random() < 0.2:
        settings = replace(settings, vignette=Vignette(fall=random.uniform(0.1, 0.4)))
    if random.random() < 0.2:
        settings = replace(settings, uneven=Uneven(gain=random.uniform(0.03, 0.12)))
    return settings


def compressed(picture: npt.NDArray[np.float32], quality: int) -> npt.NDArray[np.float32]:
    """Return a picture (C, H, W) in [0, 1], C = 1 or 3, after JPEG compression; `quality` in [1, 100]."""
    channels_last = np.ascontiguousarray(
        np.round(picture * 255).astype(np.uint8).transpose(1, 2, 0)[..., ::-1]
    )
    _, coded = cv2.imencode(".jpg", channels_last, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(coded, cv2.IMREAD_UNCHANGED)).reshape(channels_last.shape)
    return np.asarray(decoded[..., ::-1].transpose(2, 0, 1) / 255, dtype=np.float32, order="C")


def _marks(random: np.random.Generator) -> DamageSettings:
    """Marks alone; scratches as many as a still is worth showing with, one to a dozen or so."""
    settings = structured_only(ERAS[str(random.choice(list(ERAS)))])
    times = 2 ** random.uniform(-1.0, 1.5)
    for kind in ("dirt", "hairs", "blotches", "abrasions"):
        if (marks := getattr(settings, kind)) is not None:
            settings = replace(settings, **{kind: replace(marks, per_frame=marks.per_frame * times)})
    if settings.scratches is not None:
        count = 100 * 2 ** random.uniform(-1.0, 3.0)  # of one frame
        settings = replace(settings, scratches=replace(settings.scratches, per_100_frames=count))
    # A crop is a part of a picture: its marks are larger, by as much.
    return replace(settings, film_height_mm=settings.film_height_mm * random.uniform(0.4, 1.0))
