"""Writes a trained network as the ONNX file that the specialist runs: 8-bit weights, one reference at a time."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

from gleanery.models.references.features import WIDTH
from gleanery.models.references.labels import LABELS
from gleanery.models.references.training.network import EMBEDDING, HIDDEN, Network

OPSET = 17


def export(network: Network, path: Path) -> None:
    """Write `network` to `path`."""
    table, scale = _table(network)
    weights = {name: tensor.detach().float().numpy() for name, tensor in network.state_dict().items()}
    constants = {
        "table": table,
        "scale": np.float32(scale),
        "axis": np.array([1], np.int64),
        "norm.weight": weights["norm.weight"],
        "norm.bias": weights["norm.bias"],
        "output.weight": weights["output.weight"].T.copy(),
        "output.bias": weights["output.bias"],
        "flat": np.array([-1, 2 * HIDDEN], np.int64),
        "sequence": np.array([-1, 1, EMBEDDING], np.int64),
        "merged": np.array([0, 1, 2 * HIDDEN], np.int64),
        **{name: value for layer in (0, 1) for name, value in _lstm(weights, layer).items()},
    }
    nodes = [
        helper.make_node("Gather", ["table", "rows"], ["gathered"], axis=0),
        helper.make_node("Cast", ["gathered"], ["wide"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["wide", "axis"], ["summed"], keepdims=0),
        helper.make_node("Mul", ["summed", "scale"], ["embedded"]),
        helper.make_node("LayerNormalization", ["embedded", "norm.weight", "norm.bias"], ["normed"], axis=-1),
        helper.make_node("Reshape", ["normed", "sequence"], ["hidden0"]),
    ]
    for layer in (0, 1):
        nodes += [
            helper.make_node(
                "LSTM",
                [f"hidden{layer}", f"W{layer}", f"R{layer}", f"B{layer}"],
                [f"directions{layer}"],
                direction="bidirectional",
                hidden_size=HIDDEN,
            ),
            # (tokens, 2, 1, HIDDEN): with one reference at a time both directions of a token lie side by side already.
            helper.make_node("Reshape", [f"directions{layer}", "merged"], [f"hidden{layer + 1}"]),
        ]
    nodes += [
        helper.make_node("Reshape", ["hidden2", "flat"], ["last"]),
        helper.make_node("Gemm", ["last", "output.weight", "output.bias"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["probabilities"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "references",
        [helper.make_tensor_value_info("rows", TensorProto.INT32, ["tokens", WIDTH])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["tokens", 1 + len(LABELS)])],
        [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        onnx.save(model, str(whole))
        quantize_dynamic(whole, path, weight_type=QuantType.QInt8, op_types_to_quantize=["LSTM"])


def _table(network: Network) -> tuple[npt.NDArray[np.int8], float]:
    """The embedding table in 8 bits, with one scale for all of it: its few far outliers are cut."""
    table = network.embedding.weight.detach().numpy()
    scale = float(np.quantile(np.abs(table), 0.99995)) / 127
    return np.clip(np.round(table / scale), -127, 127).astype(np.int8), scale


def _lstm(weights: dict[str, npt.NDArray[np.float32]], layer: int) -> dict[str, npt.NDArray[np.float32]]:
    """One layer's weights as ONNX wants them: gates in the order i, o, f, c, both directions stacked."""
    ends = ("", "_reverse")

    def stacked(name: str) -> npt.NDArray[np.float32]:
        return np.stack([_gates(weights[f"lstm.{name}_l{layer}{end}"]) for end in ends])

    bias = np.concatenate([stacked("bias_ih"), stacked("bias_hh")], axis=1)
    return {f"W{layer}": stacked("weight_ih"), f"R{layer}": stacked("weight_hh"), f"B{layer}": bias}


def _gates(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    i, f, c, o = np.split(values, 4)  # PyTorch's order
    return np.concatenate([i, o, f, c])
