"""What is said of one shot: on its contact sheet, on the page, and in the record beside them."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Any

from reelfix.io.timecode import Timecode
from reelfix.pipeline.alarms import Alarm
from reelfix.pipeline.outcome import ShotOutcome
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.sheet_drawing import SheetText
from reelfix.pipeline.sheet_measure import ShotMeasure, flicker, has_after


@dataclass(frozen=True)
class SheetEntry:
    """One shot in words and numbers."""

    number: int
    start: int
    stop: int
    timecode: str
    """Of its first frame."""
    note: str
    stages: str
    numbers: str
    problems: list[str]
    """What failed, or is not done."""
    picture: str
    """File name of the sheet, beside the page."""
    is_failed: bool
    is_finished: bool
    alarms: list[dict[str, Any]] = field(default_factory=list)
    """`alarms.Alarm`, as JSON has it."""
    changed: float = 0.0
    """Mean absolute change of its pixels, in [0, 1]."""
    repaired: float = 0.0
    """Of it, what is neither new light nor a new place: what was mended, in [0, 1]."""
    flicker: float = 0.0
    """Unsteadiness of the light as it is now, 0.02 for 2 %."""
    dirt: float = 0.0
    """Mean number of spots of dirt in a frame."""

    @property
    def alarm_count(self) -> int:
        """How many alarms it raised; notices are none."""
        return sum(not alarm["is_notice"] for alarm in self.alarms)

    @property
    def is_flagged(self) -> bool:
        """Whether it is worth a look."""
        return self.is_failed or self.alarm_count > 0

    @property
    def badness(self) -> tuple[bool, int, float, float, int]:
        """Sort key, best first: failed shots are worst, then those with most alarms, then most repairs."""
        return (self.is_failed, self.alarm_count, self.repaired, self.changed, -self.number)


def entry_of(outcome: ShotOutcome, measure: ShotMeasure) -> SheetEntry:
    """Say what there is to say of a shot."""
    shot = outcome.shot
    light = measure.luma_after if len(measure.luma_after) else measure.luma_before
    return SheetEntry(
        number=shot.number,
        start=shot.start,
        stop=shot.stop,
        timecode=str(timecode_of(outcome.reel, shot.start)),
        note=shot.note,
        stages=_stages(outcome),
        numbers=_numbers(measure),
        problems=list(_problems(outcome)),
        picture=f"{shot.name}.png",
        is_failed=any(entry.failure is not None and entry.commit is None for entry in outcome.stages),
        is_finished=has_after(outcome),
        alarms=[asdict(alarm) for alarm in measure.alarms],
        changed=measure.mean_changed,
        repaired=float(measure.repaired.mean()) if len(measure.repaired) else 0.0,
        flicker=flicker(light),
        dirt=float(measure.dirt_count.mean()) if len(measure.dirt_count) else 0.0,
    )


def text_of(outcome: ShotOutcome, entry: SheetEntry, alarms: tuple[Alarm, ...]) -> SheetText:
    """Return the words at the head of the shot's sheet."""
    last = timecode_of(outcome.reel, entry.stop - 1)
    frames = f"frames {entry.start} to {entry.stop - 1} ({entry.stop - entry.start})"
    words = [outcome.reel.name, f"shot {entry.number}", frames, f"{entry.timecode} to {last}", entry.note]
    return SheetText(
        title="    ".join(word for word in words if word),
        stages=entry.stages,
        numbers=entry.numbers,
        problems=(
            *entry.problems,
            *(f"{alarm.kind}: {alarm.text}" for alarm in alarms if not alarm.is_notice),
        ),
        notes=tuple(f"{alarm.kind}: {alarm.text}" for alarm in alarms if alarm.is_notice),
    )


def timecode_of(reel: Reel, frame: int) -> Timecode:
    """Return a frame's timecode; counted from nought where the source has none."""
    rate: Fraction = reel.info.video.rate_fraction
    return Timecode.parse(reel.info.timecode or "00:00:00:00", rate) + frame


def _stages(outcome: ShotOutcome) -> str:
    """Name the stages, each with the settings that are not its defaults."""
    if not outcome.stages:
        return "as ingested: no stage was run"
    parts = []
    for entry in outcome.stages:
        defaults = entry.task.make_stage().settings_type().model_dump(mode="json")
        chosen = [f"{name}={value}" for name, value in entry.task.settings.items() if value != defaults[name]]
        parts.append(" ".join([entry.task.stage, *chosen]))
    return "stages: " + ", ".join(parts)


def _numbers(measure: ShotMeasure) -> str:
    before = _percent(flicker(measure.luma_before))
    parts = [f"flicker {before}"]
    if len(measure.luma_after):
        parts = [f"flicker {before}, now {_percent(flicker(measure.luma_after))}"]
        repaired = _percent(measure.repaired.mean())
        parts.append(f"mean change {_percent(measure.mean_changed)}, {repaired} without light and place")
    if len(measure.dirt):
        parts.append(f"dirt {measure.dirt_count.mean():.3g} spots a frame, {_percent(measure.dirt.mean())}")
        parts.append(f"scratches {_percent(measure.scratch.mean())}")
        parts.append(f"at most {_percent(measure.most_masked)} of a frame marked")
    return "; ".join(parts)


def _percent(fraction: float) -> str:
    """Write a share; one too small to be of interest is said to be small."""
    return "< 0.01 %" if 0 < fraction < 1e-4 else f"{100 * fraction:.2g} %"


def _problems(outcome: ShotOutcome) -> Iterator[str]:
    """Say what is not as it should be: failed stages, then those that have not run."""
    for entry in outcome.stages:
        if entry.failure is not None and entry.commit is None:
            yield f"{entry.task.stage} failed: {entry.failure.error}"
    if outcome.unfinished:
        yield f"shown as ingested: {', '.join(outcome.unfinished)} not done"
