"""The network's loss and its export, against slower truths. Needs the `train` extra."""

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the `train` extra")
pytest.importorskip("onnx", reason="training needs the `train` extra")

from gleanery.models.references.features import ROWS, WIDTH  # noqa: E402
from gleanery.models.references.labels import LABELS  # noqa: E402
from gleanery.models.references.training.network import Network, loss  # noqa: E402


def test_the_loss_is_that_of_all_paths_summed():
    torch.manual_seed(0)
    scores, transitions, labels = torch.randn(2, 3, 4), torch.randn(4, 4), torch.tensor([[0, 1, 3], [2, 2, 1]])

    def score(row, path):
        alone = sum(scores[row, at, label] for at, label in enumerate(path))
        return alone + sum(transitions[one, two] for one, two in itertools.pairwise(path))

    paths = list(itertools.product(range(4), repeat=3))
    chain = sum(
        torch.logsumexp(torch.stack([score(row, path) for path in paths]), 0) - score(row, labels[row].tolist())
        for row in range(2)
    )
    alone = torch.nn.functional.cross_entropy(scores.flatten(0, 1), labels.flatten())
    assert loss(scores, labels, transitions).item() == pytest.approx((alone + chain / 6).item(), abs=1e-5)


def test_the_exported_network_says_what_the_trained_one_says(tmp_path):
    import onnxruntime

    from gleanery.models.references.training.export import export

    torch.manual_seed(0)
    network = Network().eval()
    export(network, tmp_path / "references.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "references.onnx"), providers=["CPUExecutionProvider"])
    rows = np.random.default_rng(0).integers(0, ROWS, (17, WIDTH)).astype(np.int32)
    with torch.no_grad():
        expected = network(torch.from_numpy(rows)[None].long())[0].softmax(-1).numpy()
    (given,) = session.run(None, {"rows": rows})
    assert given.shape == (17, 1 + len(LABELS))
    assert np.abs(given - expected).max() < 0.03, "8-bit weights are near enough"
