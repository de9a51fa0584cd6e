"""A sample of stock models of many families, small enough for every commit; `sweep.py` goes through all of them."""

from functools import partial

import pytest
import torch
from transformers import AutoConfig, AutoModel

from initaudit.auditor import run
from initaudit.evidence.recording.building import build_recorded
from initaudit.laws import Unknown
from initaudit.model.walk import walk
from initaudit.request import Request

SIZES = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 256}
OWN_SIZES = {
    "albert": {"embedding_size": 64},
    "clip": {"text_config": SIZES, "vision_config": SIZES, "projection_dim": 64},
    "convnext": {"hidden_sizes": [32, 64, 128, 256], "depths": [1, 1, 2, 1]},
    "gemma2": {"head_dim": 32, "num_key_value_heads": 2},
    "llama": {"num_key_value_heads": 2},
    "mamba": {"state_size": 8},
    "mamba2": {"state_size": 8, "num_heads": 8, "head_dim": 32, "n_groups": 1},
    "mistral": {"num_key_value_heads": 2},
    "mixtral": {"num_key_value_heads": 2, "num_local_experts": 4},
    "qwen3_next": {"num_key_value_heads": 2, "head_dim": 32, "num_experts": 4, "moe_intermediate_size": 64}
    | {"linear_num_key_heads": 2, "linear_num_value_heads": 4, "shared_expert_intermediate_size": 64},
    "qwen3": {"head_dim": 32, "num_key_value_heads": 2},
    "resnet": {"embedding_size": 32, "hidden_sizes": [32, 64, 128, 256], "depths": [1, 1, 2, 1]},
    "segformer": {"hidden_sizes": [32, 64, 128, 256], "num_attention_heads": [1, 2, 4, 8]},
    "swin": {"embed_dim": 32, "depths": [1, 2], "num_heads": [2, 4], "num_attention_heads": [2, 4]},
    "t5": {"d_kv": 32, "d_ff": 256},
    "whisper": {"decoder_layers": 2, "decoder_attention_heads": 4, "encoder_ffn_dim": 256, "decoder_ffn_dim": 256},
}
FAMILIES = sorted(
    {*OWN_SIZES, "bart", "bert", "bloom", "deberta-v2", "dinov2", "electra", "falcon", "gpt2", "gpt_neox", "opt", "phi"}
    | {"roberta", "vit", "wav2vec2"}
)

FOUND = {"wav2vec2": [("IA105", "encoder.pos_conv_embed.conv.weight")]}
"""What is wrong with them as transformers makes them: an init of a weight under weight norm, which has no effect."""


def build(family: str) -> torch.nn.Module:
    return AutoModel.from_config(AutoConfig.for_model(family, **{**SIZES, **OWN_SIZES.get(family, {})}))


@pytest.mark.parametrize("family", FAMILIES)
def test_stock_model_is_audited_without_a_false_finding_and_its_writers_are_known(family: str) -> None:
    report = run(Request(target=partial(build, family), budget=1 << 20))
    assert [(one.code, one.parameter) for one in report.findings] == FOUND.get(family, [])
    stored = [row.name.rpartition(".")[0] for row in report.rows if ".parametrizations." in row.name]
    computed = {name.replace(".parametrizations.", ".") for name in stored}
    assert [row.name for row in report.rows if not row.writes and row.name not in computed] == []


def test_weight_that_the_init_of_wav2vec2_does_not_reach_keeps_the_scale_of_torch() -> None:
    convolution = build("wav2vec2").get_submodule("encoder.pos_conv_embed.conv")
    fan_in = convolution.weight[0].numel()
    assert convolution.weight.std().item() == pytest.approx((3 * fan_in) ** -0.5, rel=0.02)  # 16 sigma


@pytest.mark.parametrize("family", ["mamba2", "qwen3_next"])
def test_laws_of_a_state_space_models_own_parameters_are_followed(family: str) -> None:
    made = build_recorded(Request(target=partial(build, family)))
    assert made.recording is not None, made.reason
    own = [one for one in walk(made.subject.module) if one.parameter.name.endswith(("dt_bias", "A_log", "D"))]
    for entry in own:
        history, origin = made.recording.history(entry.tensors[0]), made.recording.origin(entry.tensors[0])
        assert history is not None
        assert origin is not None
        (left,) = history.states[-1]
        assert not origin.random or not isinstance(left.law, Unknown)
    assert own
