"""Each fault of a Ped2 copy, written with real files, leads to its finding."""

import numpy as np
import pytest
from scipy.io import savemat
from small_releases import PED2_TEST, write_frames, write_script

from syrfa.datasets.check import examine
from syrfa.errors import DataNotFoundError


def look(root, fast=True):
    return examine("ped2", root, fast=fast, workers=1)


def the_problem(examination, *parts):
    """The one problem that has all the parts; every finding is one line."""
    assert not any("\n" in str(finding) for finding in examination.findings)
    found = [str(f) for f in examination.findings if f.level == "problem" and all(part in str(f) for part in parts)]
    assert len(found) == 1, [str(f) for f in examination.findings]
    return found[0]


def replace_video(root, place, name, frames):
    folder = root / place / "frames" / name
    folder.unlink()
    write_frames(folder, frames)


def test_a_whole_copy_has_no_problem(ped2):
    found = look(ped2)
    assert found.problems == 0
    assert (found.splits["train"].frames, found.splits["test"].frames) == (2550, 2010)
    assert found.splits["test"].abnormal_frames == 1648
    assert {f.level for f in found.findings} == {"ok"}


def test_decoding_tells_the_frame_size(ped2):
    found = look(ped2, fast=False)
    assert found.splits["train"].sizes == ((36, 24),)
    notes = [str(f) for f in found.findings if f.level == "note"]
    assert any("36x24" in text and "360x240" in text for text in notes)
    assert found.problems == 0


@pytest.mark.parametrize(("shift", "words"), [(1, "1 frame(s) too late"), (-3, "3 frame(s) too early")])
def test_shifted_labels(ped2, shift, words):
    write_script(ped2, shift=shift)
    assert words in the_problem(look(ped2), "labels are shifted")


def test_labels_written_from_zero(ped2):
    write_script(ped2, shift=-1)
    found = look(ped2)
    the_problem(found, "0:145", "frames count from 1")
    the_problem(found, "labels are shifted", "1 frame(s) too early")


def test_inverted_labels(ped2):
    write_script(ped2, inverted=True)
    the_problem(look(ped2), "inverted", "1 = normal")


def test_other_labels(ped2):
    text = (ped2 / "UCSDped2.m").read_text()
    (ped2 / "UCSDped2.m").write_text(text.replace("[1:159]", "[1:162]"))
    the_problem(look(ped2), "other labels", "06 162 abnormal frames for 159")


def write_cells(root, longer):
    """`ped2.mat` as published, but for the end of video 05."""
    cells = np.empty((1, 12), object)
    for i, video in enumerate(PED2_TEST.values()):
        cells[0, i] = np.array([[video.first + 1], [video.first + video.abnormal + (i == 4) * longer]])
    savemat(root / "ped2.mat", {"gt": cells})


def test_labels_that_end_after_the_video(ped2):
    write_cells(ped2, 40)
    the_problem(look(ped2), "ped2.mat: 05 is abnormal to frame 169, the video has 150 frames")


def test_a_video_that_is_too_short(ped2):
    replace_video(ped2, "testing", "06", 179)
    found = look(ped2)
    assert "06 has 179 frames for 180" in the_problem(found, "other lengths")


def test_a_missing_training_video(ped2):
    (ped2 / "training" / "frames" / "07").unlink()
    assert any(
        "15 of 16 videos, missing: 07" in str(f) and "syrfa data fetch ped2" in str(f) for f in look(ped2).findings
    )


def test_a_missing_test_video_makes_labels_by_order_worthless(ped2):
    (ped2 / "testing" / "frames" / "03").unlink()
    found = look(ped2)
    the_problem(found, "UCSDped2.m", "12 videos", "11")
    assert any("missing: 03" in str(f) for f in found.findings)


def test_too_many_videos(ped2):
    write_frames(ped2 / "training" / "frames" / "17", 20)
    the_problem(look(ped2), "17 videos, 16 were published")


def test_an_undecodable_frame_is_found_by_decoding_alone(ped2):
    replace_video(ped2, "training", "03", 150)
    (ped2 / "training" / "frames" / "03" / "077.jpg").write_bytes(b"\xff\xd8 cut off")
    assert look(ped2).problems == 0
    assert "077.jpg" in the_problem(look(ped2, fast=False), "train 03", "cut off")


def test_a_video_without_a_single_tube(ped2):
    replace_video(ped2, "training", "03", 12)
    assert any("12 frames; a video needs 13" in str(f) for f in look(ped2).findings)


def test_the_number_of_processes_changes_nothing(ped2):
    alone, four = (examine("ped2", ped2, workers=n) for n in (1, 2))
    assert alone == four


def test_no_copy_at_all(tmp_path):
    with pytest.raises(DataNotFoundError, match="no such folder"):
        look(tmp_path / "nowhere")
    found = look(tmp_path)
    assert found.problems == 1
    the_problem(found, "no video of UCSD Ped2 in it", "syrfa data fetch ped2")


def test_inverted_vectors_that_the_reader_turns_round_are_stated(ped2):
    (ped2 / "UCSDped2.m").unlink()
    vectors = []
    for video in PED2_TEST.values():
        labels = np.zeros(video.frames, np.uint8)
        labels[video.first : video.first + video.abnormal] = 1
        vectors.append(1 - labels)
    np.save(ped2 / "frame_labels_ped2.npy", np.concatenate(vectors))
    found = look(ped2)
    assert found.problems == 0
    (stated,) = [str(f) for f in found.findings if f.level == "note"]
    assert "frame_labels_ped2.npy" in stated
    assert "1 = normal" in stated
