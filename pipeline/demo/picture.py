"""One picture of what was done: a frame before, after, its mask and the difference."""

from io import BytesIO

from PIL import Image, ImageDraw
from upath import UPath

from reelfix.io.documents import write_bytes
from reelfix.pipeline.demo.film import DemoFilm
from reelfix.pipeline.errors import ReelError
from reelfix.pipeline.outcome import ShotOutcome, outcome_of
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.sheet_chart import GROUND, INK, font
from reelfix.pipeline.sheet_tiles import (
    DIRT_COLOUR,
    SCRATCH_COLOUR,
    Tile,
    difference_gain,
    difference_tile,
    frame_tile,
    mask_tile,
)

_GAP, _LINE = 4, 24
_QUALITY = 82


def draw_example(film: DemoFilm, reel: Reel, target: UPath, frame: int | None = None) -> UPath:
    """Write a JPEG of one frame of the demo's reel (by default the one with most dirt in the second shot).

    Four panels, each at the film's own size: before, after, mask over before, difference. Raises ReelError
    where the stages have not run.
    """
    number = dirtiest_frame(film) if frame is None else frame
    shot = next(shot for shot in reel.shots() if shot.start <= number < shot.stop)
    tiles = _tiles(outcome_of(reel, shot), number)
    width, height = film.format.width, film.format.height
    sheet = Image.new("RGB", (2 * width + _GAP, 2 * (height + _LINE) + _GAP), GROUND)
    draw = ImageDraw.Draw(sheet)
    for index, (label, tile) in enumerate(tiles.items()):
        left, top = (index % 2) * (width + _GAP), (index // 2) * (height + _LINE + _GAP)
        sheet.paste(Image.fromarray(tile), (left, top + _LINE))
        _write_label(draw, label, left + 2, top + _LINE // 2)
    jpeg = BytesIO()
    sheet.save(jpeg, "JPEG", quality=_QUALITY, optimize=True, subsampling=0)
    write_bytes(target, jpeg.getvalue())
    return target


def dirtiest_frame(film: DemoFilm) -> int:
    """Return the frame of the second shot (or the only one) with most dirt in the truth."""
    shot = film.format.shots[min(1, len(film.format.shots) - 1)]
    dirt = (film.damage.mask[shot, 0] > 0).flatten(1).sum(dim=1)
    return int(shot.start) + int(dirt.argmax())


def _tiles(outcome: ShotOutcome, frame: int) -> dict[str, Tile]:
    mask = outcome.mask(frame, frame + 1)
    if outcome.unfinished or mask is None:
        raise ReelError(f"{outcome.shot} is not restored yet. Run `reelfix demo` to its end first.")
    before, after = (codes[0] for codes in outcome.read(frame, frame + 1))
    size = (before.shape[2], before.shape[1])
    gain = difference_gain(before, after)
    return {
        f"before (frame {frame})": frame_tile(before, size, limited=False),
        "after": frame_tile(after, size, limited=False),
        "mask: dirt scratches": mask_tile(before, mask[0], size, limited=False),
        f"difference x{gain} (grey: as it was)": difference_tile(before, after, size, gain),
    }


def _write_label(draw: ImageDraw.ImageDraw, label: str, left: int, middle: int) -> None:
    colours = {"dirt": DIRT_COLOUR, "scratches": SCRATCH_COLOUR}
    place = float(left)
    for word in label.split(" "):
        draw.text((place, middle), word, fill=colours.get(word, INK), font=font(15), anchor="lm")
        place += draw.textlength(word + " ", font=font(15))
