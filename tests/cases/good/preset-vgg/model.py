"""VGG as torchvision defines it, with its widths divided; configuration D has sixteen layers."""

from torch import nn

CONFIGURATIONS = {
    "A": [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    "D": [64, 64, "M", 128, 128, "M", 256, 256, 256, "M", 512, 512, 512, "M", 512, 512, 512, "M"],
}


def make_layers(configuration, batch_norm, divisor):
    layers, in_channels = [], 3
    for v in configuration:
        if v == "M":
            layers += [nn.MaxPool2d(kernel_size=2, stride=2)]
            continue
        layers += [nn.Conv2d(in_channels, v // divisor, kernel_size=3, padding=1)]
        layers += [nn.BatchNorm2d(v // divisor)] if batch_norm else []
        layers += [nn.ReLU(inplace=True)]
        in_channels = v // divisor
    return nn.Sequential(*layers)


class VGG(nn.Module):
    mode = "fan_out"

    def __init__(self, configuration="D", batch_norm=False, divisor=8, num_classes=10):
        super().__init__()
        self.features = make_layers(CONFIGURATIONS[configuration], batch_norm, divisor)
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 // divisor * 7 * 7, 4096 // divisor),
            nn.ReLU(True),
            nn.Dropout(),
            nn.Linear(4096 // divisor, 4096 // divisor),
            nn.ReLU(True),
            nn.Dropout(),
            nn.Linear(4096 // divisor, num_classes),
        )
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode=self.mode, nonlinearity="relu")
                if m.bias is not None:
                    nn.init.constant_(m.bias, 0)
            elif isinstance(m, nn.BatchNorm2d):
                nn.init.constant_(m.weight, 1)
                nn.init.constant_(m.bias, 0)
            elif isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, 0, 0.01)
                nn.init.constant_(m.bias, 0)
