"""bfloat16 convolutions and matrix products as a processor with units for them computes them, on one without.

Such units multiply bfloat16 numbers, which is exact in float32, add up in float32 and round the sum to bfloat16. A
float32 kernel on the same numbers, its result rounded, does that too, and a processor without the units runs it many
times faster than torch's bfloat16 kernels. Everything else, autocast and its casts above all, stays torch's.
"""

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

aten = torch.ops.aten
PRODUCTS = {aten.convolution, aten.convolution_backward, aten.mm, aten.addmm, aten.bmm, aten.baddbmm}
PRODUCTS |= {aten.conv2d, aten.conv3d, aten.linear, aten.matmul}  # what inference mode shows in place of the former


class Bfloat16Kernels(TorchDispatchMode):
    """While entered, products of bfloat16 tensors run in float32 and are rounded; `replaced` counts them."""

    def __init__(self):
        super().__init__()
        self.replaced = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        del types
        kwargs = kwargs or {}
        if func._overloadpacket not in PRODUCTS or args[0].dtype != torch.bfloat16:
            return func(*args, **kwargs)
        self.replaced += 1
        wide = tree_map_only(torch.Tensor, torch.Tensor.float, (args, kwargs))
        return tree_map_only(torch.Tensor, torch.Tensor.bfloat16, func(*wide[0], **wide[1]))


def has_units():
    """Whether torch convolves in bfloat16 on this processor without a slow stand-in."""
    return torch.ops.mkldnn._is_mkldnn_bf16_supported()
