"""The paths of one machine out of options, and those of another back in."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from syrfa.errors import ConfigError
from syrfa.utils.files import leaves

ROOTS = {"SYRFA_DATA": "data/raw", "SYRFA_SHARED_DATA": "../shared/data", "SYRFA_CACHE": "data/cache"}
"""The variables that the configs of lightning_config read, and their defaults."""
ELSEWHERE = "SYRFA_ELSEWHERE"
"""The variable that stands for every folder that is under none of them."""


class PortablePaths:
    """Replaces paths by what they are on every machine, as `${oc.env:SYRFA_DATA,data/raw}/UBnormal`.

    A value that one of the config files wrote with `${oc.env:...}` gets that text back. Other paths become relative to
    one of `ROOTS`, or stay where they are within the working directory; the rest keep their last part alone,
    `${oc.env:SYRFA_ELSEWHERE}/weights.pt`.
    """

    def __init__(self, configs: Sequence[str] = ()) -> None:
        self._written: dict[str, str] = {}
        for config in configs:
            for text in _strings(yaml.safe_load(Path(config).read_text(encoding="utf-8"))):
                if "${oc.env:" in text:
                    with suppress(OmegaConfBaseException):  # overlaid by another file, or it would not have parsed
                        self._written.setdefault(str(OmegaConf.create({"path": text}).path), text)
        self._elsewhere: dict[str, str] = {}

    def abstract(self, value: Any) -> Any:  # noqa: ANN401 - anything that YAML can hold
        """`value` with every path in it replaced; lists and dicts are copied."""
        if isinstance(value, dict):
            return {key: self.abstract(part) for key, part in value.items()}
        if isinstance(value, list):
            return [self.abstract(part) for part in value]
        return self._path(value) if isinstance(value, str) else value

    def _path(self, text: str) -> str:
        if text in self._written:
            return self._written[text]
        for place, root in _roots():
            if text == place or text.startswith(f"{place}/"):
                return root + text[len(place) :]
        if not text.startswith(("/", "~", "../")):
            return text
        if text not in self._elsewhere:
            path = Path(text).expanduser()
            name = "home" if path == Path.home() else path.name
            # two places of one name are numbered; the folder before the name may be somebody's
            before = sum(place.endswith(f"/{name}") for place in self._elsewhere.values())
            self._elsewhere[text] = f"${{oc.env:{ELSEWHERE}}}/" + (f"{before + 1}/{name}" if before else name)
        return self._elsewhere[text]


def resolve(options: dict[str, Any]) -> dict[str, Any]:
    """`options` with the paths of this machine; ConfigError where they name a variable that is not set."""
    try:
        resolved = OmegaConf.to_container(OmegaConf.create(options), resolve=True)
    except OmegaConfBaseException as error:
        reason = str(error).splitlines()[0]
        if ELSEWHERE in reason:
            places = ", ".join(sorted(text.partition("}/")[2] for text in _strings(options) if ELSEWHERE in text))
            reason = f"the run had {places} outside the data folders; set {ELSEWHERE} to the folder that has them here"
        raise ConfigError(reason) from error
    assert isinstance(resolved, dict)
    return {str(key): value for key, value in resolved.items()}


def _roots() -> list[tuple[str, str]]:
    """Where the roots lie here, as they are written and as they are, longest first, and their text."""
    found: dict[str, str] = {}
    for name, default in ROOTS.items():
        place = os.environ.get(name, default).rstrip("/")
        for text in (place, str(Path(place).absolute()), os.path.realpath(place)):
            if text:
                found.setdefault(text, f"${{oc.env:{name},{default}}}")
    return sorted(found.items(), key=lambda item: -len(item[0]))


def _strings(value: object) -> list[str]:
    return [text for _, text in leaves(value) if isinstance(text, str)]
