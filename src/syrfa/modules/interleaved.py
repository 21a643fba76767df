"""Both phases in turns: the regime of the published script, in which an adaptation step follows every K batches."""

from dataclasses import asdict
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.optim import Adam, Optimizer

from syrfa.errors import ConfigError
from syrfa.models import TwoStreamExtractor, adapter_movement
from syrfa.models.adapters import NO_ADAPTER
from syrfa.modules.base import Batch, check_not_negative
from syrfa.modules.presets import ADAPTATION, choose
from syrfa.modules.steps import average_over_ranks
from syrfa.modules.synth_knowledge import SynthKnowledgeModule


class InterleavedModule(SynthKnowledgeModule):
    """Phase 1 without adapters on every batch, and phase 2 through them, on the weights as they are, on every K-th.

    Theta moves in phase 1 only; scores run through the adapters. Needs `data.train_on: both`.

    Args:
        adapt_every: K, phase-1 batches between two steps of phase 2; the paper has 20 for Ped2, 10 for ShanghaiTech.
        adapter: `rap` (Eq. 16), `ap` or the class path of an `Adapter`; None leaves it to `preset`.
        adapter_args: arguments of the adapter, as `{depth: 5}` of an AP; None leaves them to `preset`.
        adapt_dropout: keep the extractor's dropout in phase 2; None leaves it to `preset`.
        lambda_adapt_cont: weight of L_cont in phase 2 (Eq. 19).
        lambda_adapt_aux: weight of L_aux in phase 2.
        lr_adapter: Adam's learning rate for the adapters.
        lr_temporal: Adam's learning rate for the temporal head in phase 2.
        **knowledge: phase 1's settings, see `SynthKnowledgeModule`; `augment` is for the source's tubes alone.
    """

    learns_from: ClassVar[tuple[str, ...]] = ("both",)
    learns_why: ClassVar[str] = "both phases in turns need both domains"

    def __init__(
        self,
        adapt_every: int = 20,
        adapter: str | None = None,
        adapter_args: dict[str, Any] | None = None,
        adapt_dropout: bool | None = None,
        lambda_adapt_cont: float = 1.0,
        lambda_adapt_aux: float = 0.05,
        lr_adapter: float = 1e-6,
        lr_temporal: float = 1e-6,
        **knowledge: Any,  # noqa: ANN401 - phase 1's own
    ) -> None:
        super().__init__(**knowledge)
        check_not_negative(lambda_adapt_cont=lambda_adapt_cont, lambda_adapt_aux=lambda_adapt_aux)
        check_not_negative(lr_adapter=lr_adapter, lr_temporal=lr_temporal)
        if not lambda_adapt_cont and not lambda_adapt_aux:
            raise ConfigError("lambda_adapt_cont and lambda_adapt_aux are 0: phase 2 would train nothing")
        if adapt_every < 1:
            raise ConfigError(f"model.init_args.adapt_every={adapt_every}: it must be at least 1")
        self.save_hyperparameters(logger=False)
        self.adaptation = choose(ADAPTATION, {**self.hparams, "preset": self.preset})
        if self.adaptation.adapter == NO_ADAPTER:
            raise ConfigError("adapter is 'none', so there is nothing to adapt; choose rap or ap")
        self.hparams.update({**asdict(self.options), **asdict(self.adaptation)})
        self.network = TwoStreamExtractor(
            self.extractor, self.network.style, self.adaptation.adapter, self.adaptation.adapter_args
        )
        self.adapt_every = adapt_every
        self.adapt_weights = (lambda_adapt_cont, lambda_adapt_aux)
        self.lr_adapter, self.lr_temporal = lr_adapter, lr_temporal

    @classmethod
    def resolved(cls, settings: dict[str, Any]) -> dict[str, Any]:
        """See `AnomalyModule.resolved`."""
        return {**super().resolved(settings), **asdict(choose(ADAPTATION, settings))}

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """A step of phase 1 and, after every K-th, one of phase 2."""
        due = (self.global_step + 1) % self.adapt_every == 0
        super().training_step(batch, batch_idx)
        if due:
            self._adapt(batch)

    def _adapt(self, batch: Batch) -> None:
        """L_phase2 = lambda_cont L_cont + lambda_aux L_aux on normal real tubes (Eq. 19); Adam on adapters and f_t."""
        lambda_cont, lambda_aux = self.adapt_weights
        x, puzzle = self.to_input(batch["real"]), self.to_input(batch["real_puzzle"])
        self.extractor.train(self.adaptation.adapt_dropout)
        l_cont, l_aux = self.adaptation_terms(x, puzzle)
        self.extractor.train()
        parameters: list[Tensor] = [*self.network.adapters.parameters(), *self.temporal.parameters()]
        # only these: theta's own gradients are neither needed nor computed
        gradients = torch.autograd.grad(lambda_cont * l_cont + lambda_aux * l_aux, parameters)
        for parameter, gradient in zip(parameters, average_over_ranks(gradients), strict=True):
            parameter.grad = gradient
        self._optimisers()[2].optimizer.step()  # the bare one, see `_align`
        self.log_dict({"train/adapt_cont": l_cont.detach(), "train/adapt_aux": l_aux.detach()})
        self.log_dict({f"adapter/{k}": v for k, v in adapter_movement(self.network.adapters).items()})

    @property
    def scores_through_adapters(self) -> bool:
        """See `AnomalyModule.scores_through_adapters`."""
        return True

    def adapter_report(self) -> dict[str, Any]:
        """See `AnomalyModule.adapter_report`."""
        return {"name": self.adaptation.adapter, "lr": self.lr_adapter, **adapter_movement(self.network.adapters)}

    def configure_optimizers(self) -> list[Optimizer]:
        """Phase 1's two Adams, and one for the adapters and the temporal head of phase 2."""
        groups = [
            {"params": list(self.network.adapters.parameters()), "lr": self.lr_adapter},
            {"params": list(self.temporal.parameters()), "lr": self.lr_temporal},
        ]
        return [*super().configure_optimizers(), Adam(groups, betas=(0.9, 0.999))]
