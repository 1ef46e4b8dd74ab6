"""How a reel stands: every shot by every stage of its plan, and what there is on disk."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from reelfix.io.source_info import DamagedFrame
from reelfix.pipeline.clean import folder_bytes, product_folders
from reelfix.pipeline.lock import LockHolder, lock_holder
from reelfix.pipeline.outcome import StageOutcome, outcome_of
from reelfix.pipeline.plan import USER, Task, plan_of, saved_request
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.sheet_alarms import alarm_counts
from reelfix.pipeline.shots import Shot

State = Literal["done", "running", "begun", "failed", "waiting", "stale", "to do"]
STATES: tuple[State, ...] = ("done", "running", "begun", "failed", "waiting", "stale", "to do")
"""`begun`: stopped on the way, to be taken up; `waiting`: an earlier stage of the shot failed; `stale`: done
under other settings, or other products before it."""


@dataclass(frozen=True)
class StageState:
    """How one stage of one shot stands."""

    stage: str
    state: State
    frames_done: int
    """Frames committed, of the shot's."""
    seconds: float
    """That it took; 0 until it is done."""
    bytes: int
    """Of its products on disk."""
    reason: str
    """Why it is not done; empty where it is."""


@dataclass(frozen=True)
class ShotState:
    """How one shot stands."""

    shot: int
    start: int
    stop: int
    note: str
    settings: Mapping[str, Mapping[str, Any]]
    """Its own, over the plan's."""
    stages: tuple[StageState, ...]


@dataclass(frozen=True)
class ReelStatus:
    """How a reel stands."""

    reel: str
    source: str
    frame_count: int
    rate: str
    """Frames per second, as a fraction."""
    size: str
    """`640x480 gray`."""
    preset: str
    stages: tuple[str, ...]
    """Of the plan: what the last run was asked for; empty where nothing was ever run."""
    shots: tuple[ShotState, ...]
    damaged: tuple[DamagedFrame, ...]
    """Frames that the source could not give whole."""
    notices: tuple[str, ...]
    """What ingest had to say."""
    interlace: str
    holder: str | None
    """The live process that writes to the reel."""
    store_bytes: int
    unreached_bytes: int
    """Of products that no current plan reaches: what `clean` would remove."""
    masters: tuple[str, ...]
    alarms: Mapping[int, int]
    """Shot number -> alarms on its last contact sheet, where it raised any and has not changed since."""

    def count(self, stage: str) -> Counter[State]:
        """Count the shots by the state of one stage."""
        return Counter(entry.state for shot in self.shots for entry in shot.stages if entry.stage == stage)

    def stage_bytes(self, stage: str) -> int:
        """Add up the bytes of one stage's products, over all shots."""
        return sum(entry.bytes for shot in self.shots for entry in shot.stages if entry.stage == stage)

    def stage_seconds(self, stage: str) -> float:
        """Add up the seconds that one stage took, over all shots."""
        return sum(entry.seconds for shot in self.shots for entry in shot.stages if entry.stage == stage)

    def to_json(self) -> dict[str, Any]:
        """Return all of it as JSON's types."""
        fields = {name: value for name, value in vars(self).items() if name not in ("shots", "damaged")}
        return {
            **fields,
            "damaged": [frame.model_dump(mode="json") for frame in self.damaged],
            "shots": [asdict(shot) for shot in self.shots],
        }


def reel_status(reel: Reel) -> ReelStatus:
    """Look up how a reel stands; raises ReelError where it is not ingested. Writes nothing."""
    info = reel.info
    plan = plan_of(reel)
    holder = lock_holder(reel.root)
    alive = holder if holder is not None and holder.is_alive else None
    sizes = {str(folder): folder_bytes(folder) for folder in product_folders(reel)}
    finder = _StateFinder(reel, sizes, alive)
    outcomes = [outcome_of(reel, shot, plan) for shot in reel.shots()]
    shots = tuple(finder.shot_state(outcome.shot, outcome.stages) for outcome in outcomes)
    reached = {str(_folder(reel, task)) for task in plan.tasks}
    return ReelStatus(
        reel=str(reel),
        source=info.path,
        frame_count=info.frame_count,
        rate=info.video.rate,
        size=f"{info.video.width}x{info.video.height} {info.video.store_pix_fmt}",
        preset=saved_request(reel).preset,
        stages=plan.stages,
        shots=shots,
        damaged=info.damaged,
        notices=info.notices,
        interlace=info.interlace.verdict if info.interlace else "not measured",
        holder=str(alive) if alive else None,
        store_bytes=folder_bytes(reel.root / "source.zarr"),
        unreached_bytes=sum(size for folder, size in sizes.items() if folder not in reached),
        masters=exported_masters(reel),
        alarms=alarm_counts(reel, outcomes),
    )


def _folder(reel: Reel, task: Task) -> Any:
    return reel.product_folder(task.stage, task.key, task.shot)


class _StateFinder:
    """Names the states, with what they have in common looked up once."""

    def __init__(self, reel: Reel, sizes: Mapping[str, int], holder: LockHolder | None) -> None:
        self._reel = reel
        self._sizes = sizes
        self._is_run = holder is not None and holder.what == "run"
        # (stage, frames) -> folders of every key: other keys than the plan's make a shot stale.
        self._keys: dict[tuple[str, str], list[str]] = {}
        for folder in sizes:
            stage, _, frames = folder.rsplit("/", 3)[1:]
            self._keys.setdefault((stage, frames), []).append(folder)

    def shot_state(self, shot: Shot, outcomes: Sequence[StageOutcome]) -> ShotState:
        """Say how a shot stands."""
        states: list[StageState] = []
        failed: str | None = None
        for outcome in outcomes:
            states.append(self._stage_state(outcome, failed))
            if states[-1].state == "failed":
                failed = outcome.task.stage
        settings = {stage: dict(values) for stage, values in shot.settings.items()}
        return ShotState(shot.number, shot.start, shot.stop, shot.note, settings, tuple(states))

    def _stage_state(self, outcome: StageOutcome, failed: str | None) -> StageState:
        task, commit = outcome.task, outcome.commit
        folder = _folder(self._reel, task)
        size = self._sizes.get(str(folder), 0)
        if commit is not None:
            return StageState(task.stage, "done", task.shot.frame_count, commit.seconds, size, "")
        done = self._frames_committed(folder) if size else 0
        state, reason = self._unfinished(outcome, failed, done, is_there=size > 0)
        return StageState(task.stage, state, done, 0.0, size, reason)

    def _unfinished(
        self, outcome: StageOutcome, failed: str | None, done: int, *, is_there: bool
    ) -> tuple[State, str]:
        task = outcome.task
        if outcome.failure is not None and not (self._is_run and done):
            return "failed", outcome.failure.error
        if failed is not None:
            return "waiting", f"{failed} failed before it"
        if is_there:
            frames = f"{done} of {task.shot.frame_count} frames"
            return ("running", frames) if self._is_run else ("begun", f"stopped after {frames}")
        others = self._keys.get((task.stage, _folder(self._reel, task).name), [])
        if others:
            told = any(source.stage == USER for source in task.inputs)
            return "stale", f"done under other settings{' or hints' if told else ''}"
        return "to do", "not run yet"

    @staticmethod
    def _frames_committed(folder: Any) -> int:
        """Add up the frames of the blocks that are whole, off their commits' names."""
        blocks = folder / "blocks"
        if not blocks.exists():
            return 0
        ranges = [path.stem.split("-") for path in blocks.iterdir() if path.suffix == ".json"]
        return sum(int(stop) - int(start) for start, stop in ranges)


def exported_masters(reel: Reel) -> tuple[str, ...]:
    """Name the masters that were exported, oldest first, each once."""
    exported = (record for record in reel.decisions() if record.get("what") == "export")
    return tuple(dict.fromkeys(str(record["master"]) for record in exported if "master" in record))
