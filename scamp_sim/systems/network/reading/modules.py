"""PyTorch modules in memory: exported to ONNX in memory, by PyTorch's own exporter, and read from there.

Binarised weights and signs are code of the user's, which only an exporter can follow; nothing of it is guessed here.
"""

from __future__ import annotations

import io
import warnings
from typing import Any

from scamp_sim.exceptions import ProgramError
from scamp_sim.reading import reason
from scamp_sim.systems.network.params import Network
from scamp_sim.systems.network.reading.onnx.chain import network_of
from scamp_sim.systems.network.reading.onnx.model import parse
from scamp_sim.systems.network.reading.steps import Reading

OPSET = 17


def read_module(module: Any, reading: Reading) -> Network:
    """The network that a torch module is, in evaluation mode; `reading.size` says how large its pictures are.

    Raises ProgramError.
    """
    where = type(module).__name__
    if reading.size is None:
        raise ProgramError(f"{where}: a module does not say how large its pictures are; give size=(rows, columns)")
    import torch

    parameter = next(module.parameters(), None)
    device = "cpu" if parameter is None else parameter.device
    picture = torch.zeros(1, 1, *reading.size, device=device)
    written: Any = io.BytesIO()
    training = module.training
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the exporter itself, which says that it is to be replaced
            module.eval()
            torch.onnx.export(
                module,
                (picture,),
                written,
                dynamo=False,
                opset_version=OPSET,
                input_names=["picture"],
            )
    except Exception as e:  # whatever the module's own code raises
        raise ProgramError(
            f"{where}: PyTorch cannot export it for pictures of 1x{reading.size[0]}x{reading.size[1]}: {reason(e)}; "
            "export it to ONNX yourself, or give arrays with a description"
        ) from None
    finally:
        module.train(training)
    return network_of(parse(written.getvalue(), where), reading)


__all__ = ["read_module"]
