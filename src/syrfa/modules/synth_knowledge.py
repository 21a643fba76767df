"""Phase 1, learning on synthetic knowledge (paper section III-A)."""

import math
from typing import Any, Literal, cast

import torch
from lightning.pytorch.core.optimizer import LightningOptimizer
from torch import Tensor
from torch.optim import Adam, Optimizer

from syrfa.errors import ConfigError
from syrfa.losses import (
    classification_loss,
    consistency_head_gradient,
    consistency_loss,
    difference_jvp,
    draw_order,
    permute_frames,
    puzzle_loss,
)
from syrfa.losses.alignment import Normalise
from syrfa.losses.objectives import ConsistencyNorm
from syrfa.models import (
    Classifier,
    ConsistencyHead,
    Extractor,
    StreamDraw,
    StyleAugmentation,
    TemporalHead,
    TwoStreamExtractor,
)
from syrfa.models.augmentation import SensorAugmentation
from syrfa.modules.base import AnomalyModule, Batch, check_not_negative
from syrfa.modules.distributed import average_over_ranks
from syrfa.tubes.datamodule import TubeDataModule

Term = tuple[float, Tensor, list[Tensor]]  # weight, loss, the parameters it depends on


class SynthKnowledgeModule(AnomalyModule):
    """Learns extractor, classifier and heads on labelled synthetic tubes; the defaults are the paper's.

    Args:
        width: channels of the extractor's first block; 32 is the paper's.
        frames: T, frames in a tube; odd.
        size: side of the network's input in pixels; stored tubes of another size are resampled. 64 is the paper's.
        lambda_cls: weight of L_cls (Eq. 18).
        lambda_cont: weight of L_cont.
        lambda_aux: weight of L_aux.
        lr: Adam's learning rate for extractor, classifier and temporal head.
        lr_consistency: Adam's learning rate for the consistency head.
        lr_schedule: `cosine` lets `lr` fall to 0 over the run; the paper names no schedule.
        style_blocks: blocks behind which the augmented stream is restyled.
        style_mix: `swap` or `beta`.
        style_stats: `spatiotemporal` or `spatial`.
        style_one_of: restyle behind one of the blocks, drawn each step.
        consistency_depth: layers of f_c.
        consistency_bias: give f_c an offset.
        consistency_relu: put a ReLU between f_c's layers.
        consistency_norm: `l2` or `mse` (Eq. 5).
        normalise: `unit` or `standardise` the gradients of Eq. 8.
        align_every: take the alignment step every so many batches; 0 never. A batch without it needs one backward pass
            instead of three and no forward-mode pass.
        augment: also flip, gamma, blur and noise (`SensorAugmentation`); the paper names none.
        seed: of the random choices in training.
    """

    def __init__(
        self,
        width: int = 32,
        frames: int = 7,
        size: int = 64,
        lambda_cls: float = 1.0,
        lambda_cont: float = 1.0,
        lambda_aux: float = 0.05,
        lr: float = 1e-5,
        lr_consistency: float = 1e-6,
        lr_schedule: Literal["constant", "cosine"] = "constant",
        style_blocks: tuple[int, ...] = (1, 2),
        style_mix: Literal["swap", "beta"] = "swap",
        style_stats: Literal["spatial", "spatiotemporal"] = "spatiotemporal",
        style_one_of: bool = False,
        consistency_depth: int = 1,
        consistency_bias: bool = False,
        consistency_relu: bool = False,
        consistency_norm: ConsistencyNorm = "l2",
        normalise: Normalise = "unit",
        align_every: int = 1,
        augment: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__(seed)
        check_not_negative(lambda_cls=lambda_cls, lambda_cont=lambda_cont, lambda_aux=lambda_aux)
        check_not_negative(lr=lr, lr_consistency=lr_consistency, align_every=align_every)
        style_blocks = tuple(style_blocks)
        self.save_hyperparameters(logger=False)
        self.automatic_optimization = False
        self.network = TwoStreamExtractor(
            Extractor(width, frames, size), StyleAugmentation(style_blocks, style_mix, style_stats, style_one_of)
        )
        features = self.network.extractor.features
        self.classifier = Classifier(features)
        self.temporal = TemporalHead(features, frames)
        self.consistency = ConsistencyHead(features, consistency_depth, consistency_bias, consistency_relu)
        self.augmentation = SensorAugmentation() if augment else None
        self.weights = (lambda_cls, lambda_cont, lambda_aux)
        self.lr, self.lr_consistency, self.lr_schedule = lr, lr_consistency, lr_schedule
        self.consistency_norm: ConsistencyNorm = consistency_norm
        self.normalise: Normalise = normalise
        self.align_every = align_every

    def setup(self, stage: str) -> None:
        """Refuses float16, whose loss scaling does not reach gradients taken by hand, and data without labels."""
        if stage == "fit" and self.trainer.precision == "16-mixed":
            raise ConfigError("trainer.precision is 16-mixed, which phase 1 cannot train in; use bf16-mixed or 32-true")
        data = getattr(self.trainer, "datamodule", None)
        if stage == "fit" and isinstance(data, TubeDataModule) and data.stage_domain["train"] != "source":
            raise ConfigError("data.train_on=target: phase 1 learns from labels; set data.train_on to source")

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """One forward pass; the gradients; the update of theta, phi and f_t; the alignment step of f_c."""
        del batch_idx  # it starts again with every epoch; global_step does not
        lambda_cls, lambda_cont, lambda_aux = self.weights
        x, labels = self._labelled(batch)
        draw = self.network.draw(x)
        clean, augmented = self.network(x, draw)
        theta: list[Tensor] = [*self.network.extractor.parameters()]
        phi, f_t = [*self.classifier.parameters()], [*self.temporal.parameters()]

        l_cls = classification_loss(self.classifier(clean), self.classifier(augmented), labels)  # Eq. 4
        l_cont = consistency_loss(self.consistency(clean - augmented), self.consistency_norm)  # Eq. 5
        terms: list[Term] = [(lambda_cls, l_cls, [*theta, *phi]), (lambda_cont, l_cont, theta)]  # Eq. 18
        if lambda_aux:
            terms.append((lambda_aux, self._puzzle(batch["puzzle"]), [*theta, *f_t]))  # Eq. 9

        for parameter in (*theta, *phi, *f_t):
            parameter.grad = None
        if self.align_every and self.global_step % self.align_every == 0:
            g_cls, g_sub = self._apart(terms)
            self._align(x, draw, clean - augmented, g_cls[: len(theta)], g_sub)
        else:
            self._together(terms)
        self._update()
        named = zip(("train/cls", "train/cont", "train/aux"), terms, strict=False)
        self.log_dict({name: loss for name, (_, loss, _) in named}, prog_bar=True)

    def _labelled(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Input and labels of the normal and abnormal tubes, normal ones first."""
        x = self.to_input(torch.cat([batch["normal"], batch["abnormal"]]))
        labels = torch.zeros(len(x), dtype=torch.int64, device=x.device)
        labels[len(batch["normal"]) :] = 1
        return self._augment(x), labels

    def _augment(self, x: Tensor) -> Tensor:
        return x if self.augmentation is None else cast(Tensor, self.augmentation(x))

    def _puzzle(self, tubes: Tensor) -> Tensor:
        """L_aux of normal tubes, each in an order of its own (Eq. 9)."""
        order = draw_order(len(tubes), tubes.shape[1], tubes.device)
        x = permute_frames(self._augment(self.to_input(tubes)), order)
        return puzzle_loss(self.temporal(self.network.clean(x)), order)

    @staticmethod
    def _apart(terms: list[Term]) -> tuple[list[Tensor], list[Tensor]]:
        """A backward pass for every loss, because the alignment compares two of them.

        Returns:
            the gradients of L_cls (Eq. 6) and of L_cont (Eq. 7); the weighted sum of all stands in `.grad`.
        """
        found: list[list[Tensor]] = []
        for weight, loss, parameters in terms:
            # the first two share a graph; the puzzle has one of its own
            gradients = average_over_ranks(torch.autograd.grad(loss, parameters, retain_graph=not found))
            found.append(gradients)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                scaled = weight * gradient
                parameter.grad = scaled if parameter.grad is None else parameter.grad + scaled
        return found[0], found[1]

    @staticmethod
    def _together(terms: list[Term]) -> None:
        """One backward pass of the weighted sum; its gradient stands in `.grad`."""
        parameters = list(dict.fromkeys(parameter for _, _, own in terms for parameter in own))
        total = sum(weight * loss for weight, loss, _ in terms)
        gradients = average_over_ranks(torch.autograd.grad(cast(Tensor, total), parameters))
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient

    def _align(self, x: Tensor, draw: StreamDraw, difference: Tensor, g_cls: list[Tensor], g_sub: list[Tensor]) -> None:
        """The alignment step: Adam on f_c along the gradient of L_c (Eq. 8 and 11)."""
        names = [f"extractor.{name}" for name, _ in self.network.extractor.named_parameters()]
        loss, gradients = consistency_head_gradient(
            self.consistency,
            difference,
            lambda u: difference_jvp(self.network, names, x, draw, u),
            g_cls,
            g_sub,
            self.normalise,
            self.consistency_norm,
        )
        for parameter, gradient in zip(self.consistency.parameters(), average_over_ranks(gradients), strict=True):
            parameter.grad = gradient
        # the bare optimiser: Lightning's wrapper would count this as a second global step of the same batch
        self._optimisers()[1].optimizer.step()
        self.log("train/align", loss)

    def _update(self) -> None:
        """Adam on theta, phi and f_t along what stands in `.grad`."""
        knowledge = self._optimisers()[0]
        for group in knowledge.param_groups:
            group["lr"] = self.lr * self._schedule()
        knowledge.step()

    def _schedule(self) -> float:
        """The factor on `lr` for this batch, in [0, 1]."""
        if self.lr_schedule == "constant":
            return 1.0
        total = self.trainer.estimated_stepping_batches
        if not math.isfinite(total):
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * min(1.0, self.global_step / total)))

    def _optimisers(self) -> list[LightningOptimizer]:
        return cast(list[LightningOptimizer], self.optimizers())

    def configure_optimizers(self) -> list[Optimizer]:
        """Two Adams: one for theta, phi and f_t, one for f_c."""
        knowledge = [*self.network.parameters(), *self.classifier.parameters(), *self.temporal.parameters()]
        return [
            Adam(knowledge, lr=self.lr, betas=(0.9, 0.999)),
            Adam(self.consistency.parameters(), lr=self.lr_consistency, betas=(0.9, 0.999)),
        ]

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments as plain values."""
        return {**super().settings(), "style_blocks": list(self.hparams["style_blocks"])}
