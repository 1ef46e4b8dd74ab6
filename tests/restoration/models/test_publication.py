import io
from pathlib import Path

import pytest
import tomli_w
import torch
from PIL import Image
from safetensors.torch import save_file

from reelfix.restoration.models.card import read_card
from reelfix.restoration.models.descriptor import describe
from reelfix.restoration.models.errors import ModelError
from reelfix.restoration.models.publication import prepare
from reelfix.restoration.models.weights import load_weights, sha256_of
from reelfix.restoration.training.step_table import StepTable
from reelfix.restoration.triplet.compact import CompactNets, CompactShape

SHAPE = CompactShape(latent=8, width=12, blocks=2, coarse=8, coarse_blocks=1)


def make_run(folder: Path, name: str, *, seed: int = 5, finished: bool = True) -> Path:
    """Leave what the trainer leaves: settings, tables, weights."""
    folder.mkdir()
    settings = {
        "recipe_name": name,
        "training": {"seed": seed, "steps": 200},
        "source": {"batch_size": 6, "of": {"a": [1, "/home/me/a.st"]}},
    }
    (folder / "settings.toml").write_text(tomli_w.dumps(settings))
    losses, validation = StepTable(folder / "losses.csv", 0), StepTable(folder / "validation.csv", 0)
    for step in range(10, 210, 10):
        losses.append(step, {"rate": 1.0, "step_seconds": 18.0, "utilisation": None, "l1": 1 / step})
        if step % 100 == 0:
            validation.append(step, {"psnr": 20 + step / 30})
    if finished:
        torch.manual_seed(seed)
        state = CompactNets(SHAPE).state_dict()
        save_file(state, folder / f"{name}.safetensors", {"b": "1", "a": "2"})
    return folder


def test_a_card_is_filled_from_its_runs(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / "a", "compact-domain-a"), make_run(tmp_path / "m", "compact-mapping", seed=7)]
    made = prepare(runs, "own", said={"summary": "tells", "limits": ("faces",)})
    head = made.card.head
    assert (head.name, head.architecture, head.seed, head.bytes) == (
        "own",
        "triplet-compact",
        7,
        len(made.weights),
    )
    assert head.metrics == {"compact-domain-a": {"psnr": 26.67}, "compact-mapping": {"psnr": 26.67}}
    assert head.gaps() == ["licence", "recipe", "data"]
    text = made.card.text
    assert "200 steps in 1.0 h, seed 7." in text
    assert "| l1 | 0.1 | 0.006688 |" in text  # the mean of 1 / step over 110, ..., 200
    assert "| 100 | 23.33 |" in text
    assert "rate" not in text.replace("generated", "").split("| loss")[1].split("validation")[0]
    assert "- source: `batch_size = 6`\n- source.of: `a = [1, 'a.st']`" in text
    picture = Image.open(io.BytesIO(made.curves))
    assert picture.size[0] > 400
    assert len(made.curves) < 40_000


def test_what_is_written_can_be_named_and_loaded(tmp_path: Path) -> None:
    run = make_run(tmp_path / "m", "compact-mapping")
    made = prepare([run], "own")
    assert made.weights == prepare([run], "own").weights  # the same bytes each time
    paths = made.write(tmp_path / "weights")
    assert sorted(path.name for path in paths) == ["own.md", "own.png", "own.safetensors"]
    assert sorted(path.name for path in (tmp_path / "weights").iterdir()) == sorted(
        path.name for path in paths
    )
    net = describe("own", tmp_path / "weights").build()
    torch.manual_seed(5)
    expected = CompactNets(SHAPE).state_dict()
    assert all(torch.equal(value, expected[key]) for key, value in net.state_dict().items())


def test_half_the_size_is_nearly_the_same(tmp_path: Path) -> None:
    run = make_run(tmp_path / "m", "compact-mapping")
    whole, half = prepare([run], "own"), prepare([run], "own", half=True)
    assert len(half.weights) < 0.65 * len(whole.weights)
    half.write(tmp_path)
    stored = load_weights("own", tmp_path)["encoder.stem.weight"]
    assert stored.dtype == torch.float16
    torch.manual_seed(5)
    expected = CompactNets(SHAPE).state_dict()["encoder.stem.weight"]
    torch.testing.assert_close(stored.float(), expected, atol=1e-3, rtol=1e-3)


def test_what_people_wrote_stays_and_figures_are_made_anew(tmp_path: Path) -> None:
    first = make_run(tmp_path / "m", "compact-mapping")
    prepare([first], "own", said={"licence": "CC0"}).write(tmp_path)
    card = (tmp_path / "own.md").read_text()
    card = card.replace("# own", "# own\n\nFaces are left alone.").replace(
        "[metrics.", "[metrics]\nlpips = 0.1\n\n[metrics."
    )
    (tmp_path / "own.md").write_text(card + "\n## After\n\nthis too\n")
    before = sha256_of("own", tmp_path)
    second = make_run(tmp_path / "n", "compact-mapping", seed=9)
    prepare([second], "own", previous=tmp_path, said={"recipe": ("one", "two")}).write(tmp_path)
    found = read_card(tmp_path / "own.md")
    assert (found.head.licence, found.head.seed, found.head.recipe) == ("CC0", 9, ("one", "two"))
    assert found.head.metrics == {"lpips": 0.1, "compact-mapping": {"psnr": 26.67}}
    assert found.head.sha256 != before
    assert "Faces are left alone." in found.text
    assert found.text.endswith("## After\n\nthis too")
    assert found.text.count("### compact-mapping") == 1
    assert "seed 9" in found.text
    assert "seed 5" not in found.text


def test_what_is_no_finished_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no settings\.toml"):
        prepare([tmp_path], "own")
    with pytest.raises(ModelError, match="not finished"):
        prepare([make_run(tmp_path / "m", "compact-mapping", finished=False)], "own")
