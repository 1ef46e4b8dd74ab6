"""Contact sheets of a reel: one PNG per shot, and one page of all of them."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO

from upath import UPath

from reelfix.io.documents import write_bytes, write_text
from reelfix.pipeline.events import Emit, SheetProgress, silent
from reelfix.pipeline.outcome import ShotOutcome, outcome_of
from reelfix.pipeline.plan import plan_of
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.sheet_alarms import identity_of, write_alarms
from reelfix.pipeline.sheet_drawing import draw_sheet
from reelfix.pipeline.sheet_entry import entry_of, text_of
from reelfix.pipeline.sheet_frames import close_ups, sheet_frames
from reelfix.pipeline.sheet_measure import measure_shot
from reelfix.pipeline.sheet_page import make_page
from reelfix.pipeline.sheet_pictures import large_pictures, small_pictures
from reelfix.pipeline.sheet_record import (
    SheetRecord,
    read_large,
    read_record,
    remove_strays,
    write_record,
)
from reelfix.pipeline.shots import select


@dataclass(frozen=True)
class Sheets:
    """What was made."""

    page: UPath
    pictures: tuple[UPath, ...]
    """One PNG per shot, in the order of the shots."""
    drawn: int
    """How many of them are new; the others showed the same already."""
    flagged: int
    """How many of the reel's shots that have a sheet failed, or raised an alarm."""


def make_sheets(reel: Reel, emit: Emit = silent, *, shots: str | None = None) -> Sheets:
    """Draw the contact sheets of a reel's shots into `sheets/`, and the page of all that are there.

    A shot whose products, settings and failures are those of its last sheet is not drawn again. `shots`
    (`"3,7-9"`) draws these alone. A shot that is not finished is shown as ingested, with the reason.
    """
    folder = reel.root / "sheets"
    plan = plan_of(reel)
    wanted = select(reel.shots(), shots)
    remove_strays(reel)
    drawn = 0
    with ThreadPoolExecutor(max_workers=max(1, len(os.sched_getaffinity(0)))) as pool:
        results = pool.map(lambda shot: _make_sheet(outcome_of(reel, shot, plan)), wanted)
        for done, is_new in enumerate(results, start=1):
            drawn += is_new
            emit(SheetProgress(str(reel), done, len(wanted)))
    records = [record for shot in reel.shots() if (record := read_record(reel, shot.name)) is not None]
    write_alarms(reel, [record.alarms for record in records if record.entry.alarms])
    names = {shot.number: shot.name for shot in reel.shots()}
    page = folder / "index.html"
    write_text(page, make_page(reel.name, records, lambda number: read_large(reel, names[number])))
    flagged = sum(record.entry.is_flagged for record in records)
    return Sheets(page, tuple(folder / f"{shot.name}.png" for shot in wanted), drawn, flagged)


def _make_sheet(outcome: ShotOutcome) -> bool:
    """Draw one shot's sheet unless it shows the same already; say whether it was drawn."""
    reel, name = outcome.reel, outcome.shot.name
    identity = identity_of(outcome)
    last = read_record(reel, name)
    if last is not None and last.identity == identity:
        return False
    measure = measure_shot(outcome)
    entry = entry_of(outcome, measure)
    frames = sheet_frames(outcome, measure)
    text = text_of(outcome, entry, measure.alarms)
    picture = draw_sheet(text, frames, close_ups(outcome, measure), measure, first_frame=outcome.shot.start)
    png = BytesIO()
    picture.save(png, "PNG", compress_level=2)
    write_bytes(reel.root / "sheets" / f"{name}.png", png.getvalue())
    record = SheetRecord(identity, entry, small_pictures(frames, measure))
    write_record(reel, name, record, large_pictures(frames, measure))
    return True
