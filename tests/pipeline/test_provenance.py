"""Sidecars say what a master is and where it comes from, and a master is verified against them."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelfix.io.ffmpeg import ffmpeg_binary
from reelfix.pipeline import export_job
from reelfix.pipeline.commit import ShotCommit
from reelfix.pipeline.events import silent
from reelfix.pipeline.export import ExportRequest, Master, export
from reelfix.pipeline.ingest import IngestOptions, ingest
from reelfix.pipeline.outcome import ShotOutcome, StageOutcome
from reelfix.pipeline.plan import Input, Task
from reelfix.pipeline.provenance import EDITED_BY_MODEL
from reelfix.pipeline.reel import Reel
from reelfix.pipeline.shots import Shot
from reelfix.pipeline.stage import Process, Stage, StageSettings
from reelfix.pipeline.verify_master import verify_master
from reelfix.restoration.models.weights import sha256_of
from reelfix.restoration.net_record import net_record


@pytest.fixture
def reel(tmp_path: Path) -> Reel:
    """Six frames of gray noise."""
    source = tmp_path / "a.mkv"
    picture = "testsrc2=size=24x16:rate=18,noise=alls=40:allf=t:all_seed=3"
    command = [ffmpeg_binary(), "-v", "error", "-f", "lavfi", "-i", picture, "-frames:v", "6"]
    subprocess.run([*command, "-c:v", "ffv1", "-pix_fmt", "gray", str(source)], check=True)
    return ingest(source, tmp_path / "a.reel", IngestOptions(verify=False, detect_shots=False), silent)


def sidecar(master: Master, suffix: str) -> Path:
    return Path(f"{master.path}.{suffix}")


def told(master: Master) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(sidecar(master, "provenance.json").read_text())
    return content


def test_sidecars_of_a_file(reel: Reel) -> None:
    master = export(reel, ExportRequest())
    assert {path.name for path in master.sidecars} == {
        f"a.ffv1.mkv.{suffix}" for suffix in ("framemd5", "sha256", "provenance.json")
    }
    sha256 = hashlib.sha256(Path(str(master.path)).read_bytes()).hexdigest()
    assert sidecar(master, "sha256").read_text() == f"{sha256}  a.ffv1.mkv\n"
    content = told(master)
    assert content["master"]["sha256"] == sha256
    assert content["source"]["sha256"] == reel.info.sha256
    assert content["master"]["encoder_options"]["slicecrc"] == "1"
    assert content["master"]["equals_what_was_meant"] is True
    assert content["shots"] == [
        {
            "shot": 1,
            "frames": [0, 6],
            "of": [0, 6],
            "note": "",
            "restored": False,
            "stages": [],
            "user_masks": [],
        }
    ]
    assert "digitalSourceType" not in content
    assert {"python", "ffmpeg", "av", "libavcodec", "numpy"} <= set(content["tools"])
    # The framemd5 is the one that anyone's ffmpeg gives, asked as it says itself.
    ours = sidecar(master, "framemd5").read_text()
    (asked,) = [line for line in ours.splitlines() if line.startswith("#command: ffmpeg ")]
    words = asked.removeprefix("#command: ffmpeg ").replace("MASTER", str(master.path)).split()
    theirs = subprocess.run(
        [ffmpeg_binary(), "-v", "error", *words], capture_output=True, text=True, check=True
    )
    assert [line for line in ours.splitlines() if line != asked] == theirs.stdout.splitlines()


class Learned(Stage[StageSettings]):
    """A stage with weights."""

    name = "restore"
    version = 3
    reads = ("frames",)
    makes = ("frames",)
    models = ("dirt",)  # type: ignore[assignment]

    def open(self, device: object) -> Process:
        raise NotImplementedError


def test_a_model_that_touched_pixels_is_named(reel: Reel, monkeypatch: pytest.MonkeyPatch) -> None:
    shot = Shot(1, 0, 6)
    task = Task("restore", shot, "k" * 64, {"strength": 0.5}, (Input("frames", "source", "s"),), reel.clip)
    commit = ShotCommit("restore", task.key, 0, 6, {}, {}, [], [], 1.0, "cpu", {"torch": "2"})
    monkeypatch.setattr(Task, "make_stage", lambda task: Learned(StageSettings(), task.clip))
    monkeypatch.setattr(ShotOutcome, "read", lambda self, start, stop: (np.zeros(1), np.zeros(1)))
    monkeypatch.setattr("reelfix.pipeline.pixels.PixelMap.apply_change", lambda self, planes, *codes: planes)
    outcome = ShotOutcome(reel, shot, (StageOutcome(task, commit, None),))
    monkeypatch.setattr(export_job, "outcome_of", lambda *_: outcome)
    content = told(export(reel, ExportRequest()))
    assert content["digitalSourceType"] == EDITED_BY_MODEL
    (stage,) = content["shots"][0]["stages"]
    assert stage == {
        "stage": "restore",
        "version": 3,
        "settings": {"strength": 0.5},
        "weights": [sha256_of("dirt")],
        "models": [net_record("dirt")],
        "learned_pixels": True,
        "key": "k" * 64,
        "inputs": {"frames": "s"},
        "made_on": "cpu",
        "made_with": {"torch": "2"},
    }


@pytest.mark.parametrize("codec", ["ffv1", "prores-proxy", "dpx"])
def test_a_whole_master_verifies(reel: Reel, codec: str) -> None:
    master = export(reel, ExportRequest(codec=codec))
    findings = verify_master(reel, master.path, silent)
    assert all(finding.ok for finding in findings), findings
    messages = " ".join(finding.message for finding in findings)
    assert "SHA-256" in messages
    assert "6 frames decode to the framemd5" in messages
    assert ("6 frames that no stage changed are the source's own" in messages) == (codec != "prores-proxy")


def test_a_damaged_master_does_not(reel: Reel) -> None:
    master = export(reel, ExportRequest())
    path = Path(str(master.path))
    whole = path.read_bytes()
    damaged = bytearray(whole)
    damaged[len(whole) * 2 // 3] ^= 0xFF
    path.write_bytes(damaged)
    found = [finding.message for finding in verify_master(reel, path, silent) if not finding.ok]
    assert any("has SHA-256" in message for message in found)
    assert any("frame 3 decodes to" in message or "frame 4 decodes to" in message for message in found), found
    path.write_bytes(whole)
    lines = sidecar(master, "framemd5").read_text().splitlines()
    sidecar(master, "framemd5").write_text("\n".join(lines[:-1]) + "\n")
    (wrong,) = [finding for finding in verify_master(reel, path, silent) if not finding.ok]
    assert "has 6 frames, must have 5" in wrong.message
    sidecar(master, "provenance.json").unlink()
    (wrong,) = verify_master(reel, path, silent)
    assert "no provenance" in wrong.message
    (wrong,) = verify_master(reel, path.with_name("none.mkv"), silent)
    assert not wrong.ok


def test_pictures_lost_or_added_are_found(reel: Reel) -> None:
    master = export(reel, ExportRequest(codec="png"))
    folder = Path(str(master.path))
    (folder / "extra.png").write_bytes(b"x")
    assert any("extra.png is no part" in finding.message for finding in verify_master(reel, folder, silent))
    (folder / "extra.png").unlink()
    (folder / "a.0000002.png").unlink()
    found = [finding.message for finding in verify_master(reel, folder, silent) if not finding.ok]
    assert any("a.0000002.png has SHA-256 no file" in message for message in found)


def test_without_check_there_is_no_framemd5(reel: Reel) -> None:
    master = export(reel, ExportRequest(check=False))
    assert not sidecar(master, "framemd5").exists()
    assert told(master)["master"]["decoded_again"] is False
    findings = verify_master(reel, master.path, silent)
    assert all(finding.ok for finding in findings)
    assert any("without being decoded" in finding.message for finding in findings)
