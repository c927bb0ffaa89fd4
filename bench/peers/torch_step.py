#!/usr/bin/env python3
"""Whole training steps (forward, backward, Adam) in PyTorch on the processor: the peer of `npm run bench -- --peers`.

    torch_step.py NETWORK KIND DENSITY BATCH THREADS SECONDS...    measures once for each SECONDS
    torch_step.py NETWORK KIND DENSITY BATCH THREADS               measures once for each line of SECONDS on stdin
    torch_step.py --check FILE...                                  repeats the first step of reference fixtures

Measurements are JSON lines on stdout, the first of them {"ready": seconds since the process started}, or {"unable": why}.
KIND is dctps or sparse (dense weights with masks, the published way) or dense. A check ends with code 3 where the network has
no PyTorch version here.
"""

import json
import resource
import sys
import time

started = time.monotonic()
# No cache folder beside the sources.
sys.dont_write_bytecode = True

import torch  # noqa: E402
from torch.nn import functional as F  # noqa: E402

import exchange  # noqa: E402
import kernels  # noqa: E402
import networks  # noqa: E402

NOT_HERE = 3


class Trainer:
    def __init__(self, network, kind, density, batch):
        torch.manual_seed(0)
        self.batch = batch
        self.model = networks.build(network, kind)
        if kind != "dense":
            for weight in kernels.prunable(self.model).values():
                kernels.prune(weight, (torch.rand_like(weight) < density).float())
        self.model.train()
        trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.Adam(trained, lr=1e-3, weight_decay=5e-4)
        self.x = torch.randn(batch, 3, 32, 32)
        self.labels = torch.randint(0, 10, (batch,))

    def step(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(self.model(self.x), self.labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def measure(self, seconds):
        steps, begin, processor = 0, time.perf_counter(), time.process_time()
        while True:
            self.step()
            steps += 1
            elapsed = time.perf_counter() - begin
            if elapsed >= seconds:
                break
        # Linux counts in KiB.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
        return {
            "imagesPerSecond": steps * self.batch / elapsed,
            "peakMegabytes": peak,
            "processorSeconds": time.process_time() - processor,
        }


def say(**fields):
    print(json.dumps(fields), flush=True)


def check(files):
    passed = True
    for file in files:
        worst = exchange.worst_tensor(file)
        if worst is None:
            return NOT_HERE
        passed = passed and worst["error"] <= worst["tolerance"]
        say(file=file, **worst)
    return 0 if passed else 1


def main(arguments):
    if arguments[:1] == ["--check"]:
        return check(arguments[1:])
    if len(arguments) < 5:
        print(__doc__, file=sys.stderr)
        return 2
    network, kind, density, batch, threads, *seconds = arguments
    if network not in networks.NETWORKS:
        say(unable=f"bench/peers has no PyTorch version of {network}")
        return 0
    torch.set_num_threads(int(threads))
    try:
        trainer = Trainer(network, kind, float(density), int(batch))
        trainer.step()
    except (RuntimeError, MemoryError) as error:
        say(unable=str(error).splitlines()[0])
        return 0
    say(ready=time.monotonic() - started, version=torch.__version__)
    for line in seconds or sys.stdin:
        say(**trainer.measure(float(line)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
