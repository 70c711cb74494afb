"""One step of ours against the floor of the machine: operations and bytes counted, rates measured.

    python -m tests.benchmarks.training --part profile --models crayon sd15-random --photos 512px

The operations of convolutions, matrix products and attention are counted, forward and backward, and
so are the bytes that every kernel reads and writes. Then the machine's own best rates are measured
on a large convolution and a large product, and its memory's speed on a copy. The floor is the time
that the counted operations take at those rates; "unfused" adds the bytes of all other kernels at
the memory's speed, which a program could save only by fusing them.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count

from tests.benchmarks.cases import Case
from tests.benchmarks.product import Product
from tests.benchmarks.side_by_side import Clock

_WARM_UP_STEPS = 2
_MEASURED_SECONDS = 1.5
"""How long each of the machine's rates is looked for."""
_COPY_BYTES = 1 << 28
_COMPUTE = (
    "convolution",
    "_convolution_pointwise",
    "mm",
    "addmm",
    "bmm",
    "baddbmm",
    "_scaled_dot_product",
)
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Profile:
    """What one step is made of and how fast it runs."""

    step_seconds: float
    conv_flops: float
    product_flops: float
    """Matrix products and attention."""
    compute_bytes: int
    """Read and written by convolutions, products and attention."""
    other_bytes: int
    num_kernels: int
    conv_rate: float
    """Operations a second, the machine's best."""
    product_rate: float
    memory_rate: float
    """Bytes a second, read and written."""
    plan: str

    @property
    def flops(self) -> float:
        """Operations of the step."""
        return self.conv_flops + self.product_flops

    @property
    def floor_seconds(self) -> float:
        """Time that the operations take at the machine's best rates."""
        return self.conv_flops / self.conv_rate + self.product_flops / self.product_rate

    @property
    def unfused_seconds(self) -> float:
        """The floor, and the bytes of the other kernels at the memory's speed."""
        return self.floor_seconds + self.other_bytes / self.memory_rate


class ByteCounter(TorchDispatchMode):
    """Counts kernels and the bytes of the tensors they read and write."""

    def __init__(self) -> None:
        super().__init__()
        self.compute_bytes = self.other_bytes = self.num_kernels = 0

    def __torch_dispatch__(
        self, kernel: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Run a kernel and note what it moved; a view moves nothing."""
        result = kernel(*args, **(kwargs or {}))
        if kernel.is_view:
            return result
        tensors = [leaf for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, Tensor)]
        moved = sum(tensor.numel() * tensor.element_size() for tensor in tensors)
        self.num_kernels += 1
        if kernel.overloadpacket.__name__.startswith(_COMPUTE):
            self.compute_bytes += moved
        else:
            self.other_bytes += moved
        return result


def attention_flops(query: Any, key: Any, value: Any, *_: Any, **__: Any) -> int:
    """Return the operations of the CPU's attention kernel, which torch does not count."""
    batch, heads, length, width = query
    return int(2 * batch * heads * length * key[-2] * (width + value[-1]))


def attention_backward_flops(
    _gradient: Any, query: Any, key: Any, value: Any, *_: Any, **__: Any
) -> int:
    """Return the operations of its backward: the scores again, and four products of their size."""
    batch, heads, length, width = query
    return int(2 * batch * heads * length * key[-2] * (3 * width + 2 * value[-1]))


def packed_convolution_flops(
    given: Any, weights: Any, *_: Any, out_shape: Any = None, **__: Any
) -> int:
    """Return the operations of a convolution whose weights are packed, forward or backward."""
    return conv_flop_count(given, weights, out_shape)


_PACKED_CONVOLUTION = torch.ops.mkldnn._convolution_pointwise
_CPU_ATTENTION = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
_CPU_ATTENTION_BACKWARD = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


def count_operations(make_step: Callable[[], None]) -> tuple[float, float]:
    """Return the operations of convolutions, and of products and attention, of one step."""
    mapping = {
        _PACKED_CONVOLUTION: packed_convolution_flops,
        _CPU_ATTENTION: attention_flops,
        _CPU_ATTENTION_BACKWARD: attention_backward_flops,
    }
    with FlopCounterMode(display=False, custom_mapping=mapping) as counter:
        make_step()
    counts = counter.get_flop_counts()["Global"]
    convolutions = sum(count for kernel, count in counts.items() if "convolution" in str(kernel))
    return float(convolutions), float(sum(counts.values()) - convolutions)


def best_rate(work: Callable[[], object], amount: float, clock: Clock) -> float:
    """Return the highest rate at which ``work``, which does ``amount``, was seen to run."""
    work()
    end, best = time.perf_counter() + _MEASURED_SECONDS, 0.0
    while time.perf_counter() < end or not best:
        started = clock.now()
        work()
        best = max(best, amount / (clock.now() - started))
    return best


def machine_rates(case: Case, clock: Clock) -> tuple[float, float, float]:
    """Return the machine's best rates: convolution, product (operations/s), memory (bytes/s)."""
    options = {"device": case.device, "dtype": _DTYPES[case.dtype]}
    is_gpu = case.device == "cuda"
    side, batch, width, size = (8192, 16, 64, 3) if is_gpu else (2048, 4, 64, 3)
    channels = 320
    first, second = torch.randn(side, side, **options), torch.randn(side, side, **options)
    pixels = torch.randn(batch, channels, width, width, **options)
    weight = torch.randn(channels, channels, size, size, **options)
    pixels, weight = (tensor.to(memory_format=torch.channels_last) for tensor in (pixels, weight))
    source = torch.zeros(_COPY_BYTES // 4, device=case.device)
    target = torch.empty_like(source)
    with torch.no_grad():
        return (
            best_rate(
                lambda: functional.conv2d(pixels, weight, padding=size // 2),
                2.0 * batch * width**2 * channels**2 * size**2,
                clock,
            ),
            best_rate(lambda: first @ second, 2.0 * side**3, clock),
            best_rate(lambda: target.copy_(source), 2.0 * _COPY_BYTES, clock),
        )


def measure(case: Case, folder: Path) -> Profile:
    """Count and measure the steps of a case."""
    clock = Clock(case.device)
    product = Product.prepare(case, folder)
    trainer = product.session.trainer
    for _ in range(_WARM_UP_STEPS):
        product.step()
    seconds = []
    for _ in range(max(3, case.steps)):
        started = clock.now()
        product.step()
        seconds.append(clock.now() - started)
    plan = repr(trainer.plan)
    # A recorded step is one kernel to whoever counts, and what other threads compute is not seen;
    # the parts are those of a plain step.
    trainer.shrink(replace(trainer.plan, cuda_graph=False, side_by_side=False))
    product.step()
    conv_flops, product_flops = count_operations(product.step)
    with ByteCounter() as counted:
        product.step()
    conv_rate, product_rate, memory_rate = machine_rates(case, clock)
    return Profile(
        step_seconds=statistics.median(seconds),
        conv_flops=conv_flops,
        product_flops=product_flops,
        compute_bytes=counted.compute_bytes,
        other_bytes=counted.other_bytes,
        num_kernels=counted.num_kernels,
        conv_rate=conv_rate,
        product_rate=product_rate,
        memory_rate=memory_rate,
        plan=plan,
    )


def describe(found: Profile, case: Case) -> str:
    """Return a profile as rows of a table."""
    step = found.step_seconds
    rows = [
        ("step", f"{step:.4f} s, {case.batch / step:.2f} pictures/s"),
        (
            "operations counted",
            f"{found.flops / 1e9:.2f} GFLOP ({found.conv_flops / 1e9:.2f} in convolutions)",
        ),
        (
            "bytes counted",
            f"{found.compute_bytes / 1e9:.3f} GB in those, {found.other_bytes / 1e9:.3f} GB in the "
            f"rest; {found.num_kernels} kernels",
        ),
        (
            "machine's best",
            f"convolution {found.conv_rate / 1e9:.0f}, product {found.product_rate / 1e9:.0f} "
            f"GFLOP/s, memory {found.memory_rate / 1e9:.1f} GB/s",
        ),
        ("rate reached", f"{found.flops / step / 1e9:.1f} GFLOP/s"),
        ("floor", f"{found.floor_seconds:.4f} s: {found.floor_seconds / step:.0%} of the step"),
        (
            "floor, unfused",
            f"{found.unfused_seconds:.4f} s: {found.unfused_seconds / step:.0%} of the step",
        ),
    ]
    title = (
        f"| {case.model} {case.resolution_pixels} px, {case.method}, {case.dtype}, "
        f"batch {case.batch} | |"
    )
    return "\n".join([title, "| --- | --- |", *(f"| {name} | {text} |" for name, text in rows)])


def main() -> None:
    """Measure a case and print one line."""
    case = Case.from_json(sys.argv[1])
    answer = os.dup(1)
    os.dup2(2, 1)
    with tempfile.TemporaryDirectory(prefix="petname-benchmark-") as name:
        found = measure(case, Path(name) / "run")
    os.write(answer, json.dumps(asdict(found)).encode("utf-8") + b"\n")


if __name__ == "__main__":
    main()
