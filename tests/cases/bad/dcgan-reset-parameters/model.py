"""The `reset_parameters` of the answer: it is called, and writes nothing."""

from torch import nn

from initaudit.examples import dcgan


class Generator(dcgan.Generator):
    def __init__(self, base_feature=16):
        super().__init__(base_feature=base_feature)
        self.reset_parameters()

    def reset_parameters(self):
        for sm in self.modules():
            if isinstance(sm, nn.Conv2d):
                nn.init.normal_(sm.weight.data, mean=0.0, std=0.02)
