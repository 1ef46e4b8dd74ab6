"""Fixity of stage products: what the commits state against what the stores give."""

import hashlib

import numpy as np

from reelfix.io.errors import StoreError
from reelfix.pipeline.commit import BlockCommit, read_commit
from reelfix.pipeline.finding import Finding
from reelfix.pipeline.plan import Task, plan_of
from reelfix.pipeline.products import ProductStore
from reelfix.pipeline.reel import Reel


def verify_stages(reel: Reel) -> tuple[Finding, ...]:
    """Check every product of the reel's plan that is committed; what was never run is no finding."""
    findings = []
    for task in plan_of(reel).tasks:
        commit = read_commit(reel.product_folder(task.stage, task.key, task.shot))
        if commit is not None:
            findings.append(_verify_task(reel, task, commit.blocks))
    return tuple(findings)


def _verify_task(reel: Reel, task: Task, blocks: list[BlockCommit]) -> Finding:
    folder = reel.product_folder(task.stage, task.key, task.shot)
    subject = f"{task.stage} {task.shot}"
    try:
        store = ProductStore.open(folder)
        for block in blocks:
            for name, stated in block.digests.items():
                if _digest(store, name, block) != stated:
                    first, last = task.shot.start + block.start, task.shot.start + block.stop
                    return Finding(
                        subject,
                        False,
                        f"{name} of frames [{first}, {last}) is not what was committed. "
                        f"Remove {folder} and run `reelfix run` again.",
                    )
    except (StoreError, ValueError, RuntimeError, OSError) as error:
        return Finding(
            subject, False, f"cannot be read ({error}). Remove {folder} and run `reelfix run` again."
        )
    return Finding(subject, True, f"{task.shot.frame_count} frames as committed")


def _digest(store: ProductStore, name: str, block: BlockCommit) -> str:
    digest = hashlib.sha256()
    for start in range(block.start, block.stop, 16):
        values = store.read(name, start, min(start + 16, block.stop))
        digest.update(np.ascontiguousarray(values).data)
    return digest.hexdigest()
