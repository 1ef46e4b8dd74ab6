"""The stream of batches: by step, alike however many processes make them."""

import pytest
import torch

from reelfix.restoration.training.batches import BatchStream
from reelfix.restoration.training.settings import TrainingSettings
from reelfix.restoration.training.source_turns import TurnsSource


class Drawing:
    """Draws from torch's own generator."""

    def __init__(self, name):
        self.name = name

    def batch(self, step):
        return {self.name: torch.cat([torch.tensor([float(step)]), torch.rand(2)])}


def read(workers, start, seed=0):
    settings = TrainingSettings(steps=6, workers=workers, seed=seed)
    stream = BatchStream(Drawing("x"), settings, start, torch.device("cpu"))
    batches = [stream.next() for _ in range(start, 6)]
    stream.close()
    assert all(waited >= 0 for _, waited in batches)
    return torch.stack([batch["x"] for batch, _ in batches])


@pytest.mark.parametrize("workers", [0, 2])
def test_a_batch_is_a_function_of_seed_and_step(workers):
    whole = read(0, 0)
    assert whole[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert torch.equal(read(workers, 3), whole[3:])
    assert not torch.equal(read(workers, 3, seed=1), whole[3:])
    assert len(whole[:, 1].unique()) == 6


def test_sources_take_turns():
    source = TurnsSource((Drawing("a"), Drawing("b")))
    names = [next(iter(source.batch(step))) for step in range(4)]
    steps = [next(iter(source.batch(step).values()))[0].item() for step in range(4)]
    assert (names, steps) == (["a", "b", "a", "b"], [0, 0, 1, 1])
