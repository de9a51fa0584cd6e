"""Llama as transformers builds it, small; with grouped queries, biases and a tied head where they are asked for."""

from transformers import LlamaConfig, LlamaForCausalLM

SMALL = {"vocab_size": 100, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
SMALL |= {"intermediate_size": 128, "max_position_embeddings": 32}


def build(**changes):
    return LlamaForCausalLM(LlamaConfig(**SMALL, **changes))


def llama_3(rope_theta=500000.0):
    return build(rope_parameters={"rope_type": "default", "rope_theta": rope_theta})
