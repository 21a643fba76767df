"""A training step of phase 1 beside the published order (`published_order.py`) and beside cheaper steps.

Run by `make bench` (SYRFA_BENCH=1); prints, and writes runs/bench_step.json; asserts only what no clock decides. Every
comparison interleaves its calls, and a row holds medians; its `ratio` is the median over the rounds of ours divided by
the reference, below 1 where ours needs less. 64 pixels, 7 frames; "4+4+4" is normal, abnormal and puzzle tubes. A pair
of steps of 16+16+16 takes most of a minute on two cores, so the seven pairs of the headline are of 4+4+4 (time is
linear in the tubes) and the full batch is measured in SYRFA_BENCH_PAIRS pairs, 2 by default.
"""

import copy
import os
from pathlib import Path
from statistics import median

import pytest
import torch
from machine import MEMORY_IS, device, interleaved, processor
from published_order import PublishedOrder
from standalone import StandaloneModule, batch_of
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from syrfa.training.provenance import environment
from syrfa.utils.files import write_json

FULL_PAIRS = int(os.environ.get("SYRFA_BENCH_PAIRS", "2"))
MEASURED: dict[str, dict[str, float | int | str]] = {}

pytestmark = [
    pytest.mark.skipif(os.environ.get("SYRFA_BENCH") != "1", reason="a benchmark; run it with SYRFA_BENCH=1"),
    pytest.mark.timeout(1800),
]


@pytest.fixture(scope="module", autouse=True)
def written():
    """Leaves what was measured, and on what, in runs/bench_step.json; SYRFA_BENCH_THREADS threads, 1 by default."""
    torch.set_num_threads(int(os.environ.get("SYRFA_BENCH_THREADS", "1")))
    yield
    content = {"material": "tubes of noise", "cores": len(os.sched_getaffinity(0)), "processor": processor()}
    write_json(
        Path("runs/bench_step.json"),
        {**content, "device": str(device()), "memory": MEMORY_IS, "rows": MEASURED, "environment": environment()},
    )


def built(width=32, **settings):
    torch.manual_seed(0)
    return StandaloneModule(width=width, **settings).to(device()).train()


def published(module):
    return PublishedOrder(copy.deepcopy(module))


def add(capsys, title, unit, theirs, mine, ratio, n):
    MEASURED[title] = {"unit": unit, "reference": theirs, "ours": mine, "ratio": ratio, "n": n}
    with capsys.disabled():
        print(f"\n{title:<66} reference {theirs:>9,.3f}  ours {mine:>9,.3f} {unit:<11} {ratio:>6.3f}  n={n}")


def report(capsys, title, found, reference="reference", ours="ours", memory=True):
    """A row of seconds and one of peak memory, from what `interleaved` found."""
    kinds = [("time, ", "s", 1.0), ("peak memory, ", "MiB", 2.0**20)]
    for kind, (label, unit, size) in enumerate(kinds[: 1 + memory]):
        theirs, mine = ([values[kind] / size for values in found[name]] for name in (reference, ours))
        ratio = median(m / t for m, t in zip(mine, theirs, strict=True))
        add(capsys, label + title, unit, median(theirs), median(mine), ratio, len(mine))


def one_stream(module, batch):
    """A step of the same network as a plain classifier: one stream, one loss, one backward pass, Adam."""
    m = module
    x = m.to_input(torch.cat([batch["normal"], batch["abnormal"]]))
    labels = torch.arange(len(x), device=x.device) // len(batch["normal"])
    adam = torch.optim.Adam([*m.network.extractor.parameters(), *m.classifier.parameters()], lr=1e-5)

    def step():
        adam.zero_grad()
        F.cross_entropy(m.classifier(m.network.clean(x)), labels).backward()
        adam.step()

    return step


# --- against the published order


@pytest.mark.parametrize(("width", "tubes", "pairs"), [(32, 4, 7), (16, 4, 7), (8, 4, 7)])
def test_step_against_the_published_order(width, tubes, pairs, capsys):
    module, batch = built(width), batch_of(tubes, device=device())
    reference = published(module)
    calls = {"reference": lambda: reference.step(batch), "ours": lambda: module.training_step(batch, 0)}
    title = f"step / published order, width {width}, {tubes}+{tubes}+{tubes}"
    report(capsys, title, interleaved(calls, pairs))


def test_full_batch_against_the_published_order(capsys):
    module, batch = built(), batch_of(16, device=device())
    reference = published(module)
    calls = {"reference": lambda: reference.step(batch), "ours": lambda: module.training_step(batch, 0)}
    small = batch_of(1, device=device())
    reference.step(small)  # libraries, kernels and Adam's state are there before the first measured step
    module.training_step(small, 0)
    report(capsys, "step / published order, width 32, 16+16+16", interleaved(calls, FULL_PAIRS, warm=False))


def test_what_the_parts_of_the_difference_are(capsys):
    module, batch = built(), batch_of(2, device=device())
    ours_in_their_order = PublishedOrder(copy.deepcopy(module), stock=False)
    stock = published(module)
    default = PublishedOrder(copy.deepcopy(module).to(memory_format=torch.contiguous_format))
    plain = built(align_every=0)
    calls = {
        "ours": lambda: module.training_step(batch, 0),
        "published order on our layers": lambda: ours_in_their_order.step(batch),
        "published order": lambda: stock.step(batch),
        "published order, default memory format": lambda: default.step(batch),
        "step without alignment": lambda: plain.training_step(batch, 0),
        "one-stream classifier step": one_stream(built(), batch),
    }
    found = interleaved(calls, 3)
    for name in list(calls)[1:]:
        report(capsys, f"step / {name}, width 32, 2+2+2", found, reference=name)


def test_align_every(capsys):
    batch = batch_of(4, device=device())
    modules = {every: built(8, align_every=every) for every in (0, 1, 2, 5, 10)}

    def ten_steps(module):
        for number in range(10):
            module.global_step = number
            module.training_step(batch, 0)

    found = interleaved({str(every): lambda m=m: ten_steps(m) for every, m in modules.items()}, 3)
    for every in (1, 2, 5, 10):
        title = f"10 steps, align_every {every} / 0, width 8, 4+4+4"
        report(capsys, title, found, reference="0", ours=str(every), memory=False)


# --- the same gradient


@pytest.mark.parametrize(("dtype", "tubes", "limit"), [(torch.float64, 1, 1e-9), (torch.float32, 2, 1e-2)])
def test_same_head_gradient(dtype, tubes, limit, capsys):
    module = built(lr=0.0).to(dtype)
    reference = published(module)
    batch = batch_of(tubes, device=device())
    torch.manual_seed(1)
    module.training_step(batch, 0)
    torch.manual_seed(1)
    x = module.to_input(torch.cat([batch["normal"], batch["abnormal"]]))
    labels = torch.arange(len(x), device=x.device) // tubes
    _, (expected,) = reference.head_gradient(x, labels, reference.module.network.draw(x))
    difference = (module.consistency.scale.grad - expected).abs().max().item() / expected.abs().max().item()
    title = f"largest difference of the f_c gradient, {str(dtype)[6:]}, width 32, {tubes}+{tubes}"
    MEASURED[title] = {"unit": "of its largest", "reference": 0.0, "ours": difference, "ratio": difference, "n": 1}
    with capsys.disabled():
        print(f"\n{title:<66} {difference:.1e} of its largest element")
    assert difference < limit


# --- against what the machine can do


class Operations(TorchDispatchMode):
    """Counts floating-point operations of convolutions and matrix products, two per multiply-accumulate.

    FlopCounterMode does too, but not where autograd.grad ends in a leaf.
    """

    total = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if func._overloadpacket in flop_registry:
            self.total += flop_registry[func._overloadpacket](*args, **(kwargs or {}), out_val=out)
        return out


def operations(call):
    with Operations() as counter:
        call()
    return counter.total


def test_operations(capsys):
    """The forward pass of a tube is 2.455 GMAC; a step is counted for 1+1+1 tubes and is linear in them."""
    module, batch = built(), batch_of(1, device=device())
    x = module.to_input(batch["normal"])
    forward = operations(lambda: module.network.clean(x)) / 2e9
    assert forward == pytest.approx(2.455, abs=1e-3)
    reference, plain = published(module), built(align_every=0)
    theirs, mine = (
        operations(step) / 2e9 for step in (lambda: reference.step(batch), lambda: module.training_step(batch, 0))
    )
    without = operations(lambda: plain.training_step(batch, 0)) / 2e9
    add(capsys, "operations of a step / published order, 1+1+1", "GMAC", theirs, mine, mine / theirs, 1)
    add(capsys, "operations of a step / step without alignment, 1+1+1", "GMAC", without, mine, mine / without, 1)
