"""A model that adds nothing to the base class's init, with a range of its own in the configuration."""

from transformers import RobertaConfig, RobertaModel

SMALL = {"vocab_size": 100, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
SMALL |= {"intermediate_size": 128, "max_position_embeddings": 32}


def build(initializer_range=0.05):
    return RobertaModel(RobertaConfig(**SMALL, initializer_range=initializer_range))
