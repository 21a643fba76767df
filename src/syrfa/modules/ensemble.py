"""Several trained networks that score together: the mean of their object scores."""

from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from syrfa.errors import CheckpointError, ConfigError
from syrfa.models import Extractor
from syrfa.modules.base import AnomalyModule, Batch
from syrfa.modules.checkpoint import fingerprint, load_module
from syrfa.modules.real_adapt import RealAdaptModule
from syrfa.modules.synth_knowledge import SynthKnowledgeModule


class EnsembleModule(AnomalyModule):
    """Scores with the mean of its members' scores; an extension, not the paper's. It is tested, never fitted.

    Args:
        members: checkpoints of `SynthKnowledgeModule` or `RealAdaptModule`, one or more; they may be of different
            phases and widths, and take tubes of as many frames. Each scores through its adapters if it has any.
        seed: names the run's folder; nothing is drawn.

    Raises:
        ConfigError: no member is named, or one is named twice.
    """

    def __init__(self, members: list[str], seed: int = 0) -> None:
        super().__init__(seed)
        self.save_hyperparameters(logger=False)
        if not members or len(set(members)) < len(members):
            raise ConfigError(f"model.init_args.members={members}: name one checkpoint or more, each of them once")
        self.members: list[str] = list(members)
        self.fingerprints: list[str] = []
        self._members: list[AnomalyModule] = []

    @classmethod
    def complete(cls, settings: dict[str, Any]) -> bool:
        """See `AnomalyModule.complete`: the members' checkpoints hold every weight."""
        return bool(settings.get("members"))

    @property
    def extractor(self) -> Extractor:
        """The first member's: a result states its width and size."""
        return self._members[0].extractor

    def setup(self, stage: str) -> None:
        """Reads the members; refuses a fit, and members that are damaged or of unlike modules or lengths."""
        if stage == "fit":
            self.configure_optimizers()
        # not in the constructor: Lightning would mix this module's arguments into its members' settings
        self._members = [load_module(path) for path in self.members]
        for path, network in zip(self.members, self._members, strict=True):
            if not isinstance(network, SynthKnowledgeModule | RealAdaptModule):
                raise CheckpointError(f"{path} holds a {type(network).__name__}; a member is of phase 1 or phase 2")
        self.networks = nn.ModuleList(self._members)
        splits = [split for network in self._members for split in network.trained_on]
        self.trained_on = [split for number, split in enumerate(splits) if split not in splits[:number]]
        self.fingerprints = [fingerprint(path) for path in self.members]
        frames = {network.extractor.frames for network in self._members}
        if len(frames) > 1:
            raise CheckpointError(f"the members take tubes of {sorted(frames)} frames; name members of one length")

    def training_step(self, batch: Batch, batch_idx: int) -> None:
        """See `configure_optimizers`; Lightning asks for both before it calls `setup`."""
        del batch, batch_idx
        self.configure_optimizers()

    def configure_optimizers(self) -> NoReturn:
        """Refuses to learn."""
        raise ConfigError("an EnsembleModule learns nothing; fit its members one by one, then test it")

    def score(self, tubes: Tensor) -> Tensor:
        """See `AnomalyModule.score`: the mean over the members."""
        return torch.stack([network.score(tubes) for network in self._members]).mean(dim=0)

    def adapter_report(self) -> dict[str, Any]:
        """See `AnomalyModule.adapter_report`: every member's."""
        return {**super().adapter_report(), "members": [member.adapter_report() for member in self._members]}

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments, with names and SHA-256 of the members' files in place of their paths."""
        return {**super().settings(), "members": self.fingerprints}
