"""What a configuration says about the inputs of its model."""

from types import SimpleNamespace

import torch
from torch import nn

from initaudit.evidence.signal.inferring import FEW, guesses
from initaudit.evidence.signal.inputs import made


class Seeing(nn.Module):
    def __init__(self, **config: object) -> None:
        super().__init__()
        self.config, self.main_input_name = SimpleNamespace(**config), "pixel_values"

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return pixel_values


def test_images_are_as_large_as_the_part_that_takes_them_says() -> None:
    backbone = SimpleNamespace(image_size=48, num_channels=1)
    vision = SimpleNamespace(backbone_config=backbone, num_channels=3)
    (first, *_) = guesses(Seeing(vision_config=vision, image_size=1024))
    assert [(one.name, one.shape) for one in first.inputs] == [("pixel_values", (FEW, 1, 48, 48))]


def test_large_images_are_few() -> None:
    (first, *_) = guesses(Seeing(image_size=1024, num_channels=3))
    assert [one.shape for one in first.inputs] == [(1, 3, 1024, 1024)]


def test_videos_have_as_many_frames_as_the_configuration_says() -> None:
    (first, *_) = guesses(Seeing(image_size=32, num_channels=3, num_frames=8))
    assert [one.shape for one in first.inputs] == [(FEW, 8, 3, 32, 32)]


class Reading(nn.Module):
    def __init__(self, **config: object) -> None:
        super().__init__()
        self.config, self.main_input_name = SimpleNamespace(**config), "input_ids"

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        return input_ids


def test_tokens_leave_out_the_one_that_pads_by_the_configuration_or_by_the_layer() -> None:
    models = (Reading(vocab_size=5, pad_token_id=2), nn.Sequential(nn.Embedding(5, 8, padding_idx=2)))
    for model in models:
        (spec,) = next(iter(guesses(model))).inputs
        (values,) = (*(many := made([spec], model, 0, torch.device("cpu"))).args, *many.kwargs.values())
        assert set(values.flatten().tolist()) == {0, 1, 3, 4}
        assert many.told == (f"{'input_ids: ' * bool(spec.name)}ints below 5 but 2 (4, 16) int64",)


def test_padding_that_is_no_token_is_left_aside() -> None:
    for padding in (None, -1, 5, True):
        ((spec,), *_) = (one.inputs for one in guesses(Reading(vocab_size=5, pad_token_id=padding)))
        assert spec.padding is None
    assert next(guesses(nn.Sequential(nn.Embedding(1, 8, padding_idx=0)))).inputs[0].padding is None
