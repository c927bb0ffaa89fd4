"""One training step described by a safetensors file (the format of the reference fixtures: a start, batches, and what
came out), repeated in PyTorch: do both sides compute the same function?"""

import json
import struct

import numpy
import torch
from torch.nn import functional as F

from networks import NETWORKS, build, prune

DTYPES = {"F32": "<f4", "F64": "<f8", "I32": "<i4", "I64": "<i8"}


def read_safetensors(path):
    """Tensors by name, and the metadata."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        array = numpy.frombuffer(data[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
        tensors[name] = torch.from_numpy(array.copy())
    return tensors, metadata


def load_start(model, tensors):
    """Writes `init.*` into the model. Kernels come as flat indices and values, which also make the mask."""
    named = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    missing = {name for name in named if not name.endswith((".dct.weight", "num_batches_tracked"))}
    for name, tensor in tensors.items():
        if not name.startswith("init.") or name.endswith((".values", "num_batches_tracked")):
            continue
        target = named[name[len("init.") :].removesuffix(".indices")]
        with torch.no_grad():
            if name.endswith(".indices"):
                mask = torch.zeros_like(target)
                mask.view(-1)[tensor.long()] = 1
                target.view(-1)[tensor.long()] = tensors[name.removesuffix("indices") + "values"]
                prune(target, mask)
            else:
                target.copy_(tensor.reshape(target.shape))
        missing.remove(name[len("init.") :].removesuffix(".indices"))
    if missing:
        raise ValueError(f"the file gives no start for {', '.join(sorted(missing))}")


def largest_error(path):
    """Name and size of the largest error: of logits relative to the largest logit, of gradients to the largest gradient
    (one that is zero in exact arithmetic has no scale of its own). None: this network has no PyTorch version here."""
    tensors, metadata = read_safetensors(path)
    kind = "sparse" if metadata.get("offset") == "None" else "dctps"
    x, labels = tensors["x"][0], tensors["labels"][0].long()
    if metadata["arch"] not in NETWORKS:
        return None
    model = build(metadata["arch"], kind, x.shape[1], int(metadata["classes"]))
    load_start(model, tensors)
    model.train()
    logits = model(x)
    F.cross_entropy(logits, labels).backward()
    errors = {"logits": difference(logits.detach(), tensors["step0.logits"])}
    expected = {name: value for name, value in tensors.items() if name.startswith("step0.grad.") and value.numel()}
    scale = max(value.abs().max().item() for value in expected.values())
    for name, value in expected.items():
        parameter = name[len("step0.grad.") :]
        gradient = dict(model.named_parameters())[parameter.removesuffix(".values")].grad.flatten()
        if parameter.endswith(".values"):
            gradient = gradient[tensors[f"init.{parameter.removesuffix('values')}indices"].long()]
        errors[parameter] = difference(gradient, value.flatten(), scale)
    return max(errors.items(), key=lambda item: item[1])


def difference(ours, theirs, scale=None):
    return (ours - theirs).abs().max().item() / (scale or theirs.abs().max().item())
