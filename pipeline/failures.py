"""Failures: a shot that failed, with its traceback, kept beside where its products would be."""

import socket
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

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


def note_failure(folder: UPath, error: str, trace: str) -> None:
    """Keep a failure of now, on this host, in the products' folder.

    Where it cannot be written (a full disk fails the shot and its record alike), the run's report has it.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with suppress(OSError):
        record_failure(folder, Failure(error, trace, now, socket.gethostname()))


def read_failure(folder: UPath) -> Failure | None:
    """Return the last failure in the products' folder; None where there was none since it last went well."""
    try:
        return Failure(**read_json(folder / "failure.json"))
    except FileNotFoundError:
        return None


def clear_failure(folder: UPath) -> None:
    """Forget the failure."""
    (folder / "failure.json").unlink(missing_ok=True)
