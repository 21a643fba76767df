"""Small copies of released data sets written as real files, with the published lengths and labels."""

import cv2
import numpy as np

from syrfa.datasets.published import PUBLISHED

PED2_TRAIN, PED2_TEST = (PUBLISHED["ped2"].splits[split].per_video for split in ("train", "test"))
SHANGHAITECH_TEST = PUBLISHED["shanghaitech"].splits["test"].per_video


def write_frames(folder, frames, size=(36, 24), start=0):
    folder.mkdir(parents=True)
    image = np.full((size[1], size[0], 3), 90, np.uint8)
    data = cv2.imencode(".jpg", image)[1].tobytes()
    for i in range(start, start + frames):
        (folder / f"{i:03d}.jpg").write_bytes(data)


def write_video(file, frames, size=(64, 48), codec="MJPG"):
    file.parent.mkdir(parents=True, exist_ok=True)
    writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*codec), 24, size)
    for i in range(frames):
        writer.write(np.full((size[1], size[0], 3), i % 255, np.uint8))
    writer.release()


def write_ped2(root):
    """All 28 videos of the repack in their published lengths, tiny pictures, and a `UCSDped2.m` as published."""
    for place, facts in (("training", PED2_TRAIN), ("testing", PED2_TEST)):
        for name, video in facts.items():
            write_frames(root / place / "frames" / name, video.frames)
    write_script(root)
    return root


def write_script(root, shift=0, inverted=False):
    """The intervals as published, moved by `shift` frames, or those of the normal frames."""
    lines = ["TestVideoFile = {};"]
    for video in PED2_TEST.values():
        first, last = video.first + 1, video.first + video.abnormal
        spans = [(first + shift, last + shift)]
        if inverted:
            spans = [span for span in ((1, first - 1), (last + 1, video.frames)) if span[0] <= span[1]]
        body = " ".join(f"{a}:{b}" for a, b in spans)
        lines.append(f"TestVideoFile{{end+1}}.gt_frame = [{body}];")
    (root / "UCSDped2.m").write_text("\n".join(lines))


def published_mask(name):
    """A mask with the published length, count and first abnormal frame of a ShanghaiTech clip."""
    video = SHANGHAITECH_TEST[name]
    mask = np.zeros(video.frames, np.uint8)
    mask[video.first : video.first + video.abnormal] = 1
    return mask


def write_shanghaitech(root, names=("01_0063", "06_0153")):
    """Some test clips as folders of frames, with their masks."""
    (root / "testing" / "test_frame_mask").mkdir(parents=True)
    for name in names:
        write_frames(root / "testing" / "frames" / name, SHANGHAITECH_TEST[name].frames)
        np.save(root / "testing" / "test_frame_mask" / f"{name}.npy", published_mask(name))
    return root
