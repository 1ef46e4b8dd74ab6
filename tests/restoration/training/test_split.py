"""The split of files: by name alone, never empty, kept to."""

from pathlib import Path

import pytest

from reelfix.restoration.training.errors import TrainingDataError
from reelfix.restoration.training.split import read_split, split_by_name, write_split


def files(folder, count):
    made = [folder / f"clip{number}.png" for number in range(count)]
    for path in made:
        path.touch()
    return made


def test_a_file_keeps_its_part_whatever_comes_beside_it(tmp_path):
    many = split_by_name(files(tmp_path, 200), 0.2)
    few = split_by_name([*many.validation[:3], *many.train[:5]], 0.2)
    assert 20 <= len(many.validation) <= 60
    assert set(few.validation) == set(many.validation[:3])
    elsewhere = split_by_name([Path("/other") / path.name for path in files(tmp_path, 200)], 0.2)
    assert [path.name for path in elsewhere.validation] == [path.name for path in many.validation]


@pytest.mark.parametrize("share", [0.0001, 0.9999])
def test_no_part_is_empty(tmp_path, share):
    split = split_by_name(files(tmp_path, 2), share)
    assert (len(split.train), len(split.validation)) == (1, 1)


def test_one_file_alone_is_refused(tmp_path):
    with pytest.raises(TrainingDataError, match="1 files of training data cannot be split"):
        split_by_name(files(tmp_path, 1), 0.1)


def test_a_file_that_is_gone_is_missed(tmp_path):
    split = split_by_name(files(tmp_path, 6), 0.3)
    write_split(tmp_path / "split.csv", split)
    assert read_split(tmp_path / "split.csv") == split
    split.train[0].unlink()
    with pytest.raises(TrainingDataError, match=rf"{split.train[0].name} of this run's data is gone"):
        read_split(tmp_path / "split.csv")
