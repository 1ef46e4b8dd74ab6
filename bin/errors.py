"""The one place where exceptions become a message on the screen and an exit code."""

import errno
import shlex
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from reelfix.bin.exit_codes import ExitCode
from reelfix.io.errors import DeliveryError, SourceError, SpaceError, StoreError
from reelfix.pipeline.errors import Interrupted, ReelError, UsageError
from reelfix.restoration.models.errors import ModelError, UnknownModelError
from reelfix.restoration.training.errors import TrainingDataError, TrainingError, TrainingFailed

_CODES: dict[type[Exception], ExitCode] = {
    UsageError: ExitCode.USAGE,
    UnknownModelError: ExitCode.USAGE,  # before ModelError, which it is one of
    ModelError: ExitCode.BAD_INPUT,
    SourceError: ExitCode.BAD_INPUT,
    StoreError: ExitCode.BAD_INPUT,
    SpaceError: ExitCode.BAD_INPUT,
    ReelError: ExitCode.BAD_INPUT,
    DeliveryError: ExitCode.FAILED,
    TrainingDataError: ExitCode.BAD_INPUT,
    TrainingFailed: ExitCode.FAILED,
    TrainingError: ExitCode.USAGE,
}
_REMEDIES = {
    errno.ENOSPC: "Make room there, then give the same command again.",
    errno.EDQUOT: "Make room there, then give the same command again.",
    errno.EACCES: "Check its permissions.",
    errno.EPERM: "Check its permissions.",
    errno.EROFS: "Name a folder that can be written to.",
    errno.ENOENT: "Check the spelling, and that the disk is mounted.",
}


def report(error: Exception, reel: str | None = None) -> ExitCode:
    """Say on stderr what went wrong, and return what to exit with; `reel`: the folder it went wrong on."""
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            _say(str(error), reel)
            return code
    if isinstance(error, OSError) and error.errno is not None:
        remedy = _REMEDIES.get(error.errno, "Check the path and its disk.")
        place = f"{error.filename}: " if error.filename else ""
        _say(f"{place}{error.strerror or type(error).__name__}. {remedy}", reel)
        return ExitCode.BAD_INPUT
    log = write_log(error, reel)
    summary = " ".join(str(error).split())[:200]
    _say(f"unexpected {type(error).__name__}: {summary} (the traceback is in {log})", reel)
    return ExitCode.FAILED


def write_log(error: Exception, reel: str | None) -> str:
    """Append the traceback to `<reel>/log.txt`, or to a temporary file; return which."""
    text = "".join(traceback.format_exception(error))
    entry = f"--- {datetime.now(UTC).isoformat(timespec='seconds')}\n{text}\n"
    # Never into what may be a source's folder.
    if reel is not None and (Path(reel) / "reel.json").exists():
        path = Path(reel) / "log.txt"
        try:
            with path.open("a", encoding="utf-8") as file:
                file.write(entry)
        except OSError:
            pass  # the reel cannot be written to: the temporary file below takes it
        else:
            return str(path)
    with tempfile.NamedTemporaryFile(
        "w", prefix="reelfix-", suffix=".log", delete=False, encoding="utf-8"
    ) as temporary:
        temporary.write(entry)
    return temporary.name


class Interruption:
    """What is said, once, after Ctrl-C or SIGTERM: how to go on."""

    def __init__(self, arguments: list[str]) -> None:
        self._again = shlex.join(["reelfix", *arguments])
        self._is_said = False

    def say(self) -> None:
        """Say it, unless it was said."""
        if not self._is_said:
            self._is_said = True
            _say(
                f"stopped. What was done is kept; to go on, give the same command again: {self._again}", None
            )


@contextmanager
def contained(codes: list[ExitCode], reel: str) -> Iterator[None]:
    """Keep what goes wrong on one reel from the others: report it, and note its code in `codes`."""
    try:
        yield
    except (Interrupted, click.ClickException, click.exceptions.Exit):
        raise
    except Exception as error:  # noqa: BLE001 - every other reel goes on
        codes.append(report(error, reel))


def on_each(reels: tuple[str, ...], work: Callable[[str], ExitCode | None]) -> list[ExitCode]:
    """Do `work` on one reel after the other; one that fails stops no other."""
    codes: list[ExitCode] = []
    for reel in reels:
        with contained(codes, reel):
            codes.append(work(reel) or ExitCode.DONE)
    return codes


def _say(message: str, reel: str | None) -> None:
    where = f"{reel}: " if reel is not None and str(reel) not in message else ""
    click.echo(f"reelfix: {where}{message}", err=True)
