"""Several trained networks that score together: the mean of their object scores."""

from typing import Any, ClassVar, NoReturn

import torch
from torch import Tensor, nn

from syrfa.errors import CheckpointError, ConfigError
from syrfa.models import Extractor
from syrfa.modules.base import AnomalyModule, Batch
from syrfa.modules.checkpoint import SETTINGS, checkpoint_settings, read_checkpoint
from syrfa.modules.pretrained import fingerprint
from syrfa.modules.real_adapt import RealAdaptModule
from syrfa.modules.synth_knowledge import SynthKnowledgeModule


class EnsembleModule(AnomalyModule):
    """Scores with the mean of its members' scores; an extension, not the paper's. It is tested, never fitted.

    Args:
        members: checkpoints of `SynthKnowledgeModule` or `RealAdaptModule`, one or more; they may be of different
            stages and widths, and take tubes of as many frames. Each scores through its adapters if it has any.
        seed: names the run's folder; nothing is drawn.

    Raises:
        ConfigError: no member is named, or one is named twice.
    """

    kinds: ClassVar[dict[str, type[AnomalyModule]]] = {
        kind.__name__: kind for kind in (SynthKnowledgeModule, RealAdaptModule)
    }

    def __init__(self, members: list[str], seed: int = 0) -> None:
        super().__init__(seed)
        self.save_hyperparameters(logger=False)
        if not members or len(set(members)) < len(members):
            raise ConfigError(f"model.init_args.members={members}: name one checkpoint or more, each of them once")
        self.members: list[str] = list(members)
        self.fingerprints: list[str] = []
        self.networks = nn.ModuleList()

    @classmethod
    def complete(cls, settings: dict[str, Any]) -> bool:
        """See `AnomalyModule.complete`: the members' checkpoints hold every weight."""
        return bool(settings.get("members"))

    @property
    def networks_in_order(self) -> list[AnomalyModule]:
        """The members' modules, in the order of their checkpoints."""
        return [network for network in self.networks if isinstance(network, AnomalyModule)]

    @property
    def extractor(self) -> Extractor:
        """The first member's: a run's record states its width and size."""
        return self.networks_in_order[0].extractor

    def setup(self, stage: str) -> None:
        """Reads the members.

        Raises:
            ConfigError: it is to be fitted.
            WeightsNotFoundError: a member's checkpoint is not there.
            CheckpointError: one is damaged, or of another module, or takes tubes of another length.
        """
        if stage == "fit":
            self.configure_optimizers()
        # not in the constructor: Lightning would mix this module's arguments into its members' settings
        read = [_read(path) for path in self.members]
        self.networks = nn.ModuleList(network for network, _ in read).eval().requires_grad_(False)
        splits = [split for _, trained_on in read for split in trained_on]
        self.trained_on = [split for number, split in enumerate(splits) if split not in splits[:number]]
        self.fingerprints = [fingerprint(path) for path in self.members]
        frames = {network.extractor.frames for network in self.networks_in_order}
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
        return torch.stack([network.score(tubes) for network in self.networks_in_order]).mean(dim=0)

    def adapter_report(self) -> dict[str, Any]:
        """See `AnomalyModule.adapter_report`: every member's."""
        return {**super().adapter_report(), "members": [member.adapter_report() for member in self.networks_in_order]}

    def settings(self) -> dict[str, Any]:
        """The constructor's arguments, with names and SHA-256 of the members' files in place of their paths."""
        return {**super().settings(), "members": self.fingerprints}


def _read(path: str) -> tuple[AnomalyModule, list[dict[str, str]]]:
    """A member with its weights, and the splits that it was trained on."""
    checkpoint = read_checkpoint(path)
    name, settings = checkpoint_settings(checkpoint)
    if name not in EnsembleModule.kinds:
        raise CheckpointError(f"{path} holds a {name}; a member is one of {', '.join(EnsembleModule.kinds)}")
    try:
        network = EnsembleModule.kinds[name](**settings)
        network.load_state_dict(checkpoint["state_dict"])
    except (TypeError, RuntimeError) as error:
        raise CheckpointError(f"{path} does not fit this version's {name}; fit the member again") from error
    return network, list(checkpoint[SETTINGS]["trained_on"])
