"""Kernels of the bench's PyTorch networks in the three kinds, as the public DCTpS code computes them: D is a dense matrix
in a layer of its own, S a dense weight whose gradient is masked. Source: the public code of Price & Tanner, ICML 2021."""

import copy
import math

import torch
from torch import nn


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
    return matrix.to(torch.get_default_dtype()).contiguous()


class DctPlusSparse(nn.Module):
    """alpha * D x + S x, where D and S are layers of their own, both dense. S starts at zero."""

    def __init__(self, module):
        super().__init__()
        self.scaling = nn.Parameter(torch.ones(1))
        fixed = copy.deepcopy(module)
        fixed.weight = nn.Parameter(dct_weight(module.weight.shape), requires_grad=False)
        fixed.bias = None
        self.dct = fixed
        nn.init.zeros_(module.weight)
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
