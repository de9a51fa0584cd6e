"""Tiny models of transformers: each type's default configuration, shrunk until it fits a test."""

from collections.abc import Iterator
from typing import Any

from torch import nn

SMALL: dict[str, object] = {
    "hidden_size": 32,
    "d_model": 32,
    "n_embd": 32,
    "embed_dim": 32,
    "dim": 32,
    "embedding_size": 32,
    "num_hidden_layers": 4,
    "num_layers": 4,
    "n_layer": 4,
    "n_layers": 4,
    "encoder_layers": 4,
    "decoder_layers": 4,
    "num_decoder_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "num_heads": 4,
    "n_head": 4,
    "n_heads": 4,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 4,
    "head_dim": 8,
    "rotary_dim": 4,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 8,
    "v_head_dim": 8,
    "kv_lora_rank": 16,
    "q_lora_rank": 16,
    "linear_head_dim": 8,
    "linear_num_heads": 4,
    "linear_num_value_heads": 4,
    "linear_num_key_heads": 4,
    "d_kv": 8,
    "intermediate_size": 64,
    "ffn_dim": 64,
    "d_ff": 64,
    "encoder_ffn_dim": 64,
    "decoder_ffn_dim": 64,
    "n_inner": 64,
    "hidden_dim": 64,
    "vocab_size": 211,
    "max_position_embeddings": 64,
    "n_positions": 64,
    "image_size": 32,
    "patch_size": 8,
    "num_experts": 4,
    "num_local_experts": 4,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "n_group": 1,
    "topk_group": 1,
    "moe_intermediate_size": 32,
    "shared_expert_intermediate_size": 32,
    "layer_group_size": 2,
    "layer_types": None,
}
"""What is set where a configuration has it and can be set."""
TOKENS = ("pad_token_id", "bos_token_id", "eos_token_id", "decoder_start_token_id")


def names() -> list[str]:
    """Name every type of model that `AutoModel` knows."""
    from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

    return list(MODEL_MAPPING_NAMES)


def build(name: str) -> nn.Module:
    """Make a tiny model of a type."""
    from transformers import AutoModel
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    config = CONFIG_MAPPING[name](**_smaller(CONFIG_MAPPING[name]()))
    model: nn.Module = AutoModel.from_config(config, attn_implementation="eager")
    return model


def takes(model: nn.Module) -> str | None:
    """Say which of the two usual inputs a model takes first."""
    name = getattr(model, "main_input_name", None)
    return name if name in ("input_ids", "pixel_values") else None


def _smaller(config: Any) -> dict[str, object]:
    given = dict(_scalars(config))
    for part in getattr(config, "sub_configs", {}):
        inner = getattr(config, part, None)
        if inner is not None:
            given[part] = {"model_type": inner.model_type, **_smaller(inner)}
    return given


def _scalars(config: Any) -> Iterator[tuple[str, object]]:
    own = config.to_dict()
    for name, value in SMALL.items():
        known = config.attribute_map.get(name, name) in own or name in own
        if known and not isinstance(own.get(name), list | dict) and value is not None:
            yield name, value
    if "kv_lora_rank" in own:  # all heads share one projection
        yield "num_key_value_heads", SMALL["num_attention_heads"]
    for name in TOKENS:
        if isinstance(own.get(name), int):
            yield name, 1
