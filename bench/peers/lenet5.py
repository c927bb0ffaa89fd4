"""LeNet-5 in PyTorch: no biases, average pooling, 32x32 images."""

from torch import nn


class LeNet5(nn.Module):
    def __init__(self, kernel, channels, classes):
        super().__init__()

        def conv(inputs, outputs):
            return kernel(nn.Conv2d(inputs, outputs, 5, bias=False))

        self.convs = nn.Sequential(
            conv(channels, 6), nn.ReLU(), nn.AvgPool2d(2),
            conv(6, 16), nn.ReLU(), nn.AvgPool2d(2),
            conv(16, 120), nn.ReLU(),
        )  # fmt: skip
        self.fcs = nn.Sequential(
            kernel(nn.Linear(120, 82, bias=False)), nn.ReLU(), kernel(nn.Linear(82, classes, bias=False))
        )

    def forward(self, x):
        return self.fcs(self.convs(x).flatten(1))
