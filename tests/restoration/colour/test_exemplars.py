"""The pictures that a shot takes its colours from."""

import numpy as np
import torch

from reelfix.restoration.colour.exemplars import coloured_exemplars, taken
from reelfix.restoration.colour.guides import Exemplar, Guides, Point, Reference
from reelfix.restoration.colour.key_frames import Painter, colours_of
from reelfix.restoration.colour.net import Hints, Prediction
from reelfix.restoration.colour.points import colour_of

RGB = torch.tensor([0.8, 0.4, 0.2]).reshape(3, 1, 1) / 0.4968  # of luma 1


class Gray:
    """A net that adds no colour to its hints; features tell light from dark."""

    def predict(self, luma: torch.Tensor, hints: Hints | None, saturation: float = 1.0) -> Prediction:
        """Give the hints as they are."""
        quarter, eighth = ((-(-luma.shape[2] // n), -(-luma.shape[3] // n)) for n in (4, 8))
        ab = torch.zeros(1, 2, *quarter) if hints is None else hints.ab * hints.weight
        tone = torch.nn.functional.adaptive_avg_pool2d(luma, eighth) * 3
        return Prediction(ab, torch.full((1, 1, *quarter), 0.5), torch.cat([tone.cos(), tone.sin()], 1))


def texture(seed: int) -> torch.Tensor:
    coarse = torch.rand(1, 1, 9, 12, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.interpolate(coarse, (48, 64), mode="bicubic")[0].clamp(0, 1)


def painter() -> Painter:
    return Painter(Gray(), torch.device("cpu"))


def test_references_are_taken_as_they_are_and_exemplars_after_them() -> None:
    luma = texture(1)
    guides = Guides(references=(Reference(RGB * luma, 3),), exemplars=(Exemplar(luma, None),))
    reference, exemplar = coloured_exemplars(guides, painter())
    assert reference.frame == 3
    np.testing.assert_allclose(reference.key.firmness, 1)
    bright = luma[0, 20:28:2, 20:28:2].numpy() > 0.3
    assert bright.any()
    colours = exemplar.key.colours[10:14, 10:14][bright]
    np.testing.assert_allclose(colours, reference.key.colours[10:14, 10:14][bright], atol=6.0)


def test_an_exemplar_that_has_a_reference_is_its_colouring_and_not_made_twice() -> None:
    luma = texture(1)
    guides = Guides(references=(Reference(RGB * luma, 3),), exemplars=(Exemplar(luma, 3), Exemplar(luma, 5)))
    pictures = coloured_exemplars(guides, painter())
    assert [picture.frame for picture in pictures] == [3, 5]
    wanted = colours_of(RGB * luma, 48, 64)
    assert np.abs(pictures[0].key.colours - wanted).mean() < 1.0


def test_a_reference_counts_where_it_shows_what_the_frame_does() -> None:
    luma = texture(1)
    other = luma.clone()
    other[:, 8:24, 8:24] = 1 - other[:, 8:24, 8:24]
    (picture,) = coloured_exemplars(Guides(exemplars=(Exemplar(luma, 0, (), RGB * other),)), painter())
    firm = picture.key.firmness
    assert firm[16:, 20:].mean() > 0.9
    assert firm[5:11, 5:11].mean() < 0.6


def test_the_same_exemplar_has_the_same_colours_for_every_shot() -> None:
    points = (Point(0, 30.0, 20.0, (0.1, 0.3, 0.9), 3.0),)
    first, second = (
        coloured_exemplars(Guides(exemplars=(Exemplar(texture(2), frame, points),)), painter())
        for frame in (0, None)
    )
    np.testing.assert_array_equal(first[0].key.colours, second[0].key.colours)


def test_points_count_above_exemplars_without_and_those_are_coloured_after() -> None:
    points = (Point(0, 32.0, 24.0, (0.1, 0.3, 0.9), 6.0),)
    guides = Guides(exemplars=(Exemplar(texture(1), None), Exemplar(texture(1), 4, points)))
    pictures = coloured_exemplars(guides, painter())
    assert [picture.frame for picture in pictures] == [4, None]
    for picture in pictures:
        np.testing.assert_allclose(picture.key.colours[12, 16], colour_of(points[0]), atol=8.0)


def test_a_frame_is_told_its_colours_by_place_and_by_likeness() -> None:
    luma = texture(1)
    guides = Guides(references=(Reference(RGB * 0.5 + 0 * luma, 0), Reference(RGB * luma, None)))
    pictures = coloured_exemplars(guides, painter())
    known = taken(pictures, luma[0].numpy(), painter().paint(luma[0].numpy()).features)
    assert len(known) == 3, "both by likeness, the scene's by place as well"
    for source in known:
        assert source.carried.colours.shape == (24, 32, 2)
        assert source.carried.trust.max() <= 1
