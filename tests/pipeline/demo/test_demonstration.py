from pathlib import Path

import av
import pytest

from reelfix.pipeline.demo.demonstration import DemoReport, run_demo
from reelfix.pipeline.demo.reel import DemoFormat
from reelfix.pipeline.errors import UsageError
from reelfix.pipeline.executor import ExecutorOptions

TINY = DemoFormat(width=128, height=96, shot_frames=(7, 5))
SERIAL = ExecutorOptions(scheduler="serial")


def _demo(folder: Path) -> DemoReport:
    return run_demo(folder, executor=SERIAL, film=TINY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def report(folder: Path) -> DemoReport:
    return _demo(folder)


def test_the_restored_film_is_nearer_to_the_truth(report: DemoReport) -> None:
    measures = report.measures
    assert measures.psnr.gain > 0
    assert measures.psnr_damage.gain > 1
    assert measures.flicker.after < 0.5 * measures.flicker.before
    assert measures.flicker_truth.overall < measures.flicker.before
    assert 0 < measures.dirt.f1 <= 1
    assert measures.dirt.damaged > 0
    assert measures.scratch.damaged > 0
    assert 0.2 < measures.damage.f1 <= 1
    assert measures.damage.damaged <= measures.dirt.damaged + measures.scratch.damaged


def test_everything_holds_and_is_where_the_report_says(report: DemoReport) -> None:
    assert report.ok
    assert report.verification.findings
    assert report.run.is_complete
    for path in (
        report.film.source,
        report.film.truth_file,
        report.master,
        report.sheets.page,
        report.example,
    ):
        assert path.exists()
    assert len(report.sheets.pictures) == len(report.reel.shots())
    assert all(picture.exists() for picture in report.sheets.pictures)


def test_the_master_has_every_frame_and_the_sound(report: DemoReport) -> None:
    with av.open(str(report.master)) as container:
        assert sum(1 for _ in container.decode(video=0)) == TINY.frame_count
        assert container.streams.video[0].codec_context.pix_fmt == "gray10le"
    samples = []
    for path in (report.film.source, report.master):
        with av.open(str(path)) as container:
            samples.append([bytes(packet) for packet in container.demux(audio=0)])
    assert samples[0] == samples[1]
    assert len(samples[0]) > 2


def test_a_second_demonstration_takes_over_what_is_there(report: DemoReport, folder: Path) -> None:
    master = Path(str(report.master))
    before = master.stat().st_mtime_ns
    again = _demo(folder)
    assert not again.run.done
    assert again.run.found == len(report.run.done)
    assert again.measures == report.measures
    assert master.stat().st_mtime_ns == before


def test_a_file_that_is_not_the_demos_is_left_alone(tmp_path: Path) -> None:
    film = tmp_path / "demo.mkv"
    film.write_bytes(b"someone's film")
    with pytest.raises(UsageError, match="--force"):
        _demo(tmp_path)
    assert film.read_bytes() == b"someone's film"
