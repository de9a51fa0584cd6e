"""GPT-2 as transformers builds it, the head tied to the embedding; without arguments it is the small one."""

from transformers import GPT2Config, GPT2LMHeadModel

TOKENS = {"vocab_size": 100, "n_positions": 32, "bos_token_id": 1, "eos_token_id": 1}


def tiny():
    return GPT2LMHeadModel(GPT2Config(n_embd=64, n_layer=2, n_head=2, **TOKENS))


def small():
    return GPT2LMHeadModel(GPT2Config())
