"""A probe against a plain pass forward and backward of the same model on the same batch.

By hand: `python tests/benchmarks/probe.py [NAME…]`. One thread, the two in turn, so that a machine whose speed drifts
treats both alike; the ratio is that of the shortest times, and of the medians.
"""

import sys
import time
from functools import partial
from statistics import median

import torch
from torch import nn
from transformers import GPT2Config, GPT2Model, ResNetConfig, ResNetModel, ViTConfig, ViTModel

from initaudit.evidence.signal.probe import Probe, read

RUNS = 5


def mlp():
    layers = [one for _ in range(12) for one in (nn.Linear(2048, 2048), nn.ReLU())]
    return nn.Sequential(*layers), torch.randn(256, 2048)


def resnet():
    return ResNetModel(ResNetConfig()), torch.randn(4, 3, 224, 224)


def vit():
    return ViTModel(ViTConfig(num_hidden_layers=6)), torch.randn(4, 3, 224, 224)


def gpt2():
    return GPT2Model(GPT2Config(n_layer=6)), torch.randint(50257, (4, 256))


MODELS = {"mlp": mlp, "resnet": resnet, "vit": vit, "gpt2": gpt2}


def plain(model, x):
    output = model(x)
    output = output if isinstance(output, torch.Tensor) else output[0]
    output.backward(torch.randn_like(output))
    model.zero_grad(set_to_none=True)


def timed(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main():
    torch.set_num_threads(1)
    for name in sys.argv[1:] or MODELS:
        torch.manual_seed(0)
        model, x = MODELS[name]()
        model.train()  # batch norms use the batch, as they do under the probe
        probe = Probe(args=(x,), kwargs={}, seed=0)
        plain(model, x)
        pairs = [(timed(partial(read, model, probe)), timed(partial(plain, model, x))) for _ in range(RUNS)]
        ours, theirs = zip(*pairs, strict=True)
        print(
            f"{name:8} {min(ours) / min(theirs):.2f} of a plain pass (medians {median(ours) / median(theirs):.2f}; "
            f"{min(ours):.2f} s against {min(theirs):.2f} s)",
            flush=True,
        )


main()
