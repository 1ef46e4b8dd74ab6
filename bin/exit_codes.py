"""What the process's exit status means."""

from collections.abc import Iterable
from enum import IntEnum


class ExitCode(IntEnum):
    """From best to worst: of several reels' results, the largest is the command's."""

    DONE = 0
    """All that was asked for is done."""
    FAILED = 1
    """Some shots, checks or masters failed; what can be taken up again says so."""
    USAGE = 2
    """The command line asks for something that cannot be."""
    BAD_INPUT = 3
    """A source, a reel or a place to write cannot be used as it is."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C or SIGTERM; what was committed stays."""


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the worst of the codes; DONE for none."""
    return max(codes, default=ExitCode.DONE)
