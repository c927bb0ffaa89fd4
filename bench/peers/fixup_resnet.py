"""Fixup residual networks in PyTorch (Zhang et al., ICLR 2019): no batch norm; scalar biases and scales, and a start at
which residual branches are zero. Without that start a network so deep overflows in its first step."""

import math
from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

from kernels import DctPlusSparse


def scalar(value):
    return nn.Parameter(torch.full((1,), float(value)))


class FixupBlock(nn.Module):
    def __init__(self, kernel, inputs, outputs, stride, blocks):
        super().__init__()
        self.bias1a = scalar(0)
        self.conv1 = kernel(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False))
        self.bias1b = scalar(0)
        self.bias2a = scalar(0)
        self.conv2 = kernel(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False))
        self.scale = scalar(1)
        self.bias2b = scalar(0)
        # A pool of one pixel is a subsampling.
        self.downsample = nn.AvgPool2d(1, stride) if stride != 1 else None
        start_branch(self.conv1, 9 * inputs, math.sqrt(2 / (9 * outputs) / blocks))
        start_at_zero(self.conv2)

    def forward(self, x):
        shifted = x + self.bias1a
        y = F.relu(self.conv1(shifted) + self.bias1b)
        y = self.conv2(y + self.bias2a) * self.scale + self.bias2b
        if self.downsample is not None:
            x = self.downsample(shifted)
            x = torch.cat((x, torch.zeros_like(x)), 1)
        return F.relu(y + x)


def start_branch(kernel, patch, deviation):
    """Normal weights; for DCTpS the alpha that matches their mean norm (a row of D has norm 1)."""
    if isinstance(kernel, DctPlusSparse):
        norm = math.sqrt(2) * math.exp(math.lgamma((patch + 1) / 2) - math.lgamma(patch / 2))
        nn.init.constant_(kernel.scaling, math.sqrt(deviation * norm))
    else:
        nn.init.normal_(kernel.weight, 0, deviation)


def start_at_zero(kernel):
    nn.init.zeros_(kernel.scaling if isinstance(kernel, DctPlusSparse) else kernel.weight)


class FixupResNet(nn.Module):
    def __init__(self, blocks, kernel, channels, classes):
        super().__init__()
        self.conv1 = kernel(nn.Conv2d(channels, 16, 3, 1, 1, bias=False))
        self.bias1 = scalar(0)
        inputs = 16
        for stage, width in enumerate((16, 32, 64)):
            layers = []
            for index in range(blocks):
                stride = 2 if stage > 0 and index == 0 else 1
                layers.append(FixupBlock(kernel, inputs, width, stride, 3 * blocks))
                inputs = width
            self.add_module(f"layer{stage + 1}", nn.Sequential(*layers))
        self.bias2 = scalar(0)
        self.fc = kernel(nn.Linear(inputs, classes))
        start_at_zero(self.fc)

    @classmethod
    def of(cls, blocks):
        return partial(cls, blocks)

    def forward(self, x):
        x = F.relu(self.conv1(x) + self.bias1)
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(x.mean((2, 3)) + self.bias2)
