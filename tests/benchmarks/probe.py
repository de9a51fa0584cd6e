"""A probe against a plain pass forward and backward of the same model on the same batch.

By hand: `python tests/benchmarks/probe.py [NAME…] [--threads N] [--pairs N]`. Each model has a process of its own, for
what one leaves of the memory is not another's. The two take turns, so that a machine whose speed drifts treats both
alike; told are the median of the ratios, and their quartiles.

A probe is `read`: hooks put on and taken off, one pass with gradients for all parameters, and every figure as a value.
A plain pass has the same gradients, holds them until all are there, as training does, and then lets them go. `hooks` is
what a pass takes with hooks that do nothing at the places where the probe has its own, but let gradients go as they
come, as the probe does: no probe written in Python can take less.
"""

import argparse
import subprocess
import sys
import time
from functools import partial
from statistics import median, quantiles

import torch
from torch import nn

from initaudit.evidence.signal.probe import Probe, read
from initaudit.examples.deep import Deep

PAIRS = 7


def mlp():
    layers = [one for _ in range(12) for one in (nn.Linear(2048, 2048), nn.ReLU())]
    return nn.Sequential(*layers), torch.randn(256, 2048)


def resnet():
    from transformers import ResNetConfig, ResNetModel

    return ResNetModel(ResNetConfig()), torch.randn(4, 3, 224, 224)


def vit():
    from transformers import ViTConfig, ViTModel

    return ViTModel(ViTConfig(num_hidden_layers=6)), torch.randn(4, 3, 224, 224)


def gpt2():
    from transformers import GPT2Config, GPT2Model

    return GPT2Model(GPT2Config(n_layer=6)), torch.randint(50257, (4, 256))


def deep(weights, function, depth, batch=16):
    """The seed's experiment: layers of 256 units, each of which takes less time than a few calls of torch."""
    return Deep(weights, function, depth=depth), torch.randn(batch, 256)


MODELS = {
    "mlp": mlp,
    "resnet": resnet,
    "vit": vit,
    "gpt2": gpt2,
    "deep-100": partial(deep, "root", "none", 100),
    "deep-100-tanh": partial(deep, "xavier", "tanh", 100),
    "deep-100-relu": partial(deep, "kaiming", "relu", 100),
    "deep-100-exploding": partial(deep, "normal", "none", 100),
    "deep-100-batch-256": partial(deep, "root", "none", 100, 256),
    "deep-1000": partial(deep, "root", "none", 1000),
}


def forward_backward(model, x):
    output = model(x)
    output = output if isinstance(output, torch.Tensor) else output[0]
    output.backward(torch.randn_like(output))


def plain(model, x):
    forward_backward(model, x)
    model.zero_grad(set_to_none=True)


def hooks(model, x):
    """Put hooks where the probe has them, which do nothing but let gradients go."""
    handles = []
    for module in model.modules():
        handles.append(module.register_forward_pre_hook(_before, with_kwargs=True))
        handles.append(module.register_forward_hook(_after))
    handles += [one.register_post_accumulate_grad_hook(_arrives) for one in model.parameters()]
    forward_backward(model, x)
    for handle in handles:
        handle.remove()


def _before(module, args, kwargs):
    pass


def _after(module, args, output):
    if isinstance(output, torch.Tensor) and output.requires_grad:
        output.register_hook(_returns)


def _returns(gradient):
    pass


def _arrives(parameter):
    parameter.grad = None


def timed(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(name, pairs):
    torch.manual_seed(0)
    model, x = MODELS[name]()
    model.train()  # batch norms use the batch, as they do under the probe
    probe = Probe(args=(x,), kwargs={}, seed=0)
    ways = (partial(read, model, probe), partial(hooks, model, x), partial(plain, model, x))
    for way in ways:
        way()
    times = [[timed(way) for way in ways] for _ in range(pairs)]
    ratios = [ours / theirs for ours, _, theirs in times]
    floor = median(nothing / theirs for _, nothing, theirs in times)
    low, _, high = quantiles(ratios, n=4)
    seconds = median(theirs for _, _, theirs in times)
    print(
        f"{name:20} {median(ratios):.2f} of a plain pass (quartiles {low:.2f} and {high:.2f}; hooks {floor:.2f}; "
        f"a plain pass takes {seconds * 1e3:.0f} ms)",
        flush=True,
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--threads", type=int, default=1, help="0 for torch's own choice")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    names = options.names or list(MODELS)
    if len(names) == 1:
        compare(*names, options.pairs)
    else:
        for name in names:
            again = [sys.executable, __file__, name, f"--threads={options.threads}", f"--pairs={options.pairs}"]
            subprocess.run(again, check=True)


main()
