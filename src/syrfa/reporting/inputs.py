"""Whether the data and the weights that a run record names are here, and are the same."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from syrfa.errors import ConfigError, UserError, in_one_line
from syrfa.reporting.run_record_check import is_writable
from syrfa.training.paths import ELSEWHERE, resolve
from syrfa.training.run_record import Step
from syrfa.tubes.datamodule import TubeDataModule
from syrfa.utils.files import leaves, sha256_file, sha256_json
from syrfa.utils.parser import ArgumentParser
from syrfa.world.presets import PRESETS, VERSION


def open_data(options: dict[str, Any]) -> TubeDataModule:
    """The tubes that the options of a config's `data` describe; ConfigError where they describe none."""
    parser = ArgumentParser(parser_mode="omegaconf")
    parser.add_class_arguments(TubeDataModule, "data")
    try:
        data: TubeDataModule = parser.instantiate(parser.parse_object({"data": options})).data
    except UserError:
        raise
    except (TypeError, ValueError, LookupError, AttributeError, ImportError) as error:  # of a damaged run record
        raise ConfigError(f"the options of the data describe none: {in_one_line(error)}") from error
    return data


# a damaged place is no path, or no pattern of paths
_NOT_HERE = (UserError, OSError, ValueError, NotImplementedError)


@dataclass(frozen=True)
class Input:
    """A split of a data set, or a file of weights."""

    name: str  # what it is, and where a run record has it
    verdict: Literal["equal", "absent", "differs"]
    why: str  # the hash, or what is wrong
    world: dict[str, Any] | None = None  # of a generated one, how it was made


def inputs_of(steps: Sequence[Step]) -> list[Input]:
    """Everything that the steps read and did not make, each once, in the order of the steps."""
    found: dict[tuple[str, str], Input] = {}
    for step in steps:
        data: TubeDataModule | UserError
        try:
            data = open_data(resolve({"data": step["options"]["data"]})["data"])
        except UserError as error:
            data = error
        for part in step["data"]:
            one = _split(part, data)
            found.setdefault((one.name, part["cache"]), one)
        for file in step["files"]:
            one = _file(file["place"], file["sha256"])
            found.setdefault((one.name, file["sha256"]), one)
    return list(found.values())


def generate_arguments(world: dict[str, Any]) -> list[str]:
    """The arguments of `syrfa generate` that make a world again; ConfigError where another one would result."""
    if not is_writable(world["out"]):
        raise ConfigError(
            f"{world['out']}: a run record may not choose where data are made here; call `syrfa generate` yourself"
        )
    name, version = str(world.get("preset")), world.get("version")
    known = name in PRESETS and sha256_json(asdict(PRESETS[name])) == world.get("settings")
    if version != VERSION or not known or world.get("seed") is None or world.get("grey") is None:
        raise ConfigError(
            f"{world['out']}: the world '{name}' was made by version {version} of the generator, and this one, version "
            f"{VERSION}, makes another; generate it at the commit of the result"
        )
    grey, place = str(world["grey"]).lower(), resolve({"out": world["out"]})["out"]
    return ["--preset", name, "--seed", str(world["seed"]), "--grey", grey, "--out", place]


def _split(part: dict[str, Any], data: TubeDataModule | UserError) -> Input:
    name = f"{part['dataset']} {part['split']} at {part['root']}"
    if isinstance(data, UserError):
        return Input(name, "absent" if ELSEWHERE in str(data) else "differs", str(data))
    use = data.use(part["stage"])
    if use is None:
        return Input(name, "differs", f"the options no longer describe the stage {part['stage']}")
    try:
        manifest = use.source.dataset.manifest_hash(use.split)
        detector = use.source.detector.identity()
    except _NOT_HERE as error:
        return Input(name, "absent", in_one_line(error), part.get("world"))
    if manifest != part["manifest_sha256"]:
        return Input(name, "differs", f"manifest {manifest[:12]} here, {part['manifest_sha256'][:12]} in the result")
    if _hashes(part["detector"]) != _hashes(detector):
        return Input(name, "differs", "the videos are equal, the file of boxes or of the detector's weights is another")
    return Input(name, "equal", f"manifest {manifest[:12]}")


def _file(place: str, sha256: str) -> Input:
    try:
        digest = sha256_file(Path(resolve({"place": place})["place"]))
    except _NOT_HERE as error:
        return Input(place, "absent", f"{error}; its SHA-256 is {sha256}")
    if digest == sha256:
        return Input(place, "equal", f"SHA-256 {digest[:12]}")
    return Input(place, "differs", f"SHA-256 {digest[:12]} here, {sha256[:12]} in the result")


def _hashes(value: object) -> list[str]:
    """Every SHA-256 in a detector's identity: of files; versions of libraries are compared elsewhere."""
    return sorted(text for _, text in leaves(value) if isinstance(text, str) and re.fullmatch("[0-9a-f]{64}", text))
