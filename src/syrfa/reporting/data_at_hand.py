"""The data that options describe, on this machine: opened, which copy they are, and what of them is missing."""

import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from syrfa.errors import ConfigError, UserError, in_one_line
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.utils.files import sha256_json
from syrfa.utils.parser import ArgumentParser

_VARIABLE = re.compile(r"\$\{oc\.env:(\w+),[^}]*\}")


def open_data(options: dict[str, Any]) -> TubeDataModule:
    """The tubes that the options of a config's `data` describe.

    Raises:
        ConfigError: they describe none.
    """
    parser = ArgumentParser()
    parser.parser_mode = "omegaconf"
    parser.add_class_arguments(TubeDataModule, "data")
    try:
        data: TubeDataModule = parser.instantiate(parser.parse_object({"data": options})).data
    except UserError:
        raise
    except (TypeError, ValueError, LookupError, AttributeError, ImportError) as error:  # of a damaged run record
        raise ConfigError(f"the options of the data describe none: {in_one_line(error)}") from error
    return data


class DataAtHand:
    """What config files and options say of the data.

    Args:
        files: config files, of which the section `data` is read.
        options: `--data.key=value` over them; others are passed over.
    """

    def __init__(self, files: Sequence[Path], options: Sequence[str] = ()) -> None:
        config = OmegaConf.merge({"data": {}}, *(OmegaConf.load(file) for file in files))
        of_data = [option[2:] for option in options if option.startswith("--data.")]
        self._config = OmegaConf.merge(config, OmegaConf.from_dotlist(of_data))

    def copy_tested(self) -> str | None:
        """A hash of the tested split's videos, labels and boxes; None where they are not here."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of clips that are missing, which the table says
            try:
                source = self._open().domains["target"]
                copy = source and [source.dataset.manifest_hash(source.test_split), source.detector.identity()]
            except (UserError, OSError, ImportError):
                return None
        return sha256_json(copy) if copy else None

    def missing(self, title: str, generated: Sequence[str]) -> str | None:
        """What is not here, as `no training videos of CUHK Avenue in $SYRFA_DATA/Avenue`; None where all is.

        Args:
            title: of the data set.
            generated: folders of worlds, which are generated where they are absent.
        """
        written: Any = OmegaConf.to_container(self._config.data, resolve=False)
        found: list[str] = []
        for domain in ("source", "target"):
            part = written.get(domain)
            if part and not part["dataset"]["init_args"]["root"].endswith(tuple(f"/{world}" for world in generated)):
                found += [*self._videos(domain, f"of {title}", part), *_boxes(part.get("detector") or {})]
        return "; ".join(found) or None

    def _open(self) -> TubeDataModule:
        options: Any = OmegaConf.to_container(self._config.data, resolve=True)
        return open_data(options)

    def _videos(self, domain: str, of: str, part: dict[str, Any]) -> Iterator[str]:
        """Videos of both splits, and the labels of the test split."""
        place = _place(part["dataset"]["init_args"]["root"])
        dataset = self._open().dataset(domain)  # type: ignore[arg-type]  # one of two names
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the very clips that are counted here
            for split, words in (("train", "training videos"), ("test", "test videos")):
                released = dataset.videos_released(split)
                try:
                    records = dataset.videos(split)
                    if released is not None and len(records) < released:
                        yield f"{released - len(records)} of {released} {words} {of} are missing"
                        continue
                    words = f"labels of the {words}"
                    if split == "test":
                        dataset.frame_labels(records[0])
                except UserError:
                    yield f"no {words} {of} in {place}"


def _boxes(detector: dict[str, Any]) -> Iterator[str]:
    """Box files and weights that the detector is given."""
    for key, what in (("path", "boxes"), ("weights", "detector weights")):
        if written := detector.get("init_args", {}).get(key):
            file = str(OmegaConf.create({"file": written}).file)
            if not all(Path(file.replace("{split}", split)).exists() for split in ("train", "test")):
                yield f"no {what} at {_place(written)}"


def _place(written: str) -> str:
    """A path as the config file has it, `$NAME` for a variable of the environment: the same text on every machine."""
    return _VARIABLE.sub(r"$\1", written)
