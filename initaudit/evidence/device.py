"""The device that parameters are made and measured on."""

import torch

from initaudit.errors import DeviceError


def require(name: str) -> torch.device:
    """Give the device of a name; raise DeviceError, saying what to do, where it is not there."""
    try:
        device = torch.device(name)
    except RuntimeError:
        raise DeviceError(f"there is no device {name!r}; choose cpu, cuda or cuda:N") from None
    if device.type == "cpu":
        return torch.device("cpu")
    if device.type != "cuda":
        raise DeviceError(f"device {name!r} is not supported; choose cpu, cuda or cuda:N")
    if not torch.cuda.is_available():
        why = "this torch is built without CUDA" if torch.version.cuda is None else "torch finds no usable GPU"
        raise DeviceError(f"--device {name} needs a CUDA GPU, and {why}; use --device cpu, or run where there is one")
    count = torch.cuda.device_count()
    if device.index is not None and device.index >= count:
        raise DeviceError(f"there is no device {name!r}; this machine has {count}, the last being cuda:{count - 1}")
    return torch.device("cuda", device.index if device.index is not None else torch.cuda.current_device())
