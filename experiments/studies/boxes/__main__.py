"""Measures what detectors do with people, and whether `BoxNoise` does the same.

It needs SYRFA_SHARED_DATA: the training split of Ped2 with its published YOLOv3 boxes, and YOLOv8n weights.
The test split is not opened. Sections: `rendered`, YOLOv8n on rendered frames against exact boxes; `ped2`, YOLOv8n
and the published boxes against each other; `published`, the published boxes by themselves; `noise`, `BoxNoise` on the
rendered frames against exact boxes; `fit`, the settings that follow.
"""

import argparse
import os
import sys
from dataclasses import asdict
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from experiments.studies.boxes.against_truth import Comparison
from experiments.studies.boxes.ground_plane import GroundPlane
from experiments.studies.boxes.without_truth import self_statistics
from syrfa.detection import BoxNoise, UltralyticsDetector
from syrfa.detection.noise import contrasts, cover, object_boxes
from syrfa.training.provenance import environment
from syrfa.utils.files import write_json
from syrfa.world.clip import Clip, plan_clips
from syrfa.world.presets import find_preset

PRESET, SEED, FRAMES = "standard", 0, (0, 12)
LOWEST = 0.25  # confidence down to which YOLOv8n's boxes are looked at
UPRIGHT = (
    *("walk", "enter", "hurry", "elder", "child", "turn_round", "halt", "stand", "telephone"),
    *("group", "family", "cluster", "talk", "meet", "queue", "running"),
)
VIDEOS, SIZE = 16, (360, 240)


def rendered(count):
    """Pictures, id masks and the ids of upright people, of `count` frames of as many clips as that takes."""
    preset = find_preset(PRESET)
    plans = [plan for plan in plan_clips(preset) if plan.split == "train"]
    clips = -(-count // len(FRAMES))
    for number in np.linspace(0, len(plans) - 1, clips).astype(int):
        clip = Clip(preset, plans[number], SEED, grey=True)
        people = [actor.owners[0] for actor in clip.actors if actor.event in UPRIGHT]
        for frame, (picture, mask) in enumerate(islice(clip.render(), FRAMES[-1] + 1)):
            if frame in FRAMES:
                yield picture, mask.astype(np.int32), people


def exact(mask, picture):
    """Boxes of the objects with 12 visible pixels or more, the share others fill, their ids and their contrast."""
    boxes, visible, hidden = object_boxes(mask)
    ids = np.unique(mask[mask > 0])
    kept = visible >= 12
    return boxes[kept], hidden[kept], ids[kept], contrasts(picture, mask, boxes)[kept]


def on_rendered(frames, detector):
    compared = Comparison()
    for picture, mask, people in frames:
        truth, hidden, ids, contrast = exact(mask, picture)
        found = detector.detect(picture.reshape(1, *picture.shape[:2], -1), 0)[0]
        compared.add(found.xyxy.astype(float), found.confidence, truth, hidden, np.isin(ids, people), contrast)
    return compared.summary()


def of_noise(frames, draws=8):
    """`BoxNoise` on the same masks, several draws of each."""
    noise, compared, rng = BoxNoise(), Comparison(), np.random.default_rng(SEED)
    shares = []
    for picture, mask, people in frames:
        truth, hidden, ids, contrast = exact(mask, picture)
        shares.append(np.stack([cover(truth), hidden])[:, np.isin(ids, people)])
        for _ in range(draws):
            found = noise.apply(mask, rng, picture)
            compared.add(found.xyxy.astype(float), found.confidence, truth, hidden, np.isin(ids, people), contrast)
    covers, hiddens = np.concatenate(shares, axis=1)
    slope = float((covers * hiddens).sum() / (covers**2).sum())
    return {"settings": asdict(noise), "hidden_per_cover": round(slope, 3), **compared.summary()}


def on_ped2(root, published, detector, count):
    """Both detectors on the same frames, each in turn taken for the truth."""
    boxes, video, frame = published["boxes"].astype(float), published["video"], published["frame"]
    plane = GroundPlane(boxes[:, :4], boxes[:, 4], *SIZE)
    places = [(v, f) for v, length in enumerate(published["frames_per_video"]) for f in range(length)]
    against, reverse = Comparison(), Comparison()
    for index in np.linspace(0, len(places) - 1, count).astype(int):
        number, at = places[index]
        path = root / "ped2" / "training" / "frames" / f"{number + 1:02d}" / f"{at:03d}.jpg"
        picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        found = detector.detect(picture[None, ..., None], 0)[0]
        old = boxes[(video == number) & (frame == at)]
        old = old[plane.by_feet(old[:, :4]) > 0.3]
        new = found.xyxy.astype(float)
        for compared, test, score, truth, sure in (
            (against, new, found.confidence, old[:, :4], old[:, 4]),
            (reverse, old[:, :4], old[:, 4], new, found.confidence),
        ):
            counted = (sure > 0.5) & plane.whole(truth) & ~plane.at_edge(truth)
            compared.add(test, score, truth, cover(truth), counted)
    return {"yolov8n_against_published": against.summary(), "published_against_yolov8n": reverse.summary()}


def fitted(content):
    """Name of each measured setting -> its value (the README says why from there)."""
    published, rendered, noise = (content[name] for name in ("published", "rendered", "noise"))
    ped2, jitter = content["ped2"]["yolov8n_against_published"], content["rendered"]["jitter"]
    joint, paired = (sum(part["union"][key] for part in (rendered, ped2)) for key in ("count", "of"))
    # the count does not recognise every joint box: it finds this share of those that BoxNoise makes
    recognised = noise["union"]["rate"] / noise["settings"]["union"]
    values = {
        "jitter": (jitter["left"] + jitter["right"]) / 2,
        "jitter_height": (jitter["top"] + jitter["bottom"]) / 2,
        "miss": published["time"]["missed_by_cover"][0]["rate"],
        "miss_hidden": published["time"]["miss_fit"]["miss_covered"] / noise["hidden_per_cover"],
        "miss_faint": rendered["miss_fit"]["miss_faint"],
        "small_doubt": rendered["confidence_small"],
        "duplicate": published["duplicate"]["rate"],
        "union": joint / paired / recognised,
        "torso": rendered["torso"]["rate"],
        "cut": rendered["cut"]["rate"],
        "strip": published["strip"]["rate"],
        "background": rendered["background"]["rate"],
        "min_side": published["smallest_side"],
    }
    return {name: round(float(value), 4) for name, value in values.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=320, help="rendered frames")
    parser.add_argument("--ped2_frames", type=int, default=170, help="training frames of Ped2")
    parser.add_argument("--out", type=Path, default=Path("runs/box_noise.json"))
    options = parser.parse_args()
    if "SYRFA_SHARED_DATA" not in os.environ:
        print("set SYRFA_SHARED_DATA to the folder with ped2, ped2_yolov3_detections and yolo", file=sys.stderr)
        return 2
    root = Path(os.environ["SYRFA_SHARED_DATA"])
    with np.load(root / "ped2_yolov3_detections" / "train.npz") as file:
        published = {name: file[name] for name in file.files}
    detector = UltralyticsDetector(
        root / "yolo" / "yolov8n_coco_int8.onnx", confidence=LOWEST, iou=0.5, image_size=640, device="cpu"
    )
    frames = list(rendered(options.frames))
    boxes = published["boxes"].astype(float)
    length = int(published["frames_per_video"].sum())
    content = {
        "schema": 1,
        "source": {"preset": PRESET, "seed": SEED, "split": "train", "frames": len(frames), "of_each_clip": FRAMES},
        "detector": detector.identity(),
        "noise": of_noise(frames),
        "published": self_statistics(boxes[:, :4], boxes[:, 4], published["video"], published["frame"], length, SIZE),
        "rendered": on_rendered(frames, detector),
        "ped2": on_ped2(root, published, detector, options.ped2_frames),
        "environment": environment(),
    }
    content["fit"] = fitted(content)
    write_json(options.out, content)
    for name, part in (("BoxNoise", content["noise"]), ("YOLOv8n", content["rendered"])):
        rates = ", ".join(f"{key} {part[key]['rate']}" for key in ("recall", "union", "torso", "cut", "background"))
        print(
            f"{name:<9} on {part['frames']} rendered frames: {rates}; {part['boxes_above_0.5']['rate']} boxes above 0.5"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
