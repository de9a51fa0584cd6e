"""Attention's projection is scaled, that of the MLP is not."""

from pathlib import Path
from runpy import run_path

GPT = run_path(str(Path(__file__).parents[2] / "good/preset-gpt2-in-plain-torch/model.py"))["GPT"]


class Half(GPT):
    residual = "attn.c_proj.weight"
