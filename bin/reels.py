"""The reels that a command is about."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def find_reels(named: tuple[str, ...]) -> tuple[str, ...]:
    """Return the reels named, each once; where none is, the one `*.reel` in the working folder."""
    if named:
        return tuple(dict.fromkeys(name.rstrip("/") or name for name in named))
    found = sorted(path.name for path in Path().glob("*.reel"))
    if len(found) == 1:
        return tuple(found)
    if not found:
        raise click.UsageError(
            f"no reel is named, and there is no *.reel in {Path.cwd()}. Name one, or ingest a source."
        )
    raise click.UsageError(
        f"no reel is named, and there are {len(found)} here: {', '.join(found)}. Name those you mean."
    )


def _callback(ctx: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    return () if ctx.resilient_parsing else find_reels(value)


def reels_argument(function: F) -> F:
    """Give a command its `reels`: any number of reel folders or URLs."""
    return click.argument("reels", nargs=-1, metavar="[REEL]...", callback=_callback)(function)


def reel_argument(function: F) -> F:
    """Give a command its `reel`: one reel folder or URL, by default the one here."""

    def callback(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str:
        return "" if ctx.resilient_parsing else find_reels((value,) if value else ())[0]

    return click.argument("reel", required=False, metavar="[REEL]", callback=callback)(function)
