"""BERT as transformers builds it; without arguments it is BERT base."""

from transformers import BertConfig, BertForMaskedLM, BertForPreTraining

SMALL = {"vocab_size": 100, "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
SMALL |= {"intermediate_size": 128, "max_position_embeddings": 32}


def small():
    return BertForPreTraining(BertConfig(**SMALL))


def masked_language_model():
    return BertForMaskedLM(BertConfig(**SMALL, tie_word_embeddings=False))


def base():
    return BertForMaskedLM(BertConfig())
