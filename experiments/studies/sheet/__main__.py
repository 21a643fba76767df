"""Draws frames and tubes of a preset of the generator into one small picture."""

from pathlib import Path

from jsonargparse import auto_cli

from experiments.studies.sheet.sheet import check_path, draw_sheet, write_sheet
from syrfa.world import find_preset


def sheet(preset: str = "standard", seed: int = 0, out: Path = Path("runs/sheet.png")) -> None:
    """Draws a contact sheet.

    Args:
        preset: of the generator.
        seed: of the world.
        out: the PNG file.
    """
    check_path(out)
    world = find_preset(preset)
    write_sheet(out, draw_sheet(world, seed, world.grey))
    print(f"{out}: frames and tubes of '{preset}' with seed {seed}")


if __name__ == "__main__":
    auto_cli(sheet, as_positional=False)
