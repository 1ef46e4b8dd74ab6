"""What a run is made from: found, split once, and missed where it is gone."""

import csv
from fractions import Fraction

import cv2
import numpy as np
import pytest

from reelfix.bin.benchmarks.material import make_reel
from reelfix.io.clip_file import encode_clip
from reelfix.io.pixel_format import PixelFormat
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.training_data import gather
from reelfix.restoration.training.configuration import Build, Configuration, DataSettings, RunSettings
from reelfix.restoration.training.errors import TrainingDataError


def build(settings, materials) -> Build:
    raise AssertionError("nothing is built here")


PLAIN = Configuration(RunSettings, build)
REAL = Configuration(RunSettings, build, wants_real=True, channels=3)
PREPARED = Configuration(RunSettings, build, wants_prepared=True)


@pytest.fixture
def clean(tmp_path):
    """Twelve pictures and a film, in two folders."""
    folder = tmp_path / "clean"
    (folder / "deep").mkdir(parents=True)
    for number in range(12):
        cv2.imwrite(str(folder / f"still{number}.png"), np.full((8, 8), number, np.uint8))
    frames = np.zeros((4, 8, 8), np.uint8)
    (folder / "deep" / "film.mkv").write_bytes(
        encode_clip({"gray": frames}, PixelFormat.parse("gray"), Fraction(18))
    )
    (folder / "notes.txt").write_text("of no concern")
    return folder


def gathered(tmp_path, data=(), real=(), kind=PLAIN, share=0.3):
    settings = DataSettings(validation_share=share)
    return gather(data, real, kind, settings, run=tmp_path / "run", cache=tmp_path / "cache")


def test_files_are_found_split_and_kept_to(tmp_path, clean):
    first = gathered(tmp_path, [clean])
    files = [*first.split.train, *first.split.validation]
    assert len(files) == 13
    assert [path.suffix for path in files].count(".npy") == 1  # the film, as an array
    assert first.split.train
    assert first.split.validation
    with (tmp_path / "run" / "split.csv").open() as file:
        assert {row["file"].rpartition("/")[2] for row in csv.DictReader(file)} == {
            *(f"still{number}.png" for number in range(12)),
            "film.mkv",
        }
    cv2.imwrite(str(clean / "late.png"), np.zeros((8, 8), np.uint8))
    assert gathered(tmp_path, [clean]) == first
    (clean / "still3.png").unlink()
    with pytest.raises(TrainingDataError, match=r"still3\.png of this run's data is gone"):
        gathered(tmp_path, [clean])


def test_a_folder_called_validation_is_what_is_measured_on(tmp_path, clean):
    (clean / "validation").mkdir()
    for number in (3, 7):
        (clean / f"still{number}.png").rename(clean / "validation" / f"still{number}.png")
    split = gathered(tmp_path, [clean], share=0.9).split
    assert [path.name for path in split.validation] == ["still3.png", "still7.png"]
    assert len(split.train) == 11
    assert not set(split.train) & set(split.validation)


def test_real_film_becomes_folders_of_arrays(tmp_path, clean):
    make_reel(tmp_path / "tiny.reel", frames=20, shots=2, height=32, width=40)
    arrays = tmp_path / "arrays"
    arrays.mkdir()
    np.save(arrays / "own.npy", np.zeros((2, 16, 16, 3), np.uint8))
    one = gathered(tmp_path, [clean], [tmp_path / "tiny.reel", arrays], REAL)
    assert one.real[1] == arrays
    (made,) = one.real[0].glob("*.npy")
    assert np.load(made).shape == (20, 32, 40, 3)
    other = gathered(tmp_path, [clean], [arrays], REAL)
    assert one.digest != other.digest
    assert gathered(tmp_path, [clean], [arrays]).real == ()  # for what does not look at it


def test_what_is_not_named_or_not_there_is_said(tmp_path, clean):
    with pytest.raises(UsageError, match=r"no training data is named\. Name folders of clean pictures"):
        gathered(tmp_path)
    with pytest.raises(UsageError, match="no real film is named"):
        gathered(tmp_path, [clean], kind=REAL)
    with pytest.raises(UsageError, match=r"there is no .*missing"):
        gathered(tmp_path, [tmp_path / "missing"])
    with pytest.raises(UsageError, match="holds no prepared clips"):
        gathered(tmp_path, [clean], kind=PREPARED)
