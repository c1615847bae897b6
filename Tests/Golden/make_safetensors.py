"""Files in the safetensors format, exchanged with Python's library.

    python make_safetensors.py          writes python.safetensors, which the tests read
    python make_safetensors.py --check  reads swift.safetensors, whose bytes the tests write again,
                                        and compares it with what it should hold

Made with Python 3.11, safetensors 0.8.0, NumPy 2.4.6 and PyTorch 2.13.0 (for bfloat16).
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.numpy import load_file
from safetensors.torch import save_file

FOLDER = Path(__file__).parent / "safetensors"

TINY = 5e-324
DOUBLES = [[1.5, -0.0, np.inf], [np.nan, TINY, -1 / 3]]
HALVES = [1.0, -2.5, 65504.0, 2.0**-24, -(2.0**-14), np.inf]


def write():
    tensors = {
        "doubles": torch.tensor(DOUBLES, dtype=torch.float64),
        "floats": torch.tensor([0.1, -3e38, 1e-45], dtype=torch.float32),
        "whole": torch.tensor([[-(2**63)], [2**63 - 1]], dtype=torch.int64),
        "mask": torch.tensor([True, False, True]),
        "scalar": torch.tensor(2.5, dtype=torch.float64),
        "empty": torch.zeros((0, 3), dtype=torch.float32),
        "μ \"quoted\"": torch.tensor([7.0], dtype=torch.float64),
        "half": torch.tensor(HALVES, dtype=torch.float16),
        "brain": torch.tensor([1.0, -3.140625, 2.0**-133, np.inf], dtype=torch.bfloat16),
        "int32": torch.tensor([-(2**31), 2**31 - 1], dtype=torch.int32),
        "int16": torch.tensor([-(2**15), 2**15 - 1], dtype=torch.int16),
        "int8": torch.tensor([-128, 127], dtype=torch.int8),
        "uint32": torch.tensor([0, 2**32 - 1], dtype=torch.uint32),
        "uint16": torch.tensor([0, 2**16 - 1], dtype=torch.uint16),
        "uint8": torch.tensor([0, 255], dtype=torch.uint8),
    }
    save_file(tensors, FOLDER / "python.safetensors", metadata={"made by": "Python", "β": "1/2"})


def check():
    path = FOLDER / "swift.safetensors"
    tensors = load_file(path)
    expected = {
        "doubles": np.array(DOUBLES, np.float64),
        "floats": np.array([0.1, -3e38, 1e-45], np.float32),
        "whole": np.array([[-(2**63)], [2**63 - 1]], np.int64),
        "mask": np.array([True, False, True]),
        "scalar": np.array(2.5, np.float64),
        "empty": np.zeros((0, 3), np.float32),
        "μ \"quoted\"/\\": np.array([7.0], np.float64),
    }
    assert set(tensors) == set(expected), sorted(tensors)
    for name, array in expected.items():
        found = tensors[name]
        assert found.dtype == array.dtype and found.shape == array.shape, name
        assert found.tobytes() == array.tobytes(), name
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        for name in expected:
            assert list(file.get_tensor(name).shape) == list(expected[name].shape)
    assert metadata["note"] == "line\nbreak, β"
    check_parameters()


def check_parameters():
    """A checkpoint: constrained values under their names, and what belongs to them."""
    path = FOLDER / "checkpoint.safetensors"
    tensors = load_file(path)
    with safe_open(path, "numpy") as file:
        metadata = file.metadata()
    declared = json.loads(metadata["parameters"])
    assert [d["name"] for d in declared] == ["loc", "scale", "weights"], declared
    assert [d["constraint"] for d in declared][0] == "real", declared
    np.testing.assert_array_equal(tensors["loc"], [0.25, -1.5])
    np.testing.assert_allclose(tensors["scale"], 2.0, rtol=1e-15)
    np.testing.assert_allclose(tensors["scale_unconstrained"], np.log(2.0), rtol=1e-15)
    np.testing.assert_allclose(tensors["weights"], [0.2, 0.3, 0.5], rtol=1e-14)
    assert tensors["weights_unconstrained"].shape == (2,)
    np.testing.assert_array_equal(tensors["optimizer/0"], np.arange(5.0))
    np.testing.assert_array_equal(tensors["optimizer/1"], np.arange(5.0) ** 2)
    position = json.loads(metadata["checkpoint"])["position"]
    assert position == {
        "key": -(2**62) - 1, "stepsTaken": 3, "updatesMade": 2, "stepsSkipped": 1}, position


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    if "--check" in sys.argv:
        check()
        print("as expected")
    else:
        write()
