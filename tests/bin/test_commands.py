"""Every command, on small reels, from the command line to what it leaves behind."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from reelfix.bin.exit_codes import ExitCode
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import Shot

SERIAL = ("--scheduler", "serial")


def test_from_source_to_verified_master(invoke, film: Path, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """A source through ingest, run, status, sheet, export and verify, each on the reel that is here."""
    monkeypatch.chdir(tmp_path)
    result = invoke("ingest", film.name, tmp_path / "missing.mkv")
    assert result.exit_code == ExitCode.BAD_INPUT
    assert "film.reel: 24 frames, 48x32 gray, 18 fps, 2 shots" in result.stdout
    assert "missing.mkv" in result.stderr

    result = invoke("run", "--stages", "deflicker", "--set", "deflicker.strength=0.5", *SERIAL)
    assert (result.exit_code, result.stdout) == (0, "2 tasks done, 0 found done\n")
    assert invoke("run", *SERIAL).stdout == "0 tasks done, 2 found done\n"

    (status,) = json.loads(invoke("status", "--json").stdout)
    assert [shot["stages"][0]["state"] for shot in status["shots"]] == ["done", "done"]
    assert status["stages"] == ["deflicker"]

    assert "index.html (2 sheets, 2 drawn anew)" in invoke("sheet").stdout
    result = invoke("export", "-o", "out.mkv")
    assert result.exit_code == 0
    assert f"{tmp_path / 'out.mkv'}: 24 frames, checked" in result.stdout
    assert (tmp_path / "out.mkv.framemd5").exists()
    assert invoke("export", "-o", "out.mkv").exit_code == ExitCode.FAILED  # nothing is overwritten

    result = invoke("verify")
    assert result.exit_code == 0
    assert "FAILED" not in result.stdout
    assert "out.mkv" in result.stdout

    (tmp_path / "out.mkv").write_bytes(b"not a film")
    result = invoke("verify")
    assert result.exit_code == ExitCode.FAILED
    assert "FAILED film: out.mkv" in result.stdout


def test_a_run_says_what_failed_and_the_next_takes_it_up(invoke, make_tiny_reel, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """One shot's failure stops no other, shows in status with its reason, and is tried again."""
    from reelfix.pipeline.stages.deflicker import Deflicker

    reel = make_tiny_reel()
    whole = Deflicker.open

    def fail_on_second_shot(self: Deflicker, device: object) -> object:
        process = whole(self, device)  # type: ignore[arg-type]

        def spoiled(window):  # type: ignore[no-untyped-def]
            if float(window.frames.mean()) == second:
                raise RuntimeError("the lamp\nwent out")
            return process(window)

        return spoiled

    second = _mean_as_seen(reel, 10, 20)
    monkeypatch.setattr(Deflicker, "open", fail_on_second_shot)
    result = invoke("run", reel, "--stages", "deflicker", *SERIAL)
    assert result.exit_code == ExitCode.FAILED
    assert "1 task done, 0 found done, 1 failed" in result.stdout
    result = invoke("status", reel)
    assert result.exit_code == ExitCode.FAILED
    assert "shot 2, deflicker: RuntimeError: the lamp went out" in result.stdout

    monkeypatch.setattr(Deflicker, "open", whole)
    assert invoke("run", reel, *SERIAL).stdout == "1 task done, 1 found done\n"
    assert invoke("status", reel).exit_code == 0


def _mean_as_seen(reel: Reel, start: int, stop: int) -> float:
    import torch

    codes = reel.store().read(start, stop)["gray"].astype(np.uint16) * np.uint16(257)
    return float((torch.from_numpy(codes).to(torch.float32) / 65535.0).mean())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--stages", "derest"), "no stage 'derest'"),
        (("--set", "deflicker.strenght=1"), "no setting 'strenght'"),
        (("--set", "deflicker.strength=3"), "less than or equal to 1"),
        (("--set", "deflicker"), "not an assignment"),
        (("--preset", "archiv"), "Did you mean 'archive'"),
        (("--shots", "7"), "the reel has shots 1 to 2"),
        (("--gpus", "x"), "not a list of numbers"),
        (("--scheduler", "localhost"), "not an address"),
        (("--workers", "2", "--gpus", "0"), "give one of them"),
    ],
)
def test_wrong_requests_are_refused(invoke, make_tiny_reel, arguments: tuple[str, ...], said: str) -> None:  # type: ignore[no-untyped-def]
    """With exit code 2, and nothing written."""
    reel = make_tiny_reel()
    before = sorted(path.name for path in Path(str(reel.root)).iterdir())
    where = () if "--gpus" in arguments or "--scheduler" in arguments else SERIAL
    result = invoke("run", reel, *arguments, *where)
    assert result.exit_code == ExitCode.USAGE
    assert said in result.output
    after = {path.name for path in Path(str(reel.root)).iterdir()}
    assert after - {".lock"} == set(before)


def test_a_run_of_many_reels_goes_on_past_one_that_is_none(invoke, make_tiny_reel, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Exit code 3, the other done, the events readable by a program."""
    result = invoke(
        "run", make_tiny_reel(), tmp_path / "none.reel", "--stages", "deflicker", "--json", *SERIAL
    )
    assert result.exit_code == ExitCode.BAD_INPUT
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert [event["event"] for event in events if event["event"].startswith("Run")] == [
        "RunStarted",
        "RunReport",
    ]
    report = events[-1]
    assert [entry["shot"] for entry in report["done"]] == [1, 2]
    assert report["refused"][0]["reel"].endswith("none.reel")


def test_shots_are_edited_and_every_edit_recorded(invoke, make_tiny_reel, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Split, merge, export and import by each format; settings and notes stay, decisions say what was."""
    reel = make_tiny_reel()
    reel.write_shots([Shot(1, 0, 10, {"restore": {"strength": 0.5}}, "the fire"), Shot(2, 10, 20)])
    assert invoke("shots", "split", reel, "--at", 4, "--at", 7).stdout == "tiny: 2 shots before, 4 now\n"
    assert [(shot.start, shot.stop) for shot in reel.shots()] == [(0, 4), (4, 7), (7, 10), (10, 20)]
    before = reel.shots()
    for suffix in (".otio", ".edl", ".csv"):
        path = tmp_path / f"cuts{suffix}"
        assert invoke("shots", "export", reel, "-o", path).exit_code == 0
        assert invoke("shots", "export", reel, "-o", path).exit_code == ExitCode.USAGE
        assert invoke("shots", "merge", reel, "--shots", "1-4").exit_code == 0
        assert len(reel.shots()) == 1
        assert invoke("shots", "import", path, reel).exit_code == 0
        assert [(shot.start, shot.stop) for shot in reel.shots()] == [
            (shot.start, shot.stop) for shot in before
        ]
    kinds = [record["what"] for record in reel.decisions()]
    assert kinds == ["shots split", *["shots merge", "shots import"] * 3]
    assert invoke("shots", "merge", reel, "--shots", "1,3").exit_code == ExitCode.USAGE
    assert invoke("shots", "split", reel, "--at", 20).exit_code == ExitCode.USAGE


def test_merge_says_which_settings_are_given_up(invoke, make_tiny_reel) -> None:  # type: ignore[no-untyped-def]
    """The merged shot has the first one's settings, and the others' are named."""
    reel = make_tiny_reel()
    reel.write_shots([Shot(1, 0, 10), Shot(2, 10, 20, {"restore": {"strength": 0.5}})])
    result = invoke("shots", "merge", reel, "--shots", "1-2")
    assert "the settings of shot-0002 [10, 20) are given up: {'restore': {'strength': 0.5}}" in result.stderr
    assert reel.shots() == (Shot(1, 0, 20),)


def test_shots_are_detected_anew_only_with_force(invoke, make_tiny_reel) -> None:  # type: ignore[no-untyped-def]
    """The tiny reel pans on one texture: it is one shot, which replaces the list of two with --force."""
    reel = make_tiny_reel()
    result = invoke("shots", "detect", reel)
    assert result.exit_code == ExitCode.USAGE
    assert "has a list of 2 shots, and 1 were found: --force" in result.stderr
    assert len(reel.shots()) == 2
    assert invoke("shots", "detect", reel, "--force").stdout == "tiny: 2 shots before, 1 now\n"
    assert invoke("shots", "detect", reel).stdout == "tiny: the same 1 shot as before\n"


def test_shots_list(invoke, make_tiny_reel) -> None:  # type: ignore[no-untyped-def]
    """As a table, and as JSON."""
    reel = make_tiny_reel()
    table = [line.split() for line in invoke("shots", "list", reel).stdout.splitlines()]
    assert table[0] == ["tiny:", "2", "shots"]
    assert table[2:] == [["1", "0-9", "10", "0.42"], ["2", "10-19", "10", "0.42"]]
    assert json.loads(invoke("shots", "list", reel, "--json").stdout)["shots"][1] == {
        "shot": 2,
        "start": 10,
        "stop": 20,
    }


def test_clean_removes_what_no_plan_reaches(invoke, make_tiny_reel) -> None:  # type: ignore[no-untyped-def]
    """Products of settings given up go, those of the last run stay."""
    reel = make_tiny_reel()
    for strength in (0.5, 0.7):
        invoke("run", reel, "--stages", "deflicker", "--set", f"deflicker.strength={strength}", *SERIAL)
    assert "tiny: 2 folders" in invoke("clean", reel, "--dry-run").stdout
    assert "were removed" in invoke("clean", reel).stdout
    assert "tiny: 0 folders" in invoke("clean", reel).stdout
    assert invoke("run", reel, *SERIAL).stdout == "0 tasks done, 2 found done\n"


def test_ranges_and_codecs_are_checked(invoke, make_tiny_reel) -> None:  # type: ignore[no-untyped-def]
    """With the rule and the choices."""
    reel = make_tiny_reel()
    assert "write it like 10-50" in invoke("export", reel, "--range", "9-3").output
    result = invoke("export", reel, "--codec", "ffv2")
    assert result.exit_code == ExitCode.USAGE
    assert "there are: ffv1, prores-hq" in " ".join(result.output.split())


def test_presets_are_listed(invoke) -> None:  # type: ignore[no-untyped-def]
    """With their stages; with every setting on request."""
    output = invoke("presets", "--settings").output
    assert "archive: Least intervention" in output
    assert "full: " in output
    assert "deflicker.strength = 1.0 (range: >= 0.0, <= 1.0)" in output


@pytest.mark.parametrize(
    ("text", "rate"),
    [("18", "18"), ("23.976", "24000/1001"), ("24000/1001", "24000/1001"), ("29.97", "30000/1001")],
)
def test_rates(text: str, rate: str) -> None:
    """Broadcast rates are the exact ones."""
    from reelfix.bin.commands.ingest import Rate

    assert str(Rate().convert(text, None, None)) == rate


def test_masks_are_added_listed_and_dropped(invoke, make_tiny_reel, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """A person's masks, from the command line to the decisions."""
    reel = make_tiny_reel()
    picture = tmp_path / "hat.png"
    picture.write_bytes(cv2.imencode(".png", np.full((32, 40), 255, np.uint8))[1].tobytes())
    assert invoke("mask", "add", reel, "--frames", "2-4", "--png", picture, "--as", "scratch").exit_code == 0
    assert invoke("mask", "protect", reel, "--frames", "7", "--png", picture).exit_code == 0
    listed = invoke("mask", "list", reel).stdout.splitlines()
    assert [line.split("  ")[1] for line in listed] == ["scratch, frames 2-4", "protect, frames 7-7"]
    name = listed[0].split()[0]
    assert invoke("mask", "drop", reel, "--name", name).exit_code == 0
    assert len(invoke("mask", "list", reel).stdout.splitlines()) == 1
    assert [entry["what"] for entry in reel.decisions()] == ["mask", "mask", "mask drop"]
    result = invoke("mask", "add", reel, "--frames", "18-20", "--png", picture)
    assert result.exit_code == ExitCode.USAGE
    assert "frames 18-20" in result.stderr
    assert invoke("mask", "add", reel, "--frames", "a-b", "--png", picture).exit_code == ExitCode.USAGE


def test_a_palette_and_a_saturation_from_the_command_line(invoke, make_tiny_reel, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Given, listed, dropped; what cannot be is refused with the value and the reason."""
    reel = make_tiny_reel()
    root = str(reel.root)
    still = tmp_path / "still.png"
    values = np.zeros((8, 9, 3), np.uint8)
    values[..., 2] = 200
    still.write_bytes(cv2.imencode(".png", values)[1].tobytes())
    result = invoke("hint", "palette", root, still, "--shot", "2", "--strength", "0.25")
    assert result.exit_code == 0
    name = result.stdout.split()[2].strip(",")
    assert name.startswith("shot-0002.palette.")
    result = invoke("hint", "saturation", root, "0.4", "--shot", "1")
    assert (result.exit_code, result.stdout) == (0, "tiny: saturation 0.4, shot 1\n")
    listed = invoke("hint", "list", root).stdout
    assert listed == f"shot 1  saturation 0.4\nshot 2  {name}  palette, strength 0.25\n"
    for words, reason in (
        (("palette", root, tmp_path / "none.png", "--shot", "1"), "there is no file"),
        (("palette", root, still, "--shot", "2", "--strength", "2"), "strength of 2 is not allowed"),
        (("saturation", root, "1.5", "--shot", "1"), "saturation of 1.5 is not allowed"),
        (("saturation", root, "much", "--shot", "1"), "'much' is not a number"),
        (("drop", root, "--frame", "3", "--palette"), "say --shot alone"),
        (("drop", root, "--shot", "1", "--palette"), "nothing such is said of shot 1"),
    ):
        result = invoke("hint", *words)
        assert (result.exit_code, reason in result.stderr) == (ExitCode.USAGE, True), words
    assert invoke("hint", "list", root).stdout == listed
    assert (
        invoke("hint", "drop", root, "--shot", "2", "--palette").stdout == f"tiny: palette {name} dropped\n"
    )
    assert invoke("hint", "drop", root, "--shot", "1").stdout == "tiny: saturation 0.4 dropped\n"
    assert invoke("hint", "list", root).stdout == ""
    decided = [entry["what"] for entry in reel.decisions()]
    assert decided == ["hint palette", "hint saturation", "hint drop", "hint drop"]


def test_hints_references_and_scenes_from_the_command_line(invoke, make_tiny_reel, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Added, listed, dropped; what cannot be is refused with the reason; every change is a decision."""
    reel = make_tiny_reel()
    root = str(reel.root)
    result = invoke("hint", "add", root, "--shot", "2", "--frame", "12", "--at", "20,8", "--color", "#7a5230")
    assert (result.exit_code, result.stdout) == (0, "tiny: #7a5230 at 20,8 of frame 12, shot 2\n")
    result = invoke("hint", "add", root, "--shot", "1", "--frame", "12", "--at", "20,8", "--color", "red")
    assert result.exit_code == ExitCode.USAGE
    assert "frame 12 is in shot 2, not in shot 1" in result.stderr
    assert invoke("hint", "add", root, "--frame", "2", "--at", "20", "--color", "red").exit_code == 2
    still = tmp_path / "still.png"
    values = np.zeros((32, 40, 3), np.uint8)
    values[..., 2] = 200
    still.write_bytes(cv2.imencode(".png", values)[1].tobytes())
    result = invoke("reference", "add", root, "--shot", "1", still)
    assert result.exit_code == 0
    name = result.stdout.split()[1].strip(",")
    assert invoke("reference", "add", root, "--frame", "3", tmp_path / "none.png").exit_code != 0
    listed = invoke("hint", "list", root).stdout
    assert listed == f"shot 1  {name}  any picture\nshot 2  frame 12 at 20,8  #7a5230, radius 5\n"
    assert invoke("reference", "list", root).stdout == f"shot 1  {name}  any picture\n"
    assert invoke("reference", "drop", root, "--name", name).exit_code == 0
    assert "dropped" in invoke("hint", "drop", root, "--frame", "12").stdout
    assert invoke("hint", "drop", root, "--frame", "12").exit_code == ExitCode.USAGE
    assert invoke("hint", "list", root).stdout == ""

    assert invoke("scenes", "list", root).stdout == "tiny: 0 scenes, 2 shots alone\n"
    joined = invoke("scenes", "join", root, "--shots", "1,2").stdout
    assert joined == "tiny  scene 1: shots 1, 2; frames 5, 15\ntiny: 1 scenes, 0 shots alone\n"
    assert invoke("scenes", "split", root, "--shots", "2").stdout == "tiny: 0 scenes, 2 shots alone\n"
    assert invoke("scenes", "split", root, "--shots", "2").exit_code == ExitCode.USAGE
    assert "scenes" in invoke("scenes", "detect", root, "--force").stdout
    decided = [entry["what"] for entry in reel.decisions()]
    assert decided == [
        "hint", "reference", "reference drop", "hint drop", "scenes join", "scenes split", "scenes detect",
    ]  # fmt: skip
