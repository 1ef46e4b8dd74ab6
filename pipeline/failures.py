"""Failures: a shot that failed, with its traceback, kept beside where its products would be."""

from dataclasses import asdict, dataclass

from upath import UPath

from reelfix.io.documents import read_json, write_json


@dataclass(frozen=True)
class Failure:
    """Why a stage failed on a shot."""

    error: str
    """One line: the exception's type and message."""
    traceback: str
    when: str
    host: str


def record_failure(folder: UPath, failure: Failure) -> None:
    """Keep the failure in the products' folder."""
    write_json(folder / "failure.json", asdict(failure))


def read_failure(folder: UPath) -> Failure | None:
    """Return the last failure in the products' folder; None where there was none since it last went well."""
    try:
        return Failure(**read_json(folder / "failure.json"))
    except FileNotFoundError:
        return None


def clear_failure(folder: UPath) -> None:
    """Forget the failure."""
    (folder / "failure.json").unlink(missing_ok=True)
