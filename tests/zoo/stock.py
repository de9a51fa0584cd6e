"""Factories of stock models: every default configuration of transformers' `AutoModel`, and every model of timm.

timm asks for torchvision, whose wheels are linked against CUDA. Its Python part needs no more of the compiled part
than that two operations are declared, which is done here; both are installed by hand, `pip install --no-deps timm
torchvision pillow`, with the torchvision that goes with the torch at hand. They are in no extra, for a torchvision
without its operations would break what else looks for it.
"""

import warnings
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import nn

Factory = Callable[[], nn.Module]


def transformers() -> Iterator[tuple[str, Factory]]:
    """Give the default configuration of every model type that `AutoModel` knows."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING
    from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

    _declare_operations()
    for name in MODEL_MAPPING_NAMES:
        yield name, partial(_by_default, CONFIG_MAPPING, name)


def timm() -> Iterator[tuple[str, Factory]]:
    """Give every model of timm, without pretrained values."""
    _declare_operations()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import timm

    for name in timm.list_models():
        yield name, partial(timm.create_model, name, pretrained=False)


FAMILIES = {"transformers": transformers, "timm": timm}


_TORCHVISION = torch.library.Library("torchvision", "FRAGMENT")


def _declare_operations() -> None:
    for operation in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, operation):
            _TORCHVISION.define(f"{operation}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")


def _by_default(configurations, name: str) -> nn.Module:
    from transformers import AutoModel

    return AutoModel.from_config(configurations[name]())
