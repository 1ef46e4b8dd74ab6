"""The stock ffmpeg: where it is, and how it is run and listened to."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from threading import Thread
from typing import Any

import ffmpeg

from reelfix.io.errors import SourceError

_TAIL_LINES = 12


@cache
def ffmpeg_binary() -> str:
    """Return the ffmpeg on PATH, else the one that `imageio-ffmpeg` brings; else raises SourceError."""
    found = shutil.which("ffmpeg")
    if found:
        return found
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise SourceError(
            "there is no ffmpeg on PATH, and imageio-ffmpeg brings none for this machine. Install ffmpeg."
        ) from error


@cache
def ffmpeg_version() -> str:
    """Return the binary's own version, as it states it."""
    done = subprocess.run([ffmpeg_binary(), "-version"], capture_output=True, text=True, check=False)
    words = done.stdout.split()
    return words[2] if len(words) > 2 else "unknown"


def describe(url: str, options: Mapping[str, str]) -> str:
    """Return what `ffmpeg -v verbose -i` reports of an input: streams with all their tags."""
    command = [ffmpeg_binary(), "-hide_banner", "-nostdin", "-v", "verbose"]
    for name, value in options.items():
        command += [f"-{name}", value]
    done = subprocess.run([*command, "-i", url], capture_output=True, check=False)
    return done.stderr.decode("utf-8", "replace")


def error_lines(report: str) -> tuple[str, ...]:
    """Return the lines of an ffmpeg run's stderr that say what went wrong, the most telling last."""
    lines = [line.strip() for line in report.splitlines() if line.strip()]
    return tuple(lines[-_TAIL_LINES:])


class RunningFfmpeg:
    """A started ffmpeg: its standard output, and what it said on stderr."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self._report: list[bytes] = []
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        # stderr is read as it comes: a full pipe would stop ffmpeg.
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._report.append(line)
            del self._report[: -16 * _TAIL_LINES]

    def lines(self) -> Iterator[str]:
        """Yield the lines of its standard output."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            yield line.decode("utf-8", "replace").rstrip("\n")

    def finish(self) -> str:
        """Wait for it to end; return what it said. Raises SourceError where it failed."""
        status = self.process.wait()
        self._listener.join()
        report = b"".join(self._report).decode("utf-8", "replace")
        if status != 0:
            raise SourceError(
                f"ffmpeg ended with status {status}: {' | '.join(error_lines(report)) or 'no reason given'}"
            )
        return report


@contextmanager
def run_ffmpeg(
    url: str,
    input_options: Mapping[str, str | None],
    output: str,
    output_options: Mapping[str, Any],
    *,
    level: str = "warning",
) -> Iterator[RunningFfmpeg]:
    """Start the stock ffmpeg on an input, with one output (`pipe:` for standard output); killed on leaving.

    An option without a value has None for it. `level`: ffmpeg's own, of what it says on stderr.
    """
    graph = ffmpeg.input(url, **input_options).output(output, **output_options)
    command = graph.global_args("-hide_banner", "-nostdin", "-v", level, "-nostats").compile(
        cmd=ffmpeg_binary()
    )
    with started_ffmpeg(command) as running:
        yield running


@contextmanager
def started_ffmpeg(command: Sequence[str]) -> Iterator[RunningFfmpeg]:
    """Start a whole ffmpeg command; killed on leaving."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_plain_environment(),
    )
    running = RunningFfmpeg(process)
    try:
        yield running
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _plain_environment() -> dict[str, str]:
    """Without AV_LOG_FORCE_COLOR and the like: what ffmpeg says is parsed."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AV_LOG")},
        "LC_ALL": "C",
    }
