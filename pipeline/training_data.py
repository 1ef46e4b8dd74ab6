"""What a training run is made from: folders, films and reels of the user, as files that sources can open."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reelfix.io.landing import file_sha256
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.training_frames import PICTURES, VIDEOS, frames_array, is_reel
from reelfix.restoration.training.configuration import Configuration, DataSettings
from reelfix.restoration.training.split import Split, read_split, split_by_name, write_split


@dataclass(frozen=True)
class Gathered:
    """Data of a run, found, split and made readable."""

    prepared: tuple[Path, ...]
    split: Split
    """Files to learn from and to measure on: pictures and arrays; folders of prepared clips."""
    real: tuple[Path, ...]
    """Folders of arrays."""
    digest: str
    """SHA-256 of names and sizes of all that was found."""


def gather(
    data: Sequence[Path],
    real: Sequence[Path],
    configuration: Configuration,
    settings: DataSettings,
    *,
    run: Path,
    cache: Path,
) -> Gathered:
    """Find the data of the run in folder `run`; arrays of films are made under `cache`.

    The split is written to `run/split.csv`, and read there when the run goes on. Raises UsageError where data
    that the configuration wants is not named or not there, TrainingError where a file of the split is gone.
    """
    _check_named(data, real, configuration)
    written = run / "split.csv"
    split = read_split(written) if written.exists() else _split(data, configuration, settings)
    if not written.exists():
        run.mkdir(parents=True, exist_ok=True)
        write_split(written, split)

    def readable(files: Iterable[Path]) -> tuple[Path, ...]:
        return tuple(
            file
            if configuration.wants_prepared or file.suffix.lower() in PICTURES | {".npy"}
            else frames_array(
                file, cache / "data", count=settings.frames_per_film, channels=configuration.channels
            )
            for file in files
        )

    folders = _real_folders(real, configuration, settings, cache) if configuration.wants_real else ()
    return Gathered(
        prepared=tuple(path.resolve() for path in data) if configuration.wants_prepared else (),
        split=Split(readable(split.train), readable(split.validation)),
        real=folders,
        digest=_digest(split, [array for folder in folders for array in sorted(folder.glob("*.npy"))]),
    )


def _check_named(data: Sequence[Path], real: Sequence[Path], configuration: Configuration) -> None:
    for path in (*data, *real):
        if not path.exists():
            raise UsageError(f"there is no {path}. Check the name, and that its disk is mounted.")
    if not data:
        kind = "prepared clips (`bin/bench prepare`)" if configuration.wants_prepared else "clean pictures"
        raise UsageError(f"no training data is named. Name folders of {kind} with --data.")
    if configuration.wants_real and not real:
        raise UsageError(
            "no real film is named: this is learned from real damage too. Name reels, films, or folders of "
            "frames with --real."
        )


def _split(data: Sequence[Path], configuration: Configuration, settings: DataSettings) -> Split:
    if not configuration.wants_prepared:
        files = [file for path in data for file in _files(path)]
        held = {file for path in data if (aside := path / "validation").is_dir() for file in _files(aside)}
        if held and held < set(files):
            return Split(tuple(file for file in files if file not in held), tuple(sorted(held)))
        return split_by_name(files, settings.validation_share)
    parts: dict[str, list[Path]] = {"train": [], "validation": []}
    for folder in data:
        items = sorted(folder.resolve().glob("*/item.json"))
        if not items:
            raise UsageError(
                f"{folder} holds no prepared clips. Prepare some of your clean clips and pictures: "
                f"bin/bench prepare --data {folder} --output PREPARED; then name that with --data."
            )
        for item in items:
            parts[json.loads(item.read_text(encoding="utf-8"))["part"]].append(item.parent)
    for part, folders in parts.items():
        if not folders:
            raise UsageError(f"{data[0]} has no prepared clips of part {part}. Prepare more.")
    return Split(tuple(parts["train"]), tuple(parts["validation"]))


def _real_folders(
    real: Sequence[Path], configuration: Configuration, settings: DataSettings, cache: Path
) -> tuple[Path, ...]:
    """One folder of arrays to each thing named: its own, where it holds arrays already."""
    return tuple(_real_folder(path.resolve(), configuration.channels, settings, cache) for path in real)


def _real_folder(path: Path, channels: int, settings: DataSettings, cache: Path) -> Path:
    if path.is_dir() and not is_reel(path) and any(path.glob("*.npy")):
        return path
    name = hashlib.sha256(f"{path} {channels} {settings.frames_per_film}".encode()).hexdigest()[:8]
    folder = cache / "real" / f"{path.name}-{name}"
    wanted = {
        frames_array(file, folder, count=settings.frames_per_film, channels=channels) for file in _files(path)
    }
    if not wanted:
        raise UsageError(f"{path} holds no pictures, films or reels. Name other real film with --real.")
    for left in set(folder.glob("*.npy")) - wanted:
        left.unlink()  # of a film that has changed since
    return folder


def _files(path: Path) -> list[Path]:
    """Pictures, films, arrays and reels in a folder, at any depth; a file or a reel is itself."""
    path = path.resolve()
    if path.is_file() or is_reel(path):
        return [path]
    found: list[Path] = []
    for entry in sorted(path.iterdir()):
        if entry.is_dir():
            found += _files(entry)
        elif entry.suffix.lower() in PICTURES | VIDEOS | {".npy"}:
            found.append(entry)
    return found


def _digest(split: Split, arrays: Sequence[Path]) -> str:
    lines = [
        f"{part} {file.name} {_size(file)}"
        for part, files in (("train", split.train), ("validation", split.validation), ("real", arrays))
        for file in files
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _size(path: Path) -> int:
    """Bytes of a file, or of what a folder holds."""
    if path.is_dir():
        return sum(file.stat().st_size for file in path.iterdir() if file.is_file())
    return path.stat().st_size


def weights_digest(paths: Iterable[Path]) -> str:
    """SHA-256 over the contents of several files."""
    return hashlib.sha256("".join(file_sha256(path) for path in paths).encode()).hexdigest()
