"""Which data a run will be tested on, as far as they are at hand; where they lie, of a size with worlds of its own."""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from syrfa.errors import UserError

Tested = tuple[str, str]
_SYRFA_DATA = re.compile(r"\$\{oc\.env:SYRFA_DATA,[^}]*\}")
_PLACES = ("dataset.init_args.root", "detector.init_args.path", "detector.init_args.weights")


def data_section(files: Sequence[Path], options: Sequence[str], variables: Mapping[str, str]) -> str | None:
    """The data that config files and options describe.

    Args:
        files: the run's config files.
        options: as `--data.key=value`, behind them.
        variables: those of the environment that the run has beside this process's.

    Returns:
        YAML; None where there is no section `data`, or options of it are more than keys with values.
    """
    try:
        config = OmegaConf.merge(_data_of(files), OmegaConf.from_dotlist([option[2:] for option in options]))
        text = OmegaConf.to_yaml(config) if "data" in config else None
    except (OmegaConfBaseException, ValueError):
        return None
    if text and "SYRFA_DATA" in variables:
        return _SYRFA_DATA.sub(lambda _: variables["SYRFA_DATA"], text)
    return text


def tested_data(section: str) -> Tested | None:
    """The manifest's hash and the key of the tube cache of what a test reads, as they stand in its result.

    Args:
        section: of `data_section`.

    Returns:
        None where the data are not there, or the section does not say which they are.
    """
    # both import torch, which is slow; a wrong option is said before
    from syrfa.reporting.inputs import data_of_step
    from syrfa.tubes.cache import cache_identity, cache_key

    content: Any = OmegaConf.to_container(OmegaConf.create(section), resolve=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of clips that are missing, which the table says
        try:
            use = data_of_step({"options": content}).use("test")
            if use is None:
                return None
            manifest = use.source.dataset.manifest_hash(use.split)
            identity = cache_identity(use.source.dataset, use.split, use.source.detector, use.spec)
        except (UserError, OSError, ImportError):
            return None
    return manifest, cache_key(identity)


def fixed_places(files: Sequence[Path], worlds: Mapping[str, str]) -> list[str]:
    """Options that keep real data where they lie, for a size whose worlds move $SYRFA_DATA.

    Args:
        files: config files of source and target.
        worlds: the size's, folder -> preset; data in folders of these names move.
    """
    config = _data_of(files)
    return [option for domain in ("source", "target") for option in _fixed(config, f"data.{domain}", worlds)]


def _fixed(config: DictConfig, domain: str, worlds: Mapping[str, str]) -> Iterator[str]:
    root = OmegaConf.select(config, f"{domain}.{_PLACES[0]}")
    if root is None or Path(root).name in worlds:
        return
    written: Any = OmegaConf.to_container(config, resolve=False)
    for place in _PLACES:
        value = OmegaConf.select(config, f"{domain}.{place}")
        if value is not None and _SYRFA_DATA.search(_at(written, f"{domain}.{place}")):
            yield f"--{domain}.{place}={value}"


def _at(content: Any, key: str) -> str:  # noqa: ANN401 - anything of YAML
    for part in key.split("."):
        content = content[part]
    return str(content)


def _data_of(files: Sequence[Path]) -> DictConfig:
    """The sections `data` of config files, merged."""
    merged = OmegaConf.create({})
    for file in files:
        merged.merge_with(_read(file, file.stat().st_mtime_ns))
    return merged


@lru_cache(256)
def _read(file: Path, changed: int) -> DictConfig:
    """The section `data` of a config file, read once however many runs have it."""
    del changed
    content = OmegaConf.load(file)
    data = content.get("data") if isinstance(content, DictConfig) else None
    return OmegaConf.create({"data": data} if data is not None else {})
