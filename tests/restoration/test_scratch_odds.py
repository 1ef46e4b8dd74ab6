import numpy as np

from reelfix.restoration.scratch_evidence import FEATURES
from reelfix.restoration.scratch_links import ANSWER, LINKS, LONGEST
from reelfix.restoration.scratch_odds import inputs, trained_odds

SCRATCH = {
    "tall": 1.8,
    "scene": 0.45,
    "worst": 0.25,
    "even": 0.5,
    "gate": 0.6,
    "near": 0.7,
    "shown": 0.8,
    "moved": 2.0,
    "away": 3.0,
    "misfit": 0.05,
    "narrow": 0.2,
    "width": 2.1,
    "extent": 0.8,
    "crossing": 0.1,
    "steady": 0.3,
    "alone": 0.05,
    "recent": 0.8,
    "first": 0.7,
    "uneven": 0.1,
    "filled": 0.8,
    "settled": 0.3,
}


def odds(**changed: float) -> float:
    row = SCRATCH | changed
    return float(trained_odds().of_places(np.array([[row[name] for name in FEATURES]], np.float32))[0])


def test_a_plain_scratch_is_likely() -> None:
    assert odds() > 1.0


def test_what_goes_with_the_scene_or_evenly_is_not() -> None:
    assert odds(scene=0.97, worst=0.95) < -2.0
    assert odds(settled=1.0) < odds() - 4.0
    assert odds(even=1.0, gate=0.3, near=0.45) < odds() - 2.0


def test_all_inputs_are_finite() -> None:
    assert np.isfinite(inputs(np.zeros((2, len(FEATURES)), np.float32))).all()


def linked(odds: float, **changed: float) -> float:
    links = np.array([[0, 0, -0.5, 4, 3, 4, 4, -0.2]], np.float32)
    assert links.shape == (1, LINKS)
    for name, value in changed.items():
        links[0, {"longest": LONGEST, "answer": ANSWER}[name]] = value
    return float(trained_odds().of_links(np.array([odds], np.float32), links)[0])


def test_a_long_piece_that_other_frames_have_is_likelier_than_a_short_or_lone_one() -> None:
    assert linked(2.0) > linked(1.0) > 0
    assert linked(1.0) - linked(1.0, longest=-1.5) > 2
    assert linked(1.0) - linked(1.0, answer=-4) > 1.9
