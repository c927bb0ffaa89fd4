"""MobileNetV2 in PyTorch for small images: inverted residual blocks with depthwise convolutions, ReLU in place of ReLU6."""

from torch import nn
from torch.nn import functional as F

# Expansion, output channels, repeats, stride of the first.
STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 1),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)


class InvertedResidual(nn.Module):
    def __init__(self, kernel, inputs, outputs, expansion, stride):
        super().__init__()
        planes = expansion * inputs
        self.stride = stride
        self.conv1 = kernel(nn.Conv2d(inputs, planes, 1, bias=False))
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = kernel(nn.Conv2d(planes, planes, 3, stride, 1, groups=planes, bias=False))
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = kernel(nn.Conv2d(planes, outputs, 1, bias=False))
        self.bn3 = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride == 1 and inputs != outputs:
            project = kernel(nn.Conv2d(inputs, outputs, 1, bias=False))
            self.shortcut = nn.Sequential(project, nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return y + self.shortcut(x) if self.stride == 1 else y


class MobileNetV2(nn.Module):
    def __init__(self, kernel, channels, classes):
        super().__init__()
        self.conv1 = kernel(nn.Conv2d(channels, 32, 3, 1, 1, bias=False))
        self.bn1 = nn.BatchNorm2d(32)
        layers, inputs = [], 32
        for expansion, outputs, repeats, stride in STAGES:
            for repeat in range(repeats):
                layers.append(InvertedResidual(kernel, inputs, outputs, expansion, stride if repeat == 0 else 1))
                inputs = outputs
        self.layers = nn.Sequential(*layers)
        self.conv2 = kernel(nn.Conv2d(inputs, 1280, 1, bias=False))
        self.bn2 = nn.BatchNorm2d(1280)
        self.linear = kernel(nn.Linear(1280, classes))

    def forward(self, x):
        x = self.layers(F.relu(self.bn1(self.conv1(x))))
        x = F.relu(self.bn2(self.conv2(x)))
        return self.linear(x.mean((2, 3)))
