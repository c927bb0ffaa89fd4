"""Residual networks with batch norm in PyTorch: ResNet-18 to 152 with four stages of basic or bottleneck blocks, and the
small ResNet-8. `width` is that of the stem and the first stage; `stable` scales residual branches by blocks^(-1/2)."""

from functools import partial

from torch import nn
from torch.nn import functional as F


def conv(kernel, inputs, outputs, size, stride=1):
    return kernel(nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False))


def projection(kernel, inputs, outputs, stride):
    """The identity where it fits."""
    if stride == 1 and inputs == outputs:
        return nn.Sequential()
    return nn.Sequential(conv(kernel, inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, kernel, inputs, width, stride, scale=1):
        super().__init__()
        self.conv1 = conv(kernel, inputs, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv(kernel, width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = projection(kernel, inputs, width, stride)
        self.scale = scale

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return join(self.bn2(self.conv2(y)), self.shortcut(x), self.scale)


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, kernel, inputs, width, stride, scale=1):
        super().__init__()
        outputs = self.expansion * width
        self.conv1 = conv(kernel, inputs, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv(kernel, width, width, 3, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = conv(kernel, width, outputs, 1)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.shortcut = projection(kernel, inputs, outputs, stride)
        self.scale = scale

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return join(self.bn3(self.conv3(y)), self.shortcut(x), self.scale)


def join(branch, shortcut, scale):
    return F.relu((branch if scale == 1 else branch * scale) + shortcut)


class ResNet(nn.Module):
    def __init__(self, block, blocks, kernel, channels, classes, width=64, stable=False):
        super().__init__()
        self.conv1 = conv(kernel, channels, width, 3)
        self.bn1 = nn.BatchNorm2d(width)
        scale = sum(blocks) ** -0.5 if stable else 1
        inputs = width
        for stage, count in enumerate(blocks):
            layers = []
            for index in range(count):
                stride = 2 if stage > 0 and index == 0 else 1
                layers.append(block(kernel, inputs, width * 2**stage, stride, scale))
                inputs = block.expansion * width * 2**stage
            self.add_module(f"layer{stage + 1}", nn.Sequential(*layers))
        self.fc = kernel(nn.Linear(inputs, classes))

    @classmethod
    def of(cls, block, blocks):
        return partial(cls, block, blocks)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


class ResNet8(nn.Module):
    def __init__(self, kernel, channels, classes):
        super().__init__()
        self.conv1 = conv(kernel, channels, 16, 3)
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(BasicBlock(kernel, 16, 16, 1))
        self.layer2 = nn.Sequential(BasicBlock(kernel, 16, 32, 2))
        self.layer3 = nn.Sequential(BasicBlock(kernel, 32, 64, 2))
        self.linear = kernel(nn.Linear(64, classes))

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))
