"""`reelfix models`, on what is shipped and on folders of its own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from reelfix.bin.exit_codes import ExitCode
from reelfix.restoration.colour.eccv16 import Eccv16
from reelfix.restoration.colour.published import eccv16_names
from reelfix.restoration.models.weights import weights_folder
from reelfix.restoration.training.step_table import StepTable
from reelfix.restoration.triplet.compact import CompactNets, CompactShape


def copied(tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    folder.mkdir()
    for suffix in ("json", "md"):
        shutil.copy(weights_folder() / f"dirt.{suffix}", folder)
    return folder


def test_the_list_names_what_is_shipped(invoke) -> None:  # type: ignore[no-untyped-def]
    result = invoke("models")
    assert result.exit_code == ExitCode.DONE
    (line,) = (line for line in result.stdout.splitlines() if line.startswith("dirt "))
    assert line.split() == ["dirt", "dirt-judge", "3,450", "27.0", "KiB", "b80ee9bc3c82", "ok"]
    entries = json.loads(invoke("models", "--json").stdout)
    assert {"dirt", "hairs", "scratch"} <= {entry["name"] for entry in entries}


def test_an_altered_file_fails_the_check(invoke, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = copied(tmp_path)
    result = invoke("models", "check", "--folder", folder)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (ExitCode.DONE, "1 model, 27.0 KiB")
    content = bytearray((folder / "dirt.json").read_bytes())
    content[100] ^= 1
    (folder / "dirt.json").write_bytes(content)
    result = invoke("models", "check", "--folder", folder)
    assert result.exit_code == ExitCode.FAILED
    assert "FAILED dirt" in result.stdout
    assert "b80ee9bc3c82" in result.stdout
    assert invoke("models", "--folder", folder).exit_code == ExitCode.FAILED
    result = invoke("models", "show", "dirt", "--folder", folder)
    assert result.exit_code == ExitCode.BAD_INPUT
    assert "the file was altered" in result.stderr


def test_a_file_without_a_card_fails_the_check(invoke, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = copied(tmp_path)
    (folder / "loose.safetensors").write_bytes(b"")
    result = invoke("models", "check", "--folder", folder)
    assert result.exit_code == ExitCode.FAILED
    assert "loose.safetensors: there is no card of it" in result.stdout


def test_a_card_is_shown_and_a_wrong_name_answered(invoke) -> None:  # type: ignore[no-untyped-def]
    result = invoke("models", "show", "hairs")
    assert result.exit_code == ExitCode.DONE
    assert "architecture  hair-judge" in result.stdout
    assert "SAM 2, Apache-2.0" in result.stdout
    result = invoke("models", "show", "hair")
    assert result.exit_code == ExitCode.USAGE
    assert "Did you mean 'hairs'?" in result.stderr


def test_a_card_is_made_of_a_run(invoke, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run = tmp_path / "run"
    run.mkdir()
    (run / "settings.toml").write_text('recipe_name = "compact-mapping"\n[training]\nseed = 3\n')
    StepTable(run / "losses.csv", 0).append(10, {"l1": 0.5})
    net = CompactNets(CompactShape(latent=4, width=4, blocks=2, coarse=4, coarse_blocks=1))
    save_file(net.state_dict(), run / "compact-mapping.safetensors")
    result = invoke("models", "card", run, "--name", "own", "--summary", "tells")
    assert result.stdout.startswith('+++\nname = "own"\nsummary = "tells"\n')
    assert "| l1 | 0.5 | 0.5 |" in result.stdout
    folder = tmp_path / "weights"
    words = ("--recipe", "reelfix train mapping", "--data", "clips", "CC0", "all", "--limit", "faces")
    result = invoke("models", "card", run, "--name", "own", "-o", folder, *words)
    assert result.exit_code == ExitCode.DONE
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == ["summary", "licence"]
    invoke("models", "card", run, "--name", "own", "-o", folder, "--summary", "tells", "--licence", "CC0")
    result = invoke("models", "check", "--folder", folder)
    assert (result.exit_code, "ok     own" in result.stdout) == (ExitCode.DONE, True)
    result = invoke("models", "card", tmp_path, "--name", "own")
    assert (result.exit_code, "no folder of a training run" in result.stderr) == (ExitCode.BAD_INPUT, True)


def test_a_release_is_made_into_a_file_of_ours(invoke, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    net = Eccv16(1)
    names = eccv16_names()
    theirs = {
        f"{names[layer]}.{kind}": tensor
        for name, tensor in net.state_dict().items()
        for layer, _, kind in [name.rpartition(".")]
        if layer in names
    }
    theirs["model_out.weight"] = net.bins.T[..., None, None] / 110
    torch.save(theirs, tmp_path / "release.pth")
    result = invoke("models", "convert", tmp_path / "release.pth", "-o", tmp_path / "net.safetensors")
    assert result.exit_code == ExitCode.DONE
    assert result.stdout.endswith("net.safetensors: colour-eccv16, 10,337 parameters\n")
    assert torch.allclose(load_file(tmp_path / "net.safetensors")["bins"], net.bins, atol=1e-4)
    again = invoke("models", "convert", tmp_path / "release.pth", "-o", tmp_path / "net.safetensors")
    assert again.exit_code == ExitCode.USAGE
    (tmp_path / "text.pth").write_text("no weights")
    other = invoke("models", "convert", tmp_path / "text.pth", "-o", tmp_path / "other.safetensors")
    assert other.exit_code == ExitCode.BAD_INPUT


def test_listing_and_help_load_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from reelfix.bin.cli import main\n"
        "for words in (['--help'], ['models', '--help'], ['models'], ['models', 'check']):\n"
        "    CliRunner().invoke(main, words)\n"
        "assert not {'torch', 'cv2', 'spandrel'} & set(sys.modules), 'heavy'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
