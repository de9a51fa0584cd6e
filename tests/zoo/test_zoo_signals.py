"""Tiny stock models probed with what their configurations say they take; `signals.py` goes through all of them."""

from collections.abc import Iterator
from functools import partial

import pytest
import torch
from transformers import AutoConfig, AutoModel

from initaudit.request import Request
from initaudit.signal.request import SignalRequest
from initaudit.signalling import signal
from initaudit.values import Mode, Severity

SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "vocab_size": 211,
    "image_size": 32,
    "patch_size": 8,
}
OWN_SIZES = {
    "bart": {"d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_ffn_dim": 64, "decoder_ffn_dim": 64},
    "clip": {"text_config": SIZES, "vision_config": SIZES, "projection_dim": 16},
    "gpt2": {"n_embd": 32, "n_layer": 3, "n_head": 4},
    "mamba": {"state_size": 8},
    "mixtral": {"num_key_value_heads": 2, "num_local_experts": 4},
    "resnet": {"embedding_size": 8, "hidden_sizes": [16, 32, 64, 128], "depths": [1, 1, 2, 1]},
    "swin": {
        "embed_dim": 16,
        "depths": [1, 1],
        "num_heads": [2, 4],
        "num_attention_heads": [2, 4],
        "patch_size": 4,
        "window_size": 4,
    },
    "t5": {"d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4},
}
PIXELS = {"beit", "dinov2", "resnet", "swin", "vit"}
FAMILIES = sorted({*OWN_SIZES, *PIXELS, "albert", "bert", "bloom", "gpt_neox", "llama", "roberta"})


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def build(family: str) -> torch.nn.Module:
    return AutoModel.from_config(AutoConfig.for_model(family, **{**SIZES, **OWN_SIZES.get(family, {})}))


@pytest.mark.parametrize("family", FAMILIES)
def test_tiny_model_is_probed_without_a_finding(family: str) -> None:
    report = signal(SignalRequest(model=Request(target=partial(build, family), mode=Mode.AS_BUILT)))
    main = "pixel_values" if family in PIXELS else "input_ids"
    assert main in " ".join(report.inputs)
    assert len(report.layers) > 5
    assert [one.message for one in report.findings if one.severity is not Severity.NOTE] == []
