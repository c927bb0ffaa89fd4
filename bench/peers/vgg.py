"""VGG with batch norm in PyTorch: one sequence of layers, as published, so that its places are the parameter names."""

from functools import partial

from torch import nn

# Widths of the convolutions of each stage, by depth.
STAGES = {
    11: ((64,), (128,), (256,) * 2, (512,) * 2, (512,) * 2),
    13: ((64,) * 2, (128,) * 2, (256,) * 2, (512,) * 2, (512,) * 2),
    16: ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3),
    19: ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4),
}


class Vgg(nn.Module):
    def __init__(self, depth, kernel, channels, classes):
        super().__init__()
        layers = []
        for stage, widths in enumerate(STAGES[depth]):
            if stage > 0:
                layers.append(nn.MaxPool2d(2))
            for width in widths:
                layers.append(kernel(nn.Conv2d(channels, width, 3, padding=1, bias=False)))
                layers += [nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
                channels = width
        self.feature = nn.Sequential(*layers)
        self.classifier = kernel(nn.Linear(channels, classes))

    @classmethod
    def of(cls, depth):
        return partial(cls, depth)

    def forward(self, x):
        return self.classifier(self.feature(x).mean((2, 3)))
