"""Contact sheets of a reel: one PNG per shot, and one page of all of them."""

import hashlib
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import Any

from upath import UPath

from reelfix.io.documents import read_json, write_bytes, write_json, write_text
from reelfix.io.errors import StoreError
from reelfix.pipeline.events import Emit, SheetProgress, silent
from reelfix.pipeline.outcome import ShotOutcome, outcome_of
from reelfix.pipeline.plan import plan_of
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.sheet_columns import sheet_columns
from reelfix.pipeline.sheet_drawing import SheetText, draw_sheet
from reelfix.pipeline.sheet_measure import ShotMeasure, flicker, has_after, measure_shot
from reelfix.pipeline.sheet_page import SheetEntry, make_page, preview_images
from reelfix.pipeline.shots import Shot, select

_VERSION = 1
"""Raised whenever sheets look or say something else: what was drawn before is drawn anew."""
_MUCH_MASKED = 0.1
"""Fraction of a frame: more than this marked as damage is worth a look."""


@dataclass(frozen=True)
class Sheets:
    """What was made."""

    page: UPath
    pictures: tuple[UPath, ...]
    """One PNG per shot, in the order of the shots."""
    drawn: int
    """How many of them are new; the others showed the same already."""


def make_sheets(reel: Reel, emit: Emit = silent, *, shots: str | None = None) -> Sheets:
    """Draw the contact sheets of a reel's shots into `sheets/`, and the page of all that are there.

    A shot whose products, settings and failures are those of its last sheet is not drawn again. `shots`
    (`"3,7-9"`) draws these alone. A shot that is not finished is shown as ingested, with the reason.
    """
    folder = reel.root / "sheets"
    plan = plan_of(reel)
    wanted = select(reel.shots(), shots)
    _remove_strays(reel)
    drawn = 0
    with ThreadPoolExecutor(max_workers=max(1, len(os.sched_getaffinity(0)))) as pool:
        results = pool.map(lambda shot: _make_sheet(outcome_of(reel, shot, plan)), wanted)
        for done, is_new in enumerate(results, start=1):
            drawn += is_new
            emit(SheetProgress(str(reel), done, len(wanted)))
    page = folder / "index.html"
    write_text(page, make_page(reel.name, _entries(reel)))
    return Sheets(page, tuple(folder / f"{shot.name}.png" for shot in wanted), drawn)


def _make_sheet(outcome: ShotOutcome) -> bool:
    """Draw one shot's sheet unless it shows the same already; say whether it was drawn."""
    folder = outcome.reel.root / "sheets"
    identity = _identity(outcome)
    record = folder / f"{outcome.shot.name}.json"
    try:
        if read_json(record)["identity"] == identity:
            return False
    except (FileNotFoundError, KeyError, StoreError):
        pass  # no sheet yet, or not one of ours: it is drawn
    measure = measure_shot(outcome)
    text = _text(outcome, measure)
    columns = sheet_columns(outcome, measure)
    picture = draw_sheet(text, columns, measure, first_frame=outcome.shot.start)
    png = BytesIO()
    picture.save(png, "PNG", compress_level=2)
    write_bytes(folder / f"{outcome.shot.name}.png", png.getvalue())
    entry = _entry(outcome, measure, text)
    images = preview_images(picture, columns)
    write_json(record, {"identity": identity, "entry": asdict(entry), "images": images})
    return True


def _entries(reel: Reel) -> Iterator[tuple[SheetEntry, dict[str, str]]]:
    """Yield what the page says and shows of every shot that has a sheet."""
    for shot in reel.shots():
        try:
            record: dict[str, Any] = read_json(reel.root / "sheets" / f"{shot.name}.json")
        except FileNotFoundError:
            continue
        yield SheetEntry(**record["entry"]), record["images"]


def _identity(outcome: ShotOutcome) -> str:
    """Digest of all that a sheet shows."""
    shown = {
        "version": _VERSION,
        "reel": outcome.reel.name,
        "source": outcome.reel.source_key,
        "shot": [outcome.shot.number, outcome.shot.start, outcome.shot.stop, outcome.shot.note],
        "stages": [
            [entry.task.key, entry.commit is not None, entry.failure.when if entry.failure else None]
            for entry in outcome.stages
        ],
    }
    return hashlib.sha256(json.dumps(shown).encode()).hexdigest()


def _text(outcome: ShotOutcome, measure: ShotMeasure) -> SheetText:
    shot = outcome.shot
    frames = f"frames {shot.start} to {shot.stop - 1} ({shot.frame_count})"
    words = [outcome.reel.name, f"shot {shot.number}", frames, shot.note]
    return SheetText(
        title="   ".join(word for word in words if word),
        stages=_stages_text(outcome),
        numbers=_numbers_text(measure),
        problems=(*_problems(outcome), *_flags(measure)),
    )


def _stages_text(outcome: ShotOutcome) -> str:
    """Name the stages, each with the settings that are not its defaults."""
    if not outcome.stages:
        return "as ingested: no stage was run"
    parts = []
    for entry in outcome.stages:
        defaults = entry.task.make_stage().settings_type().model_dump(mode="json")
        chosen = [f"{name}={value}" for name, value in entry.task.settings.items() if value != defaults[name]]
        parts.append(" ".join([entry.task.stage, *chosen]))
    return "  |  ".join(parts)


def _numbers_text(measure: ShotMeasure) -> str:
    parts = [f"flicker {_percent(flicker(measure.luma_before))}"]
    if len(measure.luma_after):
        parts = [f"mean change {_percent(measure.mean_changed)}"]
        parts.append(
            f"flicker {_percent(flicker(measure.luma_before))}, after {_percent(flicker(measure.luma_after))}"
        )
    if len(measure.dirt):
        parts.append(f"dirt {_percent(float(measure.dirt.mean()))}")
        parts.append(f"scratches {_percent(float(measure.scratch.mean()))} of the picture")
        parts.append(f"at most {_percent(measure.most_masked)} of a frame")
    return "    ".join(parts)


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.3g} %"


def _problems(outcome: ShotOutcome) -> Iterator[str]:
    """Say what is not as it should be: failed stages, then those that have not run."""
    for entry in outcome.stages:
        if entry.failure is not None and entry.commit is None:
            yield f"{entry.task.stage} failed: {entry.failure.error}"
    if outcome.unfinished:
        yield f"shown as ingested: {', '.join(outcome.unfinished)} not done"


def _flags(measure: ShotMeasure) -> Iterator[str]:
    """Say what is worth a look."""
    if measure.most_masked > _MUCH_MASKED:
        yield f"much is marked as damage: {_percent(measure.most_masked)} of one frame"
    if len(measure.luma_after) and flicker(measure.luma_after) > 1.2 * flicker(measure.luma_before) + 0.002:
        yield "the light is less steady than it was"


def _entry(outcome: ShotOutcome, measure: ShotMeasure, text: SheetText) -> SheetEntry:
    shot: Shot = outcome.shot
    return SheetEntry(
        number=shot.number,
        start=shot.start,
        stop=shot.stop,
        title=text.title,
        stages=text.stages,
        numbers=text.numbers,
        problems=list(text.problems),
        picture=f"{shot.name}.png",
        changed=measure.mean_changed,
        is_failed=any(entry.failure is not None and entry.commit is None for entry in outcome.stages),
        is_finished=has_after(outcome),
    )


def _remove_strays(reel: Reel) -> None:
    """Remove the sheets of shots that are no more."""
    folder = reel.root / "sheets"
    names = {shot.name for shot in reel.shots()}
    if not folder.exists():
        return
    for path in list(folder.iterdir()):
        if path.suffix in (".png", ".json") and path.stem.startswith("shot-") and path.stem not in names:
            path.unlink()
