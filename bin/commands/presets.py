"""`reelfix presets`: what `--preset`, `--stages` and `--set` know."""

import click


@click.command("presets")
@click.option("--settings", is_flag=True, help="List every setting of every stage too, with its default.")
def command(settings: bool) -> None:
    """List the presets, with their stages and settings."""
    from reelfix.pipeline.settings import load_preset, preset_names

    for name in preset_names():
        preset = load_preset(name)
        click.echo(f"{name}: {preset.description}")
        click.echo(f"  stages: {', '.join(preset.stages)}")
        for stage, values in preset.settings.items():
            for key, value in values.items():
                click.echo(f"  {stage}.{key} = {value}")
    if settings:
        _list_settings()


def _list_settings() -> None:
    from reelfix.pipeline.settings import range_of
    from reelfix.pipeline.stages.table import STAGES, stage_type

    click.echo("settings:")
    for stage in STAGES:
        kind = stage_type(stage).settings_type
        for key, field in kind.model_fields.items():
            click.echo(f"  {stage}.{key} = {field.default}{range_of(kind, key)}")
