"""Removing what no current plan reaches: products of settings that were given up, of shots since edited."""

from dataclasses import dataclass

from upath import UPath

from reelfix.pipeline.lock import hold_reel
from reelfix.pipeline.plan import plan_of
from reelfix.pipeline.reel import Reel


@dataclass(frozen=True)
class CleanReport:
    """What was removed, or would be."""

    folders: tuple[str, ...]
    bytes: int


def clean(reel: Reel, *, dry_run: bool = False) -> CleanReport:
    """Remove every product folder that the reel's plan does not name; with `dry_run`, only list them.

    Raises ReelError while the reel is held by another process.
    """
    with hold_reel(reel.root, "clean"):
        reached = {str(reel.product_folder(task.stage, task.key, task.shot)) for task in plan_of(reel).tasks}
        unreached = [folder for folder in product_folders(reel) if str(folder) not in reached]
        size = sum(folder_bytes(folder) for folder in unreached)
        if not dry_run:
            for folder in unreached:
                folder.fs.rm(folder.path, recursive=True)
                _remove_empty(folder.parent, reel.root / "stages")
            reel.decide("clean", folders=[str(folder) for folder in unreached], bytes=size)
    return CleanReport(tuple(str(folder) for folder in unreached), size)


def product_folders(reel: Reel) -> list[UPath]:
    """List every `stages/<stage>/<key>/<frames>` folder there is."""
    stages = reel.root / "stages"
    if not stages.exists():
        return []
    found = [
        shot
        for stage in stages.iterdir()
        for key in stage.iterdir()
        for shot in key.iterdir()
        if shot.is_dir()
    ]
    return sorted(found, key=str)


def folder_bytes(folder: UPath) -> int:
    """Return the size of all files in a folder, in bytes."""
    return int(folder.fs.du(folder.path)) if folder.exists() else 0


def _remove_empty(folder: UPath, top: UPath) -> None:
    """Remove a folder, and those above it up to `top`, as long as they are empty."""
    while str(folder) != str(top) and folder.exists() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
