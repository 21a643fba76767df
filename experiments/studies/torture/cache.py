"""Kills, starves and damages builds of the tube cache, and compares what is left with a build that nobody touched.

The world is made by the seed: folders of images in UCSD's layout and a
file of boxes. Every trial ends in the same bytes as the undisturbed build or in a refusal (one line, exit code 2); a
trial that ends otherwise is lost, and the campaign with it. Kills, full disks, several builders, read-only folders
and failing servers act on processes of their own, `python -m syrfa prepare`; damage is looked at in this process.
"""

import argparse
import contextlib
import dataclasses
import io
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from syrfa.__main__ import main as syrfa
from syrfa.errors import CacheError
from syrfa.training.provenance import environment
from syrfa.tubes import TubeCache
from syrfa.tubes.cache import cache_key
from syrfa.utils.files import sha256_file, write_json

ROOT = Path(__file__).resolve().parents[3]
FAULTY = Path(__file__).with_name("faulty_syrfa.py")
DEMO = f"--config={ROOT / 'lightning_config' / 'data' / 'demo.yaml'}"
PREPARE = ["prepare", DEMO, "--data.source=null", "--data.train_on=target", "--data.target.spec.size=32"]
HEIGHT, WIDTH, BOXES = 120, 160, 4
VIDEOS = {"train": 12, "test": 6}
SERVERS = ["EXDEV", "ESTALE", "EIO", "EIO after success", "ENOENT after success", "temporary file removed"]
SERVERS += ["ENOLCK", "ENOSYS", "EOPNOTSUPP", "fsync"]
UNNOTICED = ("ENOENT after success", "ENOLCK", "ENOSYS", "EOPNOTSUPP")  # faults that need not stop a build


@dataclasses.dataclass
class Trial:
    """One fault and its end.

    Attributes:
        group: of faults.
        fault: what was done.
        codes: exit codes, in order; as a shell shows them.
        end: `correct` for the same bytes as undisturbed, `refused` for one line and exit code 2, or what was lost.
        line: the refusal, if there was one.
        detail: what else is worth knowing.
    """

    group: str
    fault: str
    codes: list[int]
    end: str
    line: str = ""
    detail: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def lost(self) -> bool:
        return self.end not in ("correct", "refused")


class Process:
    """A `syrfa prepare` in a process group of its own.

    Args:
        bench: of the campaign.
        cache: the folder of caches.
        workers: processes of the build.
        fault: of a server, with the share of calls that fail and the seed; None for none.
        limit: of the size of a file in bytes.
    """

    def __init__(
        self,
        bench: "Bench",
        cache: Path,
        workers: int = 2,
        fault: tuple[str, float, str] | None = None,
        limit: int | None = None,
    ) -> None:
        start = [str(FAULTY), *map(str, fault)] if fault else ["-m", "syrfa"]
        command = [sys.executable, *start, *PREPARE, f"--data.prepare_workers={workers}"]
        self.bench, self.cache, self.before, self.torn = bench, cache, listing(cache), 0
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **bench.environment, "SYRFA_CACHE": str(cache)},
            stdout=subprocess.DEVNULL,
            stderr=self.errors,
            start_new_session=True,
            preexec_fn=None if limit is None else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )

    def wait(self, seconds: float = 300, begun: bool = False) -> bool:
        """Waits at most so long for the end, or for the first change in the cache; looks for torn caches meanwhile.

        Returns:
            whether the process has ended.
        """
        end = time.monotonic() + seconds
        while self.process.poll() is None and (left := end - time.monotonic()) > 0:
            if begun and listing(self.cache) != self.before:
                return False
            self.torn += self.bench.torn(self.cache)
            time.sleep(min(0.03, left))
        return self.process.poll() is not None

    def code(self) -> int:
        """The exit code as a shell shows it; a process that does not end in five minutes is an error."""
        if not self.wait():
            os.killpg(self.process.pid, signal.SIGKILL)
            raise RuntimeError("syrfa prepare did not end in five minutes")
        self.process.wait()
        return self.process.returncode if self.process.returncode >= 0 else 128 - self.process.returncode

    def workers(self) -> list[int]:
        """Process numbers of the workers that live."""
        try:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        except OSError:
            return []
        return [int(child) for child in children if b"spawn_main" in command_of(int(child))]

    def refusal(self) -> str:
        """The line of a refusal; empty where there is none, or more than one, or a traceback."""
        self.errors.seek(0)
        return the_line(self.errors.read().decode(errors="replace"), self.cache)


class Bench:
    """The world, the undisturbed build and everything tried so far.

    Args:
        folder: of the campaign.
        seed: of everything random.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.choose = folder, random.Random(seed)
        self.trials: list[Trial] = []
        self.environment = {"SYRFA_DATA": str(folder / "raw"), "OMP_NUM_THREADS": "1"}
        os.environ.update(self.environment)
        write_world(folder / "raw" / "demo-target", np.random.default_rng(seed))
        self.reference = folder / "reference"
        self.manifests: dict[str, bytes] = {}
        self.startup, seconds = self.undisturbed(self.reference, 2)
        alone = self.fresh()
        self.seconds = {1: self.undisturbed(alone, 1)[1], 2: seconds, 3: seconds}
        self.digests = digests(self.reference)
        self.caches = sorted(path.name for path in self.reference.iterdir())
        if self.compare(alone) != "correct":
            raise RuntimeError("one process and two do not build the same bytes")
        shutil.rmtree(alone)
        self.manifests = {name: (self.reference / name / "manifest.json").read_bytes() for name in self.caches}

    def undisturbed(self, cache: Path, workers: int) -> tuple[float, float]:
        """Seconds until the first file, and from there to the end."""
        begun = time.monotonic()
        process = Process(self, cache, workers)
        process.wait(begun=True)
        startup = time.monotonic() - begun
        if process.code():
            raise RuntimeError(f"the undisturbed build failed: {process.refusal()}")
        return startup, time.monotonic() - begun - startup

    def torn(self, cache: Path) -> int:
        """How many caches have a manifest that is not the undisturbed one's, or files that do not fit it."""
        found = 0
        for name, manifest in self.manifests.items():
            with contextlib.suppress(FileNotFoundError):
                found += (cache / name / "manifest.json").read_bytes() != manifest
                try:
                    TubeCache.open(cache / name)
                except CacheError:
                    found += 1
        return found

    def compare(self, cache: Path) -> str:
        """`correct`, or what differs from the undisturbed build: shards, indices, manifests and whatever is left."""
        mine = digests(cache)
        wrong = sorted(name for name in self.digests | mine if mine.get(name) != self.digests.get(name))
        return f"different: {', '.join(wrong[:4])}" if wrong else "correct"

    def end(self, codes: list[int], line: str, cache: Path, torn: int = 0) -> str:
        """How a trial ended."""
        if torn:
            return f"{torn} torn caches were seen"
        if codes[-1] == 0:
            return self.compare(cache)
        return "refused" if codes[-1] == 2 and line else f"exit code {codes[-1]} without a line"

    def note(self, trial: Trial) -> None:
        """Keeps a trial and says so."""
        self.trials.append(trial)
        print(json.dumps(dataclasses.asdict(trial)), flush=True)

    def opening(self, verify: bool) -> float:
        """Seconds to open all caches of the undisturbed build, the best of five."""
        spent = []
        for _ in range(5):
            begun = time.monotonic()
            for name in self.caches:
                TubeCache.open(self.reference / name, verify)
            spent.append(time.monotonic() - begun)
        return min(spent)

    def fresh(self) -> Path:
        """A place for caches that nothing has used."""
        return Path(tempfile.mkdtemp(prefix="cache-", dir=self.folder))

    def copy(self) -> Path:
        """The undisturbed build, to be damaged."""
        place = self.fresh()
        shutil.copytree(self.reference, place, dirs_exist_ok=True)
        return place

    def prepare(self, cache: Path, *options: str) -> tuple[int, str]:
        """`syrfa prepare` in this process: its exit code and the line of its refusal."""
        os.environ["SYRFA_CACHE"] = str(cache)
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
            try:
                code = syrfa([*PREPARE, "--data.prepare_workers=1", *options])
            except Exception as error:  # what would be a traceback
                return 1, f"{type(error).__name__}: {error}"
        return code, the_line(errors.getvalue(), cache)


def main() -> int:
    """Runs the campaign; 1 when anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--damages", type=int, default=12, help="random places a kind of file is damaged in")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=GROUPS, nargs="*", default=list(GROUPS))
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "torture_cache.json")
    options = parser.parse_args()
    begun = time.monotonic()
    skipped = {}
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name), options.seed)
        print(
            f"undisturbed: {bench.startup:.1f} s to start, {bench.seconds[1]:.1f} or {bench.seconds[2]:.1f} s to build",
            flush=True,
        )
        for group in options.only:
            bench.choose = random.Random(f"{options.seed} {group}")
            if reason := GROUPS[group](bench, options):
                skipped[group] = reason
        world: dict[str, Any] = {
            "videos": sum(VIDEOS.values()),
            "tubes": sum(json.loads(manifest)["tubes"] for manifest in bench.manifests.values()),
            "bytes": sum(json.loads(manifest)["bytes"] for manifest in bench.manifests.values()),
            "startup_seconds": round(bench.startup, 2),
            "build_seconds": {workers: round(seconds, 2) for workers, seconds in bench.seconds.items() if workers < 3},
            "open_seconds": round(bench.opening(verify=False), 4),
            "verify_seconds": round(bench.opening(verify=True), 4),
        }
    lost = [dataclasses.asdict(trial) for trial in bench.trials if trial.lost]
    results = {
        **environment(),
        "seed": options.seed,
        "minutes": round((time.monotonic() - begun) / 60, 1),
        "world": world,
        "kills": sum(trial.detail.get("kills", 0) for trial in bench.trials),
        "summary": summary(bench.trials),
        "skipped": skipped,
        "lost": lost,
        "trials": [dataclasses.asdict(trial) for trial in bench.trials],
    }
    write_json(options.out, results)
    print(table(results["summary"]))
    if "kill" in options.only:
        print(kill_line(results))
    for group, reason in skipped.items():
        print(f"skipped in part: {group}: {reason}")
    print(f"{results['kills']} kills, {len(bench.trials)} trials; lost: {lost or 'nothing'}; {options.out}")
    return int(bool(lost))


def kill_builds(bench: Bench, options: argparse.Namespace) -> None:
    """kill -9 of the builder, of its whole group or of one worker, in chains; every chain is then built to its end."""
    kills = 0
    for _ in range(3 * options.kills):
        if kills >= options.kills:
            return
        cache, torn, detail = bench.fresh(), 0, []
        codes: list[int] = []
        for _ in range(min(bench.choose.randint(1, 6), options.kills - kills)):
            process = Process(bench, cache, workers := bench.choose.choice([1, 2, 2, 3]))
            who = bench.choose.choice(["builder", "builder", "group", "worker"]) if workers > 1 else "builder"
            early, moment = bench.choose.random() < 0.15, bench.choose.random()
            if early:
                process.wait(moment * bench.startup)
            else:
                process.wait(begun=True)
                process.wait(moment * 0.9 * bench.seconds[workers] * (1 - finished(cache) / sum(VIDEOS.values())))
            killed = kill(process, who, bench.choose)
            landed = killed is not None
            codes.append(process.code())
            torn += process.torn
            detail.append(
                {
                    "who": killed or who,
                    "workers": workers,
                    "before_the_build": early,
                    "landed": landed,
                    "code": codes[-1],
                    "finished_videos": finished(cache),
                    "temporary_files": sum(1 for _ in cache.rglob(".*.tmp")),
                }
            )
            kills += landed
            if not landed:
                break
        process = Process(bench, cache)
        codes.append(process.code())
        end = bench.end(codes, process.refusal(), cache, torn + process.torn)
        wrong = [
            one for one in detail if one["landed"] and one["code"] not in ((0, 2) if one["who"] == "worker" else (137,))
        ]
        if wrong:
            end = f"wrong exit code {wrong[0]['code']}"
        if end == "refused":
            end = "could not be built to its end"
        number = sum(one["landed"] for one in detail)
        bench.note(Trial("kill -9", "a chain of kills", codes, end, detail={"kills": number, "each": detail}))
        shutil.rmtree(cache)


def kill(process: Process, who: str, choose: random.Random) -> str | None:
    """Who was killed: the builder in place of a worker while there is none; None when all was over."""
    if process.process.poll() is not None:
        return None
    workers = process.workers() if who == "worker" else []
    if workers:
        try:
            os.kill(choose.choice(workers), signal.SIGKILL)
        except ProcessLookupError:
            return None
        return "worker"
    if who == "group":
        os.killpg(process.process.pid, signal.SIGKILL)
        return who
    process.process.kill()
    return "builder"


def fill_disks(bench: Bench, options: argparse.Namespace) -> str | None:
    """A disk that is full in the middle, then larger; a limit of the size of files, then none."""
    del options
    total = sum(path.stat().st_size for path in bench.reference.rglob("*") if path.is_file())
    reason = None
    for share in (0.01, *(bench.choose.uniform(0.05, 0.97) for _ in range(2))):
        cache = bench.fresh()
        try:
            with mounted(cache, "-t", "tmpfs", "-o", f"size={int(total * share)}", "none"):
                process = Process(bench, cache, bench.choose.choice([1, 2]))
                code, line = process.code(), process.refusal()
                subprocess.run(["mount", "-o", f"remount,size={4 * total}", str(cache)], check=True)
                again = Process(bench, cache)
                codes = [code, again.code()]
                end = bench.end(codes, again.refusal(), cache, process.torn + again.torn)
        except subprocess.CalledProcessError as error:
            reason = f"no disk of {int(total * share)} bytes could be mounted ({error.stderr.decode().strip()[-80:]})"
            break
        if code != 2 or not line:
            end = f"exit code {code} on a full disk"
        bench.note(Trial("full disk", "a disk too small, then larger", codes, end, line, {"share": round(share, 3)}))
    largest = max(path.stat().st_size for path in bench.reference.rglob("*"))
    for share in (bench.choose.uniform(0.001, 0.9),):
        cache = bench.fresh()
        process = Process(bench, cache, bench.choose.choice([1, 2]), limit=int(share * largest))
        code, line = process.code(), process.refusal()
        again = Process(bench, cache)
        codes = [code, again.code()]
        end = bench.end(codes, again.refusal(), cache, process.torn + again.torn)
        if code != 2 or not line:
            end = f"exit code {code} at the limit"
        bench.note(Trial("full disk", "a limit of the size of files, then none", codes, end, line))
    return reason


def build_at_once(bench: Bench, options: argparse.Namespace) -> None:
    """Two and four builders on one folder; two of which one is killed."""
    del options
    for builders, killed in ((2, 0), (4, 0), (2, 1), (3, 1)):
        cache = bench.fresh()
        processes = []
        for _ in range(builders):
            processes.append(Process(bench, cache, bench.choose.choice([1, 2])))
            time.sleep(bench.choose.uniform(0, 0.3))
        for victim in processes[:killed]:
            victim.wait(begun=True)
            victim.wait(bench.choose.uniform(0, bench.seconds[2]))
            kill(victim, "group", bench.choose)
        codes = [process.code() for process in processes]
        end = bench.end(codes, "", cache, sum(process.torn for process in processes))
        if any(code != 0 for code in codes[killed:]):
            end = f"exit codes {codes}"
        fault = f"{builders} builders" + (f", {killed} killed" if killed else "")
        bench.note(Trial("builders at once", fault, codes, end))
        shutil.rmtree(cache)


def damage_files(bench: Bench, options: argparse.Namespace) -> None:
    """Flipped bytes, cut ends, empty and missing files, in a finished cache and in an unfinished one."""
    name = next(name for name in bench.caches if "-train-" in name)
    shard = sorted((bench.reference / name).glob("*.npy"))[0].name
    kinds: dict[str, tuple[str, tuple[int, int | None]]] = {
        "the pixels of a shard": (shard, (128, None)),
        "the header of a shard": (shard, (0, 128)),
        "the index": ("index.npz", (0, None)),
        "the manifest": ("manifest.json", (0, None)),
    }
    parts = {
        "the pixels of a shard": kinds["the pixels of a shard"],
        "the header of a shard": kinds["the header of a shard"],
        "a part (.npz)": (f"parts/{Path(shard).stem}.npz", (0, None)),
        "a part (.json)": (f"parts/{Path(shard).stem}.json", (0, None)),
    }
    cache = bench.copy()
    for state, table_ in (("finished", kinds), ("unfinished", parts)):
        if state == "unfinished":
            other = sorted((cache / name / "parts").glob("*.json"))[-1]
            for gone in ("manifest.json", "index.npz", f"parts/{other.name}", f"{other.stem}.npy"):
                (cache / name / gone).unlink()
        kept = {path: path.read_bytes() for path in sorted((cache / name).rglob("*")) if path.is_file()}
        for kind, (file, place) in table_.items():
            target = cache / name / file
            content = kept[target]
            for fault, damaged in damages(content, place, options.damages, bench.choose):
                if kind == "the header of a shard" and not damaged:
                    continue  # the whole shard was lost before
                for path in [path for path in (cache / name).rglob("*") if path.is_file() and path not in kept]:
                    path.unlink()
                for path in kept:
                    if not path.exists() or path.stat().st_size != len(kept[path]) or path == target:
                        path.write_bytes(kept[path])
                if damaged is None:
                    target.unlink()
                else:
                    target.write_bytes(damaged)
                bench.note(look(bench, cache, name, f"{fault} {kind}, {state}", kind))
                target.unlink(missing_ok=True)  # the next round starts from what was kept
        shutil.rmtree(cache)
        cache = bench.copy()
    refused = bench.prepare(cache, "--verify=true")
    if refused[0]:
        raise RuntimeError(f"the undamaged cache was refused: {refused[1]}")
    shutil.rmtree(cache)


def damages(
    content: bytes, place: tuple[int, int | None], count: int, choose: random.Random
) -> Iterator[tuple[str, bytes | None]]:
    """What can happen to a file, a random place each time; None for a file that is gone."""
    stop = len(content) if place[1] is None else place[1]
    for _ in range(count):
        at = choose.randrange(place[0], stop)
        yield "a flipped byte in", content[:at] + bytes([content[at] ^ choose.randrange(1, 256)]) + content[at + 1 :]
    for _ in range(count // 2):
        yield "a cut end of", content[: choose.randrange(place[0], stop)]
    yield "nothing left of", b""
    yield "the loss of", None


def look(bench: Bench, cache: Path, name: str, fault: str, kind: str) -> Trial:
    """What `syrfa prepare` says to a damaged cache, and with `--verify true`; and whether it is silently wrong."""
    group = "damage"
    code, line = bench.prepare(cache)
    verified, verified_line = bench.prepare(cache, "--verify=true")
    codes = [code, verified]
    detail = {"found": "on opening" if code else "by --verify true" if verified else "nothing was wrong"}
    if code not in (0, 2) or verified not in (0, 2):
        return Trial(group, fault, codes, f"a traceback: {line or verified_line}", detail=detail)
    if verified == 2:
        end = "refused" if verified_line and (code == 0 or line) else "a refusal without a line"
        if code == 0 and kind != "the pixels of a shard":
            end = "only --verify true found it"
        return Trial(group, fault, codes, end, line or verified_line, detail)
    return Trial(group, fault, codes, bench.compare(cache), detail=detail)


def change_schema(bench: Bench, options: argparse.Namespace) -> None:
    """A cache of an older and of a newer schema, where it belongs and in the place of one of this schema."""
    del options
    name = next(name for name in bench.caches if "-train-" in name)
    for schema in (0, 1, 2, 99):
        cache = bench.copy()
        path = cache / name / "manifest.json"
        content = json.loads(path.read_bytes())
        content["schema"] = content["identity"]["schema"] = schema
        path.write_text(json.dumps(content))
        code, line = bench.prepare(cache)
        bench.note(
            Trial("schema", f"schema {schema} in the place of this one", [code], bench.end([code], line, cache), line)
        )
        own = cache / f"{name[:-12]}{cache_key(content['identity'])}"
        content["key"] = own.name[-12:]
        path.write_text(json.dumps(content))
        (cache / name).rename(own)
        before = digests(own)
        code, line = bench.prepare(cache)
        try:
            TubeCache.open(own)
            end = "the cache of another schema was opened"
        except CacheError:
            end = "correct" if digests(own) == before else "the cache of another schema was touched"
        shutil.rmtree(own)
        end = end if end != "correct" else bench.end([code], line, cache)
        bench.note(Trial("schema", f"schema {schema} beside this one", [code], end, line))
        shutil.rmtree(cache)


def forbid_writing(bench: Bench, options: argparse.Namespace) -> str | None:
    """A folder that cannot be written: empty, with an unfinished build, with a finished one."""
    del options
    for state in ("empty", "unfinished", "finished"):
        cache = bench.fresh() if state == "empty" else bench.copy()
        if state == "unfinished":
            (cache / bench.caches[-1] / "manifest.json").unlink()
            (cache / bench.caches[-1] / ".left.npy.0.tmp").write_bytes(b"of a dead writer")
        before = digests(cache, hidden=True)
        try:
            with read_only(cache):
                process = Process(bench, cache)
                code, line = process.code(), process.refusal()
        except subprocess.CalledProcessError as error:
            return f"no read-only folder could be mounted ({error.stderr.decode().strip()[-80:]})"
        end = bench.end([code], line, cache, process.torn)
        if (end == "refused") != (state != "finished") or digests(cache, hidden=True) != before:
            end = f"exit code {code} on a read-only folder, {state}"
        bench.note(Trial("read-only folder", state, [code], end, line))
        shutil.rmtree(cache)
    return None


def fail_servers(bench: Bench, options: argparse.Namespace) -> None:
    """Renames, locks and flushes that fail, a quarter of them, until a build gets through or two have not."""
    del options
    for fault in SERVERS:
        cache, codes, lines, torn = bench.fresh(), [], [], 0
        for attempt in range(2):
            workers = bench.choose.choice([1, 2])
            process = Process(bench, cache, workers, (fault, 0.25, f"{bench.choose.random()} {attempt}"))
            codes.append(process.code())
            lines.append(process.refusal())
            torn += process.torn
            if codes[-1] == 0:
                break
        wrong = [code for code, line in zip(codes, lines, strict=True) if code and (code != 2 or not line)]
        if codes[-1]:
            process = Process(bench, cache)
            codes.append(process.code())
            torn += process.torn
        end = bench.end(codes, "", cache, torn)
        if wrong:
            end = f"exit code {wrong[0]}"
        elif fault in UNNOTICED and codes != [0]:
            end = f"exit codes {codes} where none was called for"
        bench.note(Trial("failing server", fault, codes, end, next(filter(None, lines), "")))
        shutil.rmtree(cache)


GROUPS: dict[str, Callable[[Bench, argparse.Namespace], str | None]] = {
    "kill": kill_builds,
    "disk": fill_disks,
    "builders": build_at_once,
    "damage": damage_files,
    "schema": change_schema,
    "read-only": forbid_writing,
    "server": fail_servers,
}


def write_world(root: Path, rng: np.random.Generator) -> None:
    """Videos of noise behind bright squares in UCSD's layout, and their boxes."""
    for split, count in VIDEOS.items():
        columns: dict[str, list[Any]] = {"boxes": [], "video": [], "frame": [], "frames_per_video": [], "names": []}
        for number in range(count):
            name = f"{split.title()}{number + 1:03d}"
            folder = root / "UCSDped2" / split.title() / name
            folder.mkdir(parents=True)
            frames = int(rng.integers(40, 90))
            corner = rng.uniform(0, (WIDTH - 60, HEIGHT - 60), (BOXES, 2))
            side = rng.uniform(15, 55, (BOXES, 2))
            for frame in range(frames):
                corner = np.clip(corner + rng.uniform(-2, 2, corner.shape), 0, (WIDTH - 60, HEIGHT - 60))
                image = rng.integers(0, 90, (HEIGHT, WIDTH), np.uint8)
                for left, top, width, height in np.concatenate([corner, side], 1).astype(int):
                    image[top : top + height, left : left + width] += np.uint8(120)
                cv2.imwrite(str(folder / f"{frame + 1:03d}.png"), image)
                confidence = rng.uniform(0.4, 1, (BOXES, 1))
                columns["boxes"] += np.concatenate([corner, corner + side, confidence], 1).tolist()
                columns["video"] += [number] * BOXES
                columns["frame"] += [frame] * BOXES
            columns["frames_per_video"].append(frames)
            columns["names"].append(name)
        (root / "detections").mkdir(exist_ok=True)
        boxes = np.array(columns.pop("boxes"), np.float32)
        np.savez(root / "detections" / f"{split}.npz", boxes=boxes, **{k: np.array(v) for k, v in columns.items()})
    lines = [f"TestVideoFile{{end+1}}.gt_frame = [{5 + number}:{20 + number}];" for number in range(VIDEOS["test"])]
    (root / "UCSDped2" / "Test" / "UCSDped2.m").write_text("\n".join(lines))


def digests(cache: Path, hidden: bool = False) -> dict[str, str]:
    """SHA-256 of every shard, index and manifest, and of anything that has no place there."""
    files = [path for path in sorted(cache.rglob("*")) if path.is_file() and (hidden or path.parent.name != "parts")]
    return {str(path.relative_to(cache)): sha256_file(path) for path in files}


def listing(cache: Path) -> set[tuple[str, int]]:
    """The files there are, and their numbers."""
    found = set()
    for path in cache.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            found.add((str(path), path.stat().st_ino))
    return found


def finished(cache: Path) -> int:
    """Videos whose parts are there."""
    return sum(1 for _ in cache.glob("*/parts/[!.]*.json"))


def command_of(process: int) -> bytes:
    """The command line of a process; empty when it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def the_line(errors: str, cache: Path) -> str:
    """The line of a refusal with the folder left out; empty where there is none, more than one, or a traceback."""
    lines = [line for line in errors.replace("\r", "\n").splitlines() if line.startswith("syrfa prepare: error: ")]
    if len(lines) != 1 or "Traceback" in errors:
        return ""
    return lines[0].replace(str(cache), "<cache>")


@contextlib.contextmanager
def mounted(place: Path, *arguments: str) -> Iterator[None]:
    """Something mounted at `place`.

    Raises:
        CalledProcessError: it cannot be mounted here.
    """
    try:
        subprocess.run(["mount", *arguments, str(place)], check=True, capture_output=True)
    except FileNotFoundError as error:
        raise subprocess.CalledProcessError(127, "mount", stderr=b"there is no mount") from error
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


@contextlib.contextmanager
def read_only(place: Path) -> Iterator[None]:
    """`place` without the right to write: the owner's where that binds, else a read-only mount (root writes anyway)."""
    if os.geteuid():
        folders = [place, *(path for path in place.rglob("*") if path.is_dir())]
        for folder in folders:
            folder.chmod(0o555)
        try:
            yield
        finally:
            for folder in folders:
                folder.chmod(0o755)
        return
    with mounted(place, "--bind", str(place)):
        subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True, capture_output=True)
        yield


def summary(trials: list[Trial]) -> list[dict[str, Any]]:
    """Trials counted by group, fault and end; what was done to one kind of file counts as one fault."""
    rows: dict[tuple[str, str], Counter[str]] = {}
    for trial in trials:
        fault = re.sub(r"^(a flipped byte in|a cut end of|nothing left of|the loss of) ", "", trial.fault)
        end = "lost" if trial.lost else trial.end
        if end == "refused" and trial.detail.get("found") == "by --verify true":
            end = "refused by --verify true"
        rows.setdefault((trial.group, fault), Counter())[end] += 1
    return [
        {"group": group, "fault": fault, "trials": sum(ends.values()), "ends": dict(ends)}
        for (group, fault), ends in rows.items()
    ]


def table(rows: list[dict[str, Any]]) -> str:
    """A row a fault, in Markdown."""
    lines = ["| group | fault | trials | ends |", "|---|---|---|---|"]
    for row in rows:
        ends = ", ".join(f"{count} {end}" for end, count in row["ends"].items())
        lines.append(f"| {row['group']} | {row['fault']} | {row['trials']} | {ends} |")
    return "\n".join(lines)


def kill_line(results: dict[str, Any]) -> str:
    """What was killed, and when."""
    kills = [one for trial in results["trials"] for one in trial["detail"].get("each", []) if one["landed"]]
    who = Counter(one["who"] for one in kills)
    early = sum(one["before_the_build"] for one in kills)
    done = sorted(one["finished_videos"] for one in kills)
    left = sum(one["temporary_files"] > 0 for one in kills)
    counted = ", ".join(f"{count} of {WHOM[name]}" for name, count in sorted(who.items()))
    return (
        f"{len(kills)} kills ({counted}), {early} of them before the build began; {done[0]} to {done[-1]} of "
        f"{results['world']['videos']} videos were finished then, half the time {done[len(done) // 2]} or fewer; "
        f"{left} kills left a half-written file."
    )


WHOM = {"builder": "the builder alone", "group": "the builder and its workers at once", "worker": "one worker"}


if __name__ == "__main__":
    sys.exit(main())
