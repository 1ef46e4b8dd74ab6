"""Killing runs at random moments and taking them up again: the products must be those of a run never killed.

Every trial kills, with SIGKILL, either the run itself, one of its workers, whichever process is in the
middle of a commit (its temporary file is there), or has made durable what a stage carries on to the next
block but not yet that block's commit, until the run has been killed as often as asked for.
"""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import psutil

from reelfix.bin.benchmarks.material import make_reel
from reelfix.pipeline.blocks import Cut
from reelfix.pipeline.commit import read_commit
from reelfix.pipeline.events import silent
from reelfix.pipeline.export import ExportRequest, export
from reelfix.pipeline.plan import Task, plan_of
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.trace import TRACE_VARIABLE

KINDS = ("run", "worker", "commit", "state")
_STAGES = "deflicker,detect,restore,smooth,colorize,smooth_chroma,grain"
_SETTINGS = ("restore.model=none", "smooth.model=none")
_WORKERS = 2


@dataclass(frozen=True)
class Chain:
    """What every reel is put through."""

    stages: str
    settings: tuple[str, ...]

    def start(self, reel: Reel, trace: Path | None) -> "subprocess.Popen[bytes]":
        """Start the run of a reel, its workers telling of every window in `trace`."""
        environment = dict(os.environ)
        if trace is not None:
            environment[TRACE_VARIABLE] = str(trace)
        arguments = ["run", "--stages", self.stages, "--workers", str(_WORKERS)]
        arguments += [part for setting in self.settings for part in ("--set", setting)]
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("reelfix")), *arguments, str(reel.root)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )


@dataclass
class Tally:
    """What was killed, and what it cost."""

    kills: Counter[str] = field(default_factory=Counter)
    frames: int = 0
    """Frames that the stages had to make."""
    frames_again: int = 0
    """Frames made more than once."""
    most_again: int = 0
    """Most frames of one shot and stage that one kill made a worker do again, in blocks."""
    differing: int = 0
    """Reels whose products or master are not the uninterrupted run's."""
    states_left: int = 0
    """Files of carried state, whole or half written, left in finished reels."""


@click.command(name="resume")
@click.option("--kills", default=30, show_default=True, help=f"Of each kind: {', '.join(KINDS)}.")
@click.option("--frames", default=900, show_default=True)
@click.option("--shots", default=3, show_default=True)
@click.option("--size", default="64x48", show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--stages", default=_STAGES, show_default=True)
@click.option("--set", "settings", multiple=True, default=_SETTINGS, show_default=True)
def command(
    kills: int, frames: int, shots: int, size: str, seed: int, stages: str, settings: tuple[str, ...]
) -> None:
    """Kill runs at random moments; exit 1 if a product differs or more than a block a worker ran again."""
    width, height = (int(part) for part in size.split("x"))
    chain = Chain(stages, settings)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = make_reel(folder / "whole.reel", frames=frames, height=height, width=width, shots=shots)
        _wait(chain.start(whole, None))
        expected = digests(whole)
        tally = Tally()
        generator = random.Random(seed)
        while any(tally.kills[kind] < kills for kind in KINDS):
            reel = make_reel(folder / "killed.reel", frames=frames, height=height, width=width, shots=shots)
            _trial(chain, reel, tally, kills, generator)
            tally.differing += digests(reel) != expected
            tally.states_left += len(list(Path(str(reel.root)).glob("stages/*/*/*/blocks/*.safetensors*")))
            _count_again(reel, folder / "trace.jsonl", tally)
            (folder / "trace.jsonl").unlink()
            click.echo(f"{dict(tally.kills)}: {tally.differing} reels differ", err=True)
    click.echo(json.dumps({**tally.__dict__, "kills": dict(tally.kills)}))
    sys.exit(1 if tally.differing or tally.states_left or tally.most_again > 1 else 0)


def digests(reel: Reel) -> dict[str, str]:
    """SHA-256 of the master and of every product file of the reel's plan, by path; the reel must be done."""
    master = Path(str(reel.root)).parent / "master.mkv"
    export(reel, ExportRequest(output=master, codec="ffv1", force=True), silent)
    found = {"master": hashlib.sha256(master.read_bytes()).hexdigest()}
    tasks = plan_of(reel).tasks
    if not tasks:
        raise click.ClickException(f"{reel} was not run")
    for task in tasks:
        folder = reel.product_folder(task.stage, task.key, task.shot)
        if read_commit(folder) is None:
            raise click.ClickException(f"{task} is not done")
        for file in sorted(Path(str(folder)).rglob("c.*")):
            found[str(file.relative_to(str(reel.root)))] = hashlib.sha256(file.read_bytes()).hexdigest()
    return found


def _trial(chain: Chain, reel: Reel, tally: Tally, kills: int, generator: random.Random) -> None:
    """Run a reel to its end, killing now and then on the way."""
    trace = Path(str(reel.root)).parent / "trace.jsonl"
    trace.touch()
    most_events = reel.info.frame_count // 24
    while True:
        process = chain.start(reel, trace)
        wanted = [kind for kind in KINDS if tally.kills[kind] < kills]
        if not wanted:
            _wait(process)
            return
        kind = generator.choice(wanted)
        _wait_for_events(process, trace, generator.randint(1, most_events))
        time.sleep(generator.uniform(0.0, 0.1))
        if not _kill(kind, process, Path(str(reel.root))):
            _wait(process)
            return
        tally.kills[kind] += 1
        if kind != "run":
            # A worker's death ends no run: it is waited for, or killed in its turn.
            time.sleep(generator.uniform(0.0, 1.0))
            _kill_tree(process)
        process.wait()
        _wait_for_orphans(process.pid)


def _wait_for_events(process: "subprocess.Popen[bytes]", trace: Path, count: int) -> None:
    """Wait until the workers have told of `count` events more, or the run is over."""
    before = trace.read_text().count("\n")
    while process.poll() is None and trace.read_text().count("\n") < before + count:
        time.sleep(0.01)


def _kill(kind: str, process: "subprocess.Popen[bytes]", root: Path) -> bool:
    """Kill as asked for; False where the run ended first."""
    before = set(_lone_states(root))
    while process.poll() is None:
        workers = _workers(process.pid)
        if kind == "run":
            process.kill()
            return True
        if not workers:
            continue
        if kind == "worker":
            os.kill(workers[0], signal.SIGKILL)
            return True
        if kind == "commit" and not any(_open_commits(root)):
            continue
        if kind == "state" and before.issuperset(_lone_states(root)):
            continue
        for victim in workers:
            os.kill(victim, signal.SIGKILL)
        # The commit may have come between the look and the kill.
        if kind == "commit" or not before.issuperset(_lone_states(root)):
            return True
    return False


def _open_commits(root: Path) -> Iterator[Path]:
    """Temporary files of commits being written just now."""
    yield from root.glob("stages/*/*/*/blocks/.*.json.*")
    yield from root.glob("stages/*/*/*/.commit.json.*")


def _lone_states(root: Path) -> Iterator[tuple[Path, int]]:
    """States that no commit speaks of, with when each was written."""
    for path in root.glob("stages/*/*/*/blocks/[0-9]*.safetensors"):
        if not path.with_suffix(".json").exists():
            try:
                yield path, path.stat().st_mtime_ns
            except FileNotFoundError:
                continue


def _workers(pid: int) -> list[int]:
    try:
        children = psutil.Process(pid).children(recursive=True)
        return [child.pid for child in children if "spawn_main" in " ".join(child.cmdline())]
    except psutil.Error:
        return []


def _kill_tree(process: "subprocess.Popen[bytes]") -> None:
    for pid in [process.pid, *_workers(process.pid)]:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def _wait_for_orphans(pid: int) -> None:
    """Wait until no worker of a killed run is left: they end by themselves when their parent is gone."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        left = [
            p
            for p in psutil.process_iter(["cmdline"])
            if f"parent_pid={pid}" in " ".join(p.info["cmdline"] or [])
        ]
        if not left:
            return
        time.sleep(0.05)
    raise click.ClickException(f"workers of the killed run {pid} are still there after 20 s")


def _wait(process: "subprocess.Popen[bytes]") -> None:
    _, errors = process.communicate()
    if process.returncode != 0:
        raise click.ClickException(f"the run ended with {process.returncode}: {errors.decode()[-2000:]}")


def _count_again(reel: Reel, trace: Path, tally: Tally) -> None:
    """Count the windows that were computed more than once, per attempt of a shot and stage."""
    tasks = {(task.stage, task.shot.number): task for task in plan_of(reel).tasks}
    seen: dict[tuple[str, int], set[int]] = {key: set() for key in tasks}
    again: Counter[tuple[str, int, int]] = Counter()
    attempts: Counter[tuple[str, int]] = Counter()
    for line in trace.read_text().splitlines():
        event = json.loads(line)
        key = (event.get("stage"), event.get("shot"))
        if event["event"] == "TaskStarted":
            attempts[key] += 1
        if event["event"] == "WindowDone":
            if event["start"] in seen[key]:
                again[(*key, attempts[key])] += event["frames"]
            seen[key].add(event["start"])
    tally.frames += sum(task.shot.frame_count for task in tasks.values())
    tally.frames_again += sum(again.values())
    for (stage, shot, _), frames in again.items():
        tally.most_again = max(tally.most_again, -(-frames // _block_frames(tasks[stage, shot])))


def _block_frames(task: Task) -> int:
    return Cut.of(task.clip, task.make_stage().handle).block_frames
