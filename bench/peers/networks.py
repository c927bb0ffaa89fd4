"""The networks of the bench in PyTorch by name: the architectures of packages/core/src/models, with the published
parameter names. A family is a file; a new network is one line here. Timing is torch_step.py's, checking exchange.py's."""

from fixup_resnet import FixupResNet
from kernels import KINDS
from lenet5 import LeNet5
from mobilenetv2 import MobileNetV2
from resnet import BasicBlock, Bottleneck, ResNet, ResNet8
from vgg import Vgg

# Each is called with a function that makes a kernel of its kind from a dense layer, input channels, and classes; residual
# networks also take `width` and `stable`.
NETWORKS = {
    "lenet5": LeNet5,
    "resnet8": ResNet8,
    "mobilenetv2": MobileNetV2,
    **{f"vgg{depth}": Vgg.of(depth) for depth in (11, 13, 16, 19)},
    "resnet18": ResNet.of(BasicBlock, (2, 2, 2, 2)),
    "resnet34": ResNet.of(BasicBlock, (3, 4, 6, 3)),
    "resnet50": ResNet.of(Bottleneck, (3, 4, 6, 3)),
    "resnet101": ResNet.of(Bottleneck, (3, 4, 23, 3)),
    "resnet110": ResNet.of(Bottleneck, (3, 4, 26, 3)),
    "resnet152": ResNet.of(Bottleneck, (3, 8, 36, 3)),
    **{f"fixup-resnet{6 * blocks + 2}": FixupResNet.of(blocks) for blocks in (3, 5, 7, 9, 18)},
}


def build(network, kind, channels=3, classes=10, **options):
    return NETWORKS[network](KINDS[kind], channels, classes, **options)
