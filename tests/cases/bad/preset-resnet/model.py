"""The stem and the first block are loaded elsewhere; the loop was cut to what follows and forgets the shortcut."""

from pathlib import Path
from runpy import run_path

from torch import nn

ResNet = run_path(str(Path(__file__).parents[2] / "good/preset-resnet/model.py"))["ResNet"]


class Partial(ResNet):
    def init_weights(self):
        for name, m in self.named_modules():
            if isinstance(m, nn.Conv2d) and "downsample" not in name:
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
