"""Records summed up."""

import json
import math

import numpy as np
import pytest

from reelfix.pipeline.evaluation.records import TRUTH, Evaluation, Record, dump
from reelfix.pipeline.evaluation.report import evaluation_to_json
from reelfix.pipeline.evaluation.summary import detection_of, figures_of, gains_of, inside_of, sets_of
from reelfix.restoration.metrics import MaskScore


def _evaluation() -> Evaluation:
    evaluation = Evaluation("a test", {"of": "nothing"}, ("psnr", "ssim", "fid", "kid"))
    for index, item in enumerate(("dog", "cat", "cow")):
        for case, offset in (("1900s", 0.0), ("1970s", 4.0)):
            mask = MaskScore(10, 8, 20, 10 + index)
            masks = {"either": mask, "kind dirt": MaskScore(10, 6, 10, 5)}
            before = {"psnr": 20 + offset + index, "ssim": 0.5}
            after = {"psnr": 23 + offset + 2 * index, "ssim": 0.9}
            evaluation.add(Record("input", item, case, 0, before, {"dirt": 10.0}))
            evaluation.add(Record("ours", item, case, 0, after, {"dirt": 15.0 + index}, masks))
    return evaluation


def test_figures_are_means_over_items_of_one_case_or_all() -> None:
    evaluation = _evaluation()
    found = figures_of(evaluation, "ours", "1900s")["psnr"]
    assert (found.value, found.count) == (25.0, 3)
    assert 23 <= found.interval.low < 25 < found.interval.high <= 27
    assert figures_of(evaluation, "ours")["psnr"].value == 27.0
    assert set(figures_of(evaluation, "ours")) == {"psnr", "ssim"}


def test_gains_are_of_the_same_item_case_and_seed() -> None:
    gain = gains_of(_evaluation(), "ours", "input", "1970s")["psnr"]
    assert gain.value == pytest.approx(4.0)
    assert (gain.interval.low, gain.interval.high) == (pytest.approx(3.0), pytest.approx(5.0))
    always = gains_of(_evaluation(), "ours", "input")["ssim"]
    assert always.interval.low == always.interval.high == pytest.approx(0.4)


def test_equal_pictures_have_an_infinite_psnr_that_no_mean_counts() -> None:
    evaluation = Evaluation("a test", {}, ("psnr",))
    evaluation.add(Record("same", "a", figures={"psnr": math.inf}))
    assert figures_of(evaluation, "same")["psnr"].value == math.inf
    evaluation.add(Record("same", "b", figures={"psnr": 30.0}))
    assert figures_of(evaluation, "same")["psnr"].value == 30.0


def test_detection_pools_pixels_and_judges_a_kind_by_its_own_marks() -> None:
    found = detection_of(_evaluation(), "ours")
    either = found["either"]
    assert either.precision.value == pytest.approx(0.8)
    assert either.recall.value == pytest.approx(66 / 120)
    assert either.f1.value == pytest.approx(2 * 0.8 * 0.55 / 1.35)
    # Of 10 marks 8 are on damage and 6 of these on dirt: on dirt or on nothing are 6 + 2.
    assert found["kind dirt"].precision.value == pytest.approx(6 / 8)
    assert found["kind dirt"].recall.value == pytest.approx(0.5)
    assert either.recall.interval.low < either.recall.value < either.recall.interval.high
    assert detection_of(_evaluation(), "input") == {}


def test_psnr_by_kind_of_damage() -> None:
    assert inside_of(_evaluation(), "ours")["dirt"].value == 16.0


def test_sets_are_compared_with_the_truths() -> None:
    evaluation = _evaluation()
    features = np.random.default_rng(0).standard_normal((12, 5))
    evaluation.features = {TRUTH: list(features), "same": list(features), "far": list(features + 3)}
    same, far = sets_of(evaluation, "same"), sets_of(evaluation, "far")
    assert set(same) == {"fid", "kid"}
    assert same["fid"].value == pytest.approx(0, abs=1e-6)
    assert same["kid"].value == pytest.approx(0, abs=1e-6)
    assert far["fid"].value == pytest.approx(45)
    assert far["kid"].interval.low > 0
    evaluation.features = {TRUTH: list(features[:5]), "same": list(features[:5])}
    assert sets_of(evaluation, "same") == {}


def test_the_document_has_all_of_it_and_is_the_same_each_time() -> None:
    document = dump(evaluation_to_json(_evaluation(), "input"))
    assert document == dump(evaluation_to_json(_evaluation(), "input"))
    content = json.loads(document)
    ours = content["methods"]["ours"]
    assert ours["all"]["figures"]["psnr"]["value"] == 27.0
    assert ours["1900s"]["gains"]["over"] == "input"
    assert ours["all"]["detection"]["kind dirt"]["precision"]["value"] == 0.75
    assert len(content["records"]) == 12
    assert content["measures"]["ssim"]["is_higher_better"] is True
