"""What a configuration says about the inputs of its model."""

from types import SimpleNamespace

import torch
from torch import nn

from initaudit.evidence.signal.inferring import FEW, guesses


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
