import numpy as np

from reelfix.restoration.neighbours import distinct_steps, in_light_of, repeats_in


def test_repeats_are_found_and_dirt_is_none() -> None:
    random = np.random.default_rng(0)
    first, second = (random.random((40, 60), np.float32) for _ in range(2))
    again = first * np.float32(1.02)  # a repeat that was deflickered otherwise
    dirty = second.copy()
    dirty[10:14, 20:24] = 1.0
    assert repeats_in([first, again, second, second, dirty]) == [True, False, True, False]


def test_a_blend_and_what_it_is_blended_of_do_not_answer_for_each_other() -> None:
    random = np.random.default_rng(1)
    first, second, third, last = (random.random((40, 60), np.float32) for _ in range(4))
    blend = 0.45 * second + 0.55 * third
    repeats = repeats_in([first, second, blend, third, last])
    assert repeats == [False] * 4
    assert repeats.blends == {2}
    assert distinct_steps(repeats, 1, 2) == ([-1], [2, 3])
    assert distinct_steps(repeats, 2, 2) == ([-2], [2])
    assert distinct_steps(repeats, 3, 2) == ([-2, -3], [1])
    blend[10:14, 20:24] = 1.0  # its own dirt is on neither
    assert not repeats_in([first, second, blend, third, last]).blends


def test_repeats_are_passed_over() -> None:
    repeats = [False, True, False, True, True, False, False]  # pictures a b b c c c d e
    assert distinct_steps(repeats, 3, 2) == ([-1, -3], [3, 4])
    assert distinct_steps(repeats, 4, 2) == ([-2, -4], [2, 3])
    assert distinct_steps(repeats, 0, 2) == ([], [1, 3])


def test_a_picture_repeated_counts_once() -> None:
    repeats = [False, True, True, False]  # pictures a b b b c
    assert distinct_steps(repeats, 4, 2) == ([-1, -4], [])


def test_a_still_picture_has_its_neighbours() -> None:
    assert distinct_steps([True, True, True], 1, 2) == ([-1], [1, 2])


def test_light_is_matched_and_a_spot_is_not() -> None:
    here = np.full((96, 96), 0.4, np.float32)
    there = np.full((96, 96), 0.3, np.float32)
    there[40:44, 40:44] = 0.9
    matched = in_light_of(here, there)
    np.testing.assert_allclose(matched[:16, :16], 0.4, atol=1e-5)
    np.testing.assert_allclose(matched[42, 42], 1.0, atol=0.02)
