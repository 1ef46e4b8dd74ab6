import torch

from reelfix.restoration.colour.compact import ColourCompact, ColourShape
from reelfix.restoration.colour.net import Hints, load_colour_net


def test_the_weights_that_are_shipped_load_and_obey_hints() -> None:
    net = load_colour_net("colour-compact")
    assert isinstance(net, ColourCompact)
    assert net.shape == ColourShape()
    luma = torch.linspace(0.2, 0.7, 64).expand(1, 1, 64, 64)
    ab = torch.tensor([45.0, 30.0])[None, :, None, None].expand(1, 2, 16, 16)
    nothing = net.predict(luma, None).ab
    red = net.predict(luma, Hints(ab, torch.ones((1, 1, 16, 16)))).ab
    assert nothing.norm(dim=1).mean() < 20  # of what cannot be told, little is said
    assert (red - ab).norm(dim=1).mean() < 15
