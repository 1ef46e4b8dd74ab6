"""Batches of several sources, one after the other."""

from dataclasses import dataclass

from reelfix.restoration.training.recipe import Batch, Source


@dataclass(frozen=True)
class TurnsSource:
    """Gives a batch of each source in turn, so that each is learned from alike."""

    sources: tuple[Source, ...]

    def batch(self, step: int) -> Batch:
        """Return the batch of a step."""
        turn, which = divmod(step, len(self.sources))
        return self.sources[which].batch(turn)
