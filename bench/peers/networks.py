"""The networks of the bench in PyTorch, in the three kinds, as the public DCTpS code computes them: D is a dense matrix
in a layer of its own, S a dense weight whose gradient is masked. Parameter names are the published ones. Timing is
torch_step.py's, checking exchange.py's. Source: the public code of Price & Tanner, ICML 2021."""

import copy
import math

import torch
from torch import nn
from torch.nn import functional as F


def dct_weight(shape):
    """Rows 0..out-1 of the orthonormal DCT-II of the patch in the order (kh, kw, c), zero-padded to max(patch, out)."""
    out, *rest = shape
    patch = math.prod(rest)
    length = max(patch, out)
    k = torch.arange(out, dtype=torch.float64)[:, None]
    n = torch.arange(patch, dtype=torch.float64)[None, :]
    matrix = torch.cos(math.pi * (2 * n + 1) * k / (2 * length)) * math.sqrt(2 / length)
    matrix[0] /= math.sqrt(2)
    if len(rest) == 3:
        channels, height, width = rest
        matrix = matrix.reshape(out, height, width, channels).permute(0, 3, 1, 2)
    return matrix.float().contiguous()


class DctPlusSparse(nn.Module):
    """alpha * D x + S x, where D and S are layers of their own, both dense."""

    def __init__(self, module):
        super().__init__()
        self.scaling = nn.Parameter(torch.ones(1))
        fixed = copy.deepcopy(module)
        fixed.weight = nn.Parameter(dct_weight(module.weight.shape), requires_grad=False)
        fixed.bias = None
        self.dct = fixed
        # The published names: `<layer>.conv.weight`, `<layer>.linear.weight`.
        self.part = "conv" if isinstance(module, nn.Conv2d) else "linear"
        self.add_module(self.part, module)

    def forward(self, x):
        return self.scaling * self.dct(x) + getattr(self, self.part)(x)


KINDS = {"dctps": DctPlusSparse, "sparse": lambda module: module, "dense": lambda module: module}


def prunable(model):
    """The trainable kernels by name."""
    return {
        f"{name}.weight": module.weight
        for name, module in model.named_modules()
        if isinstance(module, (nn.Conv2d, nn.Linear)) and module.weight.requires_grad
    }


def prune(weight, mask):
    """Weights off the mask become zero, and their gradients stay zero: a hook on the dense gradient, as published."""
    with torch.no_grad():
        weight.mul_(mask)
    weight.register_hook(lambda gradient: gradient * mask)


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


class BasicBlock(nn.Module):
    def __init__(self, kernel, inputs, width, stride):
        super().__init__()
        self.conv1 = kernel(nn.Conv2d(inputs, width, 3, stride, 1, bias=False))
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = kernel(nn.Conv2d(width, width, 3, 1, 1, bias=False))
        self.bn2 = nn.BatchNorm2d(width)
        self.shortcut = nn.Sequential()
        if stride != 1:
            projection = kernel(nn.Conv2d(inputs, width, 1, stride, bias=False))
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(width))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResNet8(nn.Module):
    def __init__(self, kernel, channels, classes):
        super().__init__()
        self.conv1 = kernel(nn.Conv2d(channels, 16, 3, 1, 1, bias=False))
        self.bn1 = nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(BasicBlock(kernel, 16, 16, 1))
        self.layer2 = nn.Sequential(BasicBlock(kernel, 16, 32, 2))
        self.layer3 = nn.Sequential(BasicBlock(kernel, 32, 64, 2))
        self.linear = kernel(nn.Linear(64, classes))

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))


NETWORKS = {"lenet5": LeNet5, "resnet8": ResNet8}


def build(network, kind, channels=3, classes=10):
    return NETWORKS[network](KINDS[kind], channels, classes)
