import numpy as np

from reelfix.restoration.scratch_links import ANSWER, LONGEST, Courses, courses_of, links_of
from reelfix.restoration.scratch_trace import TRAITS, Piece

ROWS = 80


def piece(column: float, first: int, last: int, polarity: int = 0) -> Piece:
    rows = np.arange(first, last)
    course = np.full(len(rows), column, np.float32)
    return Piece(polarity, rows, rows * 0 + round(column), rows, course, np.zeros(TRAITS, np.float32))


def frame(*pieces: Piece, odds: float = 2.0) -> Courses:
    return courses_of(pieces, np.full(len(pieces), odds, np.float32), ROWS)


def test_pieces_on_one_course_are_long_together() -> None:
    alone = links_of({0: frame(piece(50, 0, 10))}, 0)
    joined = links_of({0: frame(piece(50, 0, 10), piece(51, 30, 40), piece(90, 60, 80))}, 0)
    assert np.isclose(alone[0, LONGEST], np.log(10 / 80 / 0.25))
    assert joined[0, LONGEST] == joined[1, LONGEST] == 0


def test_other_frames_answer_near_the_same_place_in_the_same_tone() -> None:
    own = frame(piece(50, 0, 20))
    for other, answer in (
        (piece(54, 10, 40), 2.0),
        (piece(60, 10, 40), -4.0),
        (piece(50, 10, 40, polarity=1), -4.0),
    ):
        links = links_of({0: own, 1: frame(other)}, 0)
        assert links[0, ANSWER] == answer
    assert links_of({0: own, 1: frame()}, 0)[0, ANSWER] == -4


def test_no_pieces_have_no_links() -> None:
    assert links_of({0: frame(), 1: frame(piece(50, 0, 20))}, 0).shape[0] == 0
