import numpy as np

from reelfix.pipeline.stages.detect import Detect
from reelfix.restoration.blotch_edges import EDGE_EVIDENCE
from reelfix.restoration.blotch_evidence import EVIDENCE
from reelfix.restoration.dirt_judge import WEIGHTS, Net, trained_judge
from reelfix.restoration.models.weights import sha256_of


def test_a_net_weighs_evidence() -> None:
    net = Net.parse(
        {
            "mean": [1.0, 0.0],
            "deviation": [2.0, 1.0],
            "layers": [
                {"weights": [[1.0, 0.0], [0.0, 2.0]], "biases": [0.0, 0.5]},
                {"weights": [[3.0, -1.0]], "biases": [0.25]},
            ],
        }
    )
    evidence = np.array([[3.0, 100.0], [0.5, 0.0]])
    expected = 3 * np.tanh([1.0, 4.0]) - np.tanh([1.5, 0.5]) + 0.25  # what is far is held at 4 deviations
    np.testing.assert_allclose(net.log_odds(evidence), expected)


def test_the_trained_judge_fits_the_evidence() -> None:
    judge = trained_judge()
    assert judge.blotches.log_odds(np.zeros((EVIDENCE, 3))).shape == (3,)
    assert judge.pixels.log_odds(np.zeros((EDGE_EVIDENCE, 3))).shape == (3,)


def test_other_weights_are_another_version_of_the_stage() -> None:
    assert (Detect.version, sha256_of(WEIGHTS)[:12]) == (3, "b80ee9bc3c82")
