"""`reelfix evaluate`: tables, files, exit codes."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from reelfix.bin.exit_codes import ExitCode


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    ours, truth = tmp_path / "ours", tmp_path / "clean"
    for folder, offset in ((ours, 10), (truth, 0)):
        folder.mkdir()
        for index in range(3):
            picture = np.random.default_rng(index).integers(20, 200, (32, 40)).astype(np.uint8)
            cv2.imwrite(str(folder / f"{index}.png"), picture + np.uint8(offset + index * (offset > 0)))
    return ours, truth


def test_pairs_print_a_table_and_leave_a_document_and_a_grid(invoke, folders, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    out = tmp_path / "out"
    result = invoke("evaluate", "pairs", *folders, "-o", out, "--measures", "psnr,ssim,lpips", "--threads", 1)
    assert result.exit_code == ExitCode.DONE, result.output
    assert "pairs of pictures: all, 3 items" in result.output
    content = json.loads((out / "evaluation.json").read_text())
    value = content["methods"]["ours"]["all"]["figures"]["psnr"]
    assert value["value"] == pytest.approx(np.mean([20 * np.log10(255 / d) for d in (10, 11, 12)]), abs=1e-3)
    assert f"{value['value']:.2f}" in result.output
    assert "lpips is left out" in result.output
    assert "--weights" in result.output
    assert Image.open(out / "grid.png").size[0] > 80


def test_an_evaluation_is_not_overwritten_unless_asked(invoke, folders, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    arguments = ("evaluate", "pairs", *folders, "-o", tmp_path / "out", "--measures", "psnr")
    assert invoke(*arguments).exit_code == ExitCode.DONE
    refused = invoke(*arguments)
    assert refused.exit_code == ExitCode.USAGE
    assert "is there already" in refused.output
    assert invoke(*arguments, "--force").exit_code == ExitCode.DONE


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("pairs", "a"), 2, "two folders at least"),
        (("masters", "a.mkv"), 2, "--truth"),
        (("pairs", "none", "nor"), 3, "no folder with pictures"),
        (("pairs", "none", "nor", "--measures", "sim"), 2, "no measure 'sim'"),
        (("clips", "none"), 3, "has no clips"),
        (("clips", "none", "--eras", "1930s"), 2, "no '1930s'"),
        (("photos", "none", "--rows", "best"), 2, "no row 'best'"),
        (("photos", "none", "--cases", "best"), 2, "no case 'best'"),
        (("photos", "none", "--device", "gpu"), 2, "no device"),
        (("photos", "none", "--device", "cuda:99"), 2, "GPUs here"),
        (("colour", "none"), 3, "has no clips"),
        (("colour-stills", "none"), 3, "no folder with pictures"),
        (("colour-stills", "none", "--part", "some"), 2, "--part"),
        (("pristine", "none", "-o", "model.json"), 3, "no folder with pictures"),
    ],
)
def test_what_cannot_be_is_said_with_its_code(  # type: ignore[no-untyped-def]
    invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke("evaluate", *arguments)
    assert result.exit_code == code, result.output
    assert said in result.output


def test_programs_get_events_and_the_paths_apart(invoke, folders, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    arguments = ("-o", tmp_path / "out", "--measures", "psnr", "--grid", 0, "--json")
    result = invoke("evaluate", "pairs", *folders, *arguments)
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["done"] for event in events] == [1, 2, 3]
    assert result.stderr.strip() == str(tmp_path / "out" / "evaluation.json")
    assert not (tmp_path / "out" / "grid.png").exists()


def test_a_method_that_is_not_there_to_compare_with_is_told(invoke, folders, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    result = invoke(
        "evaluate", "pairs", *folders, "-o", tmp_path / "out", "--measures", "psnr", "--base", "theirs"
    )
    assert result.exit_code == ExitCode.DONE
    assert "there is no 'theirs' to compare with; there are: truth, ours" in result.output


def test_colour_stills_print_a_table_and_say_what_is_missing(invoke, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    for index in range(2):
        soft = cv2.GaussianBlur(np.random.default_rng(index).random((40, 48, 3)), (0, 0), 4)
        cv2.imwrite(str(tmp_path / f"{index}.png"), (40 + 170 * (soft - soft.min()) / np.ptp(soft)))
    out = tmp_path / "out"
    options = (
        "--part",
        "all",
        "--rows",
        "gray,sepia,net",
        "--model",
        "no-such-net",
        "--measures",
        "ab,colorful",
    )
    result = invoke("evaluate", "colour-stills", tmp_path, "-o", out, "--threads", 1, *options)
    assert result.exit_code == ExitCode.DONE, result.output
    assert "stills coloured again: all, 2 items" in result.output
    assert "model no-such-net is left out" in result.output
    figures = json.loads((out / "evaluation.json").read_text())["methods"]
    assert set(figures) == {"truth", "gray", "sepia"}
    assert figures["gray"]["all"]["figures"]["colorful"]["value"] == 0
    assert 15 < figures["sepia"]["all"]["figures"]["colorful"]["value"] < 25
    assert f"{figures['sepia']['all']['figures']['ab']['value']:.2f}" in result.output
