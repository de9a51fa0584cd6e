"""Built on the meta device and given memory; the init that follows knows parameters only, not the frequencies."""

import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

SMALL = {"vocab_size": 100, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4}
SMALL |= {"intermediate_size": 128, "max_position_embeddings": 32}


def build():
    with torch.device("meta"):
        model = LlamaForCausalLM(LlamaConfig(**SMALL))
    model = model.to_empty(device="cpu")
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Embedding)):
            module.weight.data.normal_(mean=0.0, std=0.02)
        elif hasattr(module, "weight"):
            module.weight.data.fill_(1.0)
    return model
