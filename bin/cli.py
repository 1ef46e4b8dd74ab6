"""The command `reelfix`: finds the subcommand, and turns what it raises into an exit code."""

import difflib
import errno
from importlib import import_module
from typing import Any

import click

from reelfix.bin.errors import Interruption, report
from reelfix.bin.exit_codes import ExitCode
from reelfix.bin.signals import stopping_cleanly
from reelfix.pipeline.errors import Interrupted

_COMMANDS = (
    "ingest",
    "run",
    "status",
    "shots",
    "mask",
    "hint",
    "reference",
    "scenes",
    "sheet",
    "grain",
    "export",
    "verify",
    "clean",
    "evaluate",
    "presets",
    "models",
    "train",
    "demo",
)
"""In the order of a reel's life; each is `command` in `reelfix.bin.commands.<name>`."""


class ReelfixGroup(click.Group):
    """Loads a subcommand when it is called for, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the subcommands."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a subcommand; None for a name there is not."""
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = import_module(f"reelfix.bin.commands.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand; a name there is not is answered with the nearest one."""
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in _COMMANDS:
            close = difflib.get_close_matches(name, _COMMANDS, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"There are: {', '.join(_COMMANDS)}."
            raise click.UsageError(f"there is no command {name!r}. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the words of the command line, to say how to go on after an interruption."""
        ctx.meta["reelfix.arguments"] = list(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand; exit with what it returns, or with what its exception means."""
        interruption = Interruption(ctx.meta["reelfix.arguments"])
        try:
            with stopping_cleanly(interruption.say):
                code = super().invoke(ctx)
        except (KeyboardInterrupt, Interrupted):
            interruption.say()
            code = ExitCode.INTERRUPTED
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except OSError as error:
            if error.errno == errno.EPIPE:  # the reader of our output has gone: Click ends quietly
                raise
            code = report(error)
        except Exception as error:  # noqa: BLE001 - the outermost frame: nothing above it could tell the user
            code = report(error)
        ctx.exit(int(code) if isinstance(code, ExitCode) else 0)


@click.group(
    cls=ReelfixGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="reelfix")
def main() -> None:
    """Restore scanned archive film in batch.

    A reel is ingested without loss, cut into shots, run through restoration stages that can be stopped and
    taken up again at any moment, and exported as a verified master. The source is never written to.

    \b
      reelfix ingest reel01.mkv
      reelfix run --stages deflicker,detect,restore
      reelfix sheet
      reelfix export -o reel01.restored.mkv --codec ffv1

    Where no reel is named, the one *.reel in the working folder is meant. Exit codes: 0 all done, 1 some
    shots failed, 2 wrong usage, 3 bad input, 130 interrupted.
    """  # noqa: D301 - Click's mark of a paragraph that is left as it is
