"""`reelfix grain`: what grain the shots have."""

import click

from reelfix.bin.errors import on_each
from reelfix.bin.exit_codes import ExitCode, worst
from reelfix.bin.reels import reels_argument


@click.command("grain")
@reels_argument
@click.option("--shots", metavar="3,7-9", help="Measure these shots alone.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON on stdout.")
def command(reels: tuple[str, ...], shots: str | None, as_json: bool) -> ExitCode:
    """Report the grain of each REEL's shots: as it came, as restored, and with grain given back.

    Deviation in code values of 255, in all and in the darks, the middle and the lights; how far the given
    grain's spectrum differs in shape from the source's, in dB; and how much of what restoration took stays
    from frame to frame (0 for grain). The reel's sheets/ folder gets grain.json, and a picture of the
    deviation by tone and the spectra of every shot. The stage grain must have run.
    """
    import json

    from reelfix.bin.tables import make_console, make_table
    from reelfix.pipeline.grain_report import make_grain_report
    from reelfix.pipeline.reel import Reel

    def report(name: str) -> None:
        made = make_grain_report(Reel.open(name), shots=shots)
        if as_json:
            click.echo(json.dumps({"reel": name, "shots": [grain.content() for grain in made.shots]}))
            return
        table = make_table(["shot", "state", "deviation", "darks", "middle", "lights", "shape dB", "stays"])
        for grain in made.shots:
            states = (("source", grain.source), ("restored", grain.restored), ("given back", grain.given))
            for words, state in states:
                is_last = state is grain.given
                table.add_row(
                    grain.name if state is grain.source else "",
                    words,
                    *(f"{value:.2f}" for value in (state.deviation, *state.thirds)),
                    f"{grain.difference:.2f}" if is_last else "",
                    f"{grain.repeating:.2f}" if state is grain.restored else "",
                )
        make_console().print(table)
        for shot in made.unmeasured:
            click.echo(f"{shot}: its grain cannot be told.")
        click.echo(made.document)

    return worst(on_each(reels, report))
