"""ViT as transformers builds it; without arguments it is ViT base."""

from transformers import ViTConfig, ViTForImageClassification, ViTForMaskedImageModeling

SMALL = {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 128}
SMALL |= {"image_size": 32, "patch_size": 8}


def small():
    return ViTForImageClassification(ViTConfig(**SMALL))


def masked():
    return ViTForMaskedImageModeling(ViTConfig(**SMALL))


def base():
    return ViTForImageClassification(ViTConfig())
