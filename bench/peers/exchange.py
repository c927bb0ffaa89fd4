"""One training step described by a safetensors file (the format of the reference fixtures: a start, batches, and what
came out), repeated in PyTorch: do both sides compute the same function?

PyTorch repeats it in float64, so that only the file's side rounds, and in float32, to see what rounding does here. Tensors
are compared by the norm of the difference. Logits depend on rounding smoothly. Gradients jump where it turns a ReLU the
other way, which in deep networks with batch norm happens in some layer or other, so they are allowed more."""

import json
import math
import struct

import numpy
import torch
from torch.nn import functional as F

from kernels import prune
from networks import NETWORKS, build

LOGITS = "step0.logits"
DTYPES = {"F32": "<f4", "F64": "<f8", "I32": "<i4", "I64": "<i8"}

# What a tensor may be off, relative to its norm: so many times what PyTorch's float32 is off, plus a floor.
ROUNDING_FACTOR = 10
LOGITS_FLOOR = 2e-5
# One turned ReLU; and what no network may exceed. Another function misses a whole tensor.
GRADIENT_FLOOR = 0.01
GRADIENT_CEILING = 0.1
# Gradients that are zero in exact arithmetic have no scale of their own; they have this share of all gradients' norm.
SMALLEST_SHARE = 1e-4


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
                target.view(-1)[tensor.long()] = tensors[name.removesuffix("indices") + "values"].to(target.dtype)
                prune(target, mask)
            else:
                target.copy_(tensor.reshape(target.shape))
        missing.remove(name[len("init.") :].removesuffix(".indices"))
    if missing:
        raise ValueError(f"the file gives no start for {', '.join(sorted(missing))}")


def first_step(tensors, metadata, dtype):
    """Logits and gradients of the first batch, named and shaped as the file's, in float64."""
    kind = "sparse" if metadata.get("offset") == "None" else "dctps"
    x, labels = tensors["x"][0].to(dtype), tensors["labels"][0].long()
    options = {"width": int(metadata["in_planes"])} if "in_planes" in metadata else {}
    usual = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    model = build(metadata["arch"], kind, x.shape[1], int(metadata["classes"]), **options)
    torch.set_default_dtype(usual)
    load_start(model, tensors)
    model.train()
    logits = model(x)
    F.cross_entropy(logits, labels).backward()
    gradients = {name: parameter.grad for name, parameter in model.named_parameters()}
    results = {LOGITS: logits.detach().double()}
    for name in expected_of(tensors):
        if name in results:
            continue
        parameter = name[len("step0.grad.") :]
        gradient = gradients[parameter.removesuffix(".values")].flatten()
        if parameter.endswith(".values"):
            gradient = gradient[tensors[f"init.{parameter.removesuffix('values')}indices"].long()]
        results[name] = gradient.double()
    return results


def expected_of(tensors):
    """What came out on the other side: logits and gradients that have entries."""
    return {
        name: tensor.double()
        for name, tensor in tensors.items()
        if name == LOGITS or (name.startswith("step0.grad.") and tensor.numel() > 0)
    }


def worst_tensor(path):
    """The tensor that is furthest off for what it may be: its name, error and tolerance. None: this network has no
    PyTorch version here."""
    tensors, metadata = read_safetensors(path)
    if metadata["arch"] not in NETWORKS:
        return None
    expected = expected_of(tensors)
    exact, rounded = (first_step(tensors, metadata, dtype) for dtype in (torch.float64, torch.float32))
    errors, roundings = relative_errors(expected, exact), relative_errors(rounded, exact)
    tolerances = dict.fromkeys(errors, gradient_tolerance(roundings))
    tolerances[LOGITS] = ROUNDING_FACTOR * roundings[LOGITS] + LOGITS_FLOOR
    # A difference that is no number is the worst of all.
    name = max(errors, key=lambda name: math.inf if math.isnan(errors[name]) else errors[name] / tolerances[name])
    return {"tensor": name, "error": errors[name], "tolerance": tolerances[name]}


def gradient_tolerance(roundings):
    """The same for all gradients of a network, since chance decides which of them a turned ReLU hits."""
    largest = max(error for name, error in roundings.items() if name != LOGITS)
    return min(GRADIENT_CEILING, ROUNDING_FACTOR * largest + GRADIENT_FLOOR)


def relative_errors(results, exact):
    """Norm of the difference by tensor, relative to the norm of the exact one."""
    whole = math.hypot(*(tensor.norm().item() for name, tensor in exact.items() if name != LOGITS))
    errors = {}
    for name, tensor in exact.items():
        difference = (results[name].flatten() - tensor.flatten()).norm().item()
        smallest = 0 if name == LOGITS else SMALLEST_SHARE * whole
        errors[name] = difference / (max(tensor.norm().item(), smallest) or 1)
    return errors
