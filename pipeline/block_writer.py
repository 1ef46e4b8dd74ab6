"""Writing the windows of one block, and its commit once they are durable."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import numpy as np
import torch
from upath import UPath

from reelfix.pipeline.carried import State, keep_state
from reelfix.pipeline.commit import BlockCommit, commit_block
from reelfix.pipeline.products import PRODUCTS, ArraySpec, WriteFrames
from reelfix.pipeline.stage import Products, Window


class BlockWriter:
    """Writes the windows of one block, keeping the digests and curves that its commit will state."""

    def __init__(
        self,
        block: tuple[int, int],
        made: Sequence[str],
        specs: Sequence[ArraySpec],
        write: WriteFrames,
        digester: ThreadPoolExecutor,
    ) -> None:
        """Write the products `made`, whose arrays are `specs`, by `write`, digesting them on `digester`."""
        self._start, self._stop = block
        self._made = made
        self._put = write
        self._digester = digester
        self._digests = {spec.name: hashlib.sha256() for spec in specs}
        self._curves: dict[str, list[float]] = {}

    def write(self, window: Window, products: Products) -> None:
        """Store one window's products."""
        for product in self._made:
            self._note_curves(product, window, products[product])
            for name, values in PRODUCTS[product].encode(products[product]).items():
                contiguous = np.ascontiguousarray(values)
                digested = self._digester.submit(self._digests[name].update, contiguous.data)
                self._put(name, window.start, contiguous)
                digested.result()

    def _note_curves(self, product: str, window: Window, value: Any) -> None:
        if product == "frames":
            pairs = zip(value, window.frames[window.core], strict=True)
            changes = [mean_change(after, before) for after, before in pairs]
            self._curves.setdefault("changed", []).extend(changes)
        elif product == "mask":
            marked = (value >= 128).float().mean(dim=(2, 3))  # Tx2
            for index, name in enumerate(("dirt", "scratch")):
                self._curves.setdefault(name, []).extend(round(float(x), 7) for x in marked[:, index])

    def commit(self, folder: UPath, carried: State) -> BlockCommit:
        """Declare the block whole in its product's `folder`; its shards are durable by now.

        `carried`: what the next block goes on from, empty where nothing does; it is made durable first.
        """
        state = keep_state(folder, self._start, self._stop, carried) if carried else ""
        digests = {name: digest.hexdigest() for name, digest in self._digests.items()}
        commit = BlockCommit(self._start, self._stop, digests, self._curves, state)
        commit_block(folder, commit)
        return commit


def mean_change(after: torch.Tensor, before: torch.Tensor) -> float:
    """Mean absolute difference of two frames (C, H, W) in [0, 1]."""
    if after.device.type != "cpu":
        return round(float((after - before).abs_().mean()), 7)
    rows = (-1, after.shape[-1])
    total = cv2.norm(
        after.contiguous().numpy().reshape(rows), before.contiguous().numpy().reshape(rows), cv2.NORM_L1
    )
    return round(float(total) / after.numel(), 7)
