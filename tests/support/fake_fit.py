"""Stands in for `syrfa fit` where only the running of processes is tested: leaves what a tested fit leaves, at once.

`--oracle=true` leaves what `data.oracle` leaves. `--diverged=true` logs a loss that is no number.

`--mood=fails` ends with exit code 3. `--mood=waits` waits for SIGTERM, saves `last.ckpt` and ends with 143; a second
run of it, given that checkpoint, ends well.
"""

import json
import signal
import sys
from pathlib import Path

from syrfa.engine import folder_lock

VALUE = 0.75


def main(arguments: list[str]) -> int:
    options = dict(argument.removeprefix("--").split("=", 1) for argument in arguments if "=" in argument)
    folder = Path(options["run.root"]) / options["run.experiment"] / options["run.id"]
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    with (folder / "starts").open("a") as file:
        file.write(" ".join(arguments) + "\n")
    mood = options.get("mood", "well")
    if mood == "fails":
        print("no such luck")
        return 3
    if mood == "waits" and "ckpt_path" not in options:
        with folder_lock(folder):
            wait(folder)
    value = VALUE + float(options.get("x", 0)) / 100
    oracle = options.get("oracle") == "true"
    loss = "nan" if options.get("diverged") == "true" else 2 - value
    header = "step,train/cls,val/micro_auroc" + (",val/oracle" if oracle else "")
    last = ",1.0" if oracle else ""
    (folder / "metrics.csv").write_text(f"{header}\n0,3,0.1{last}\n1,{loss},{value}{last}\n2,,{last}\n")
    metrics = {"micro_auroc": {"value": 1 - value, "chance": 0.5}}
    reading = {
        "protocol": {"protocol": "strict", "smoothing": "centred"},
        "metrics": metrics,
        "baselines": {"box_width": metrics},
    }
    (folder / "result.json").write_text(json.dumps({"schema": 2, "oracle": oracle, "evaluations": [reading]}))
    return 0


def wait(folder: Path) -> None:
    def stop(*_: object) -> None:
        (folder / "checkpoints" / "last.ckpt").touch()
        sys.exit(143)

    signal.signal(signal.SIGTERM, stop)
    (folder / "waiting").touch()
    while True:
        signal.pause()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
