"""Phase 1 in the order of ITTA's and the authors' scripts, from docs/method.md: the benchmark's reference.

Forward; backward of the weighted total; Adam on theta, phi and f_t; a second forward; two graph-building backward
passes for g_cls and g_sub; L_c; a double backward into f_c; Adam on f_c. Each stream runs through the whole network.
It has what a careful author would give it: `autograd.grad` into f_c alone, which leaves out everything f_c does not
need; no second puzzle pass; graphs freed as soon as they are used; the module's heads, losses and memory format. Its
layers are torch's (`stock_layers`) unless it is asked to take the module's own.
"""

import torch
from torch import nn

from syrfa.losses import (
    alignment_loss,
    classification_loss,
    consistency_loss,
    draw_order,
    permute_frames,
    puzzle_loss,
    stream_difference,
)
from syrfa.losses.alignment import flatten


def stock_layers(module):
    """`module` with torch's own InstanceNorm in place of ours."""
    for block in module.network.extractor.blocks:
        for place in (1, 4):
            block[place] = nn.InstanceNorm3d(block[0].out_channels)
    module.network.neck.norm = nn.InstanceNorm2d(module.network.neck.channels)
    return module


class PublishedOrder:
    """Steps the weights of `module`, a SynthKnowledgeModule, which needs no Trainer for it.

    Args:
        module: it becomes the reference's own, layers and all.
        stock: run it with torch's layers.
    """

    def __init__(self, module, stock=True):
        self.module = stock_layers(module) if stock else module
        self.theta = list(module.network.extractor.parameters())
        self.knowledge, self.head = module.configure_optimizers()

    def streams(self, x, draw):
        """O and O', each from the pixels."""
        extractor, style = self.module.network.extractor, self.module.network.style
        first, second = (None, None) if draw.dropout is None else draw.dropout.chunk(2)
        clean = augmented = x
        for block in extractor.blocks:
            clean = block(clean)
        for number, block in enumerate(extractor.blocks, 1):
            augmented = style(block(augmented), number, draw.style)
        return extractor.neck(clean, first), extractor.neck(augmented, second)

    def losses(self, x, labels, draw):
        """L_cls and L_cont (Eq. 4 and 5)."""
        m = self.module
        clean, augmented = self.streams(x, draw)
        l_cls = classification_loss(m.classifier(clean), m.classifier(augmented), labels)
        difference = stream_difference(clean, augmented, m.options.consistency_input)
        return l_cls, consistency_loss(m.consistency(difference), m.options.consistency_norm)

    def head_gradient(self, x, labels, draw):
        """L_c and its gradient in f_c, by double backward (Eq. 6-8 and 11)."""
        l_cls, l_cont = self.losses(x, labels, draw)
        g_cls = torch.autograd.grad(l_cls, self.theta, create_graph=True)
        g_sub = torch.autograd.grad(l_cont, self.theta, create_graph=True)
        l_c = alignment_loss(flatten(g_cls), flatten(g_sub), self.module.options.normalise)
        return l_c.detach(), torch.autograd.grad(l_c, list(self.module.consistency.parameters()))

    def step(self, batch):
        """One training step on a batch of the data module."""
        m = self.module
        lambda_cls, lambda_cont, lambda_aux = m.weights
        x = m.to_input(torch.cat([batch["normal"], batch["abnormal"]]))
        labels = torch.zeros(len(x), dtype=torch.int64, device=x.device)
        labels[len(batch["normal"]) :] = 1

        l_cls, l_cont = self.losses(x, labels, m.network.draw(x))
        order = draw_order(len(batch["puzzle"]), batch["puzzle"].shape[1], x.device)
        permuted = permute_frames(m.to_input(batch["puzzle"]), order)
        l_aux = puzzle_loss(m.temporal(m.network.clean(permuted)), order)
        self.knowledge.zero_grad()
        (lambda_cls * l_cls + lambda_cont * l_cont + lambda_aux * l_aux).backward()
        self.knowledge.step()

        _, gradients = self.head_gradient(x, labels, m.network.draw(x))
        for parameter, gradient in zip(m.consistency.parameters(), gradients, strict=True):
            parameter.grad = gradient
        self.head.step()
