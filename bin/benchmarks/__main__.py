"""`python -m reelfix.bin.benchmarks NAME`: gathers the measurements that lie beside this file."""

import pkgutil
from importlib import import_module

import click

import reelfix.bin.benchmarks


def benchmark_names() -> list[str]:
    """Name every module beside this one."""
    found = (module.name for module in pkgutil.iter_modules(reelfix.bin.benchmarks.__path__))
    return sorted(name for name in found if not name.startswith("_"))


class BenchmarkGroup(click.Group):
    """Loads a measurement when it is called for; each is `command` in its module."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the measurements."""
        return benchmark_names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a measurement; None for a name there is not."""
        if cmd_name not in benchmark_names():
            return None
        command: click.Command | None = getattr(
            import_module(f"reelfix.bin.benchmarks.{cmd_name}"), "command", None
        )
        return command


@click.group(cls=BenchmarkGroup, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Measure reelfix on this machine."""


if __name__ == "__main__":
    main(prog_name="bin/bench")
