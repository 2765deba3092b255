"""WebDataset shards: samples, labels, splits; what is cut, missing, repeated or meant in two ways."""

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from assay.core.errors import AssayError
from assay.data.inspect import inspect
from assay.data.load import as_request, readable_source
from assay.data.sources.packed import web_dataset
from assay.workflow.load import load
from encoded import png

pytestmark = pytest.mark.usefixtures("own_cache")

NAMES = ("ant", "bee", "cow")


def pictures(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 6, 5, 3), np.uint8)


def tar(path: Path, members: Mapping[str, bytes | str], form=tarfile.PAX_FORMAT, mode="w") -> Path:
    """A tar as the writer of WebDataset makes it: times with fractions, so a header of attributes each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, mode, format=form) as archive:
        for name, content in members.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1.5
            archive.addfile(info, io.BytesIO(data))
    return path


def samples(count, seed=0, start=0, label=str, **more) -> dict[str, bytes | str]:
    """KEY.png and KEY.cls of so many images, of three classes in turn."""
    found: dict[str, bytes | str] = {}
    for row, image in enumerate(pictures(count, seed)):
        found[f"{start + row:06}.png"] = png(image)
        found[f"{start + row:06}.cls"] = label(row % 3)
        for ending, told in more.items():
            found[f"{start + row:06}.{ending}"] = told(row)
    return found


def listed(path, **options):
    """The listing alone: no image is decoded."""
    request = as_request(path, **options)
    return readable_source(request).listing(request)


def refused(path, code, exit_code=3, read=listed, **options) -> str:
    with pytest.raises(AssayError) as caught:
        read(path, **options)
    assert (caught.value.code, caught.value.exit_code) == (code, exit_code), caught.value
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def expected():
    labels = np.arange(12) % 3, np.arange(6) % 3
    return load(arrays=(pictures(12), labels[0], pictures(6, 1), labels[1]))


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
def test_shards_are_one_set(tmp_path, expected, form, ending):
    """Shards of unequal size and an empty one, splits by their names; nothing is unpacked."""
    mode, all_of = "w:gz" if ending == "tar.gz" else "w", list(samples(12).items())
    root = tmp_path / "set"
    tar(root / f"photos-train-000000.{ending}", dict(all_of[:18]), form, mode)
    tar(root / f"photos-train-000001.{ending}", {}, form, mode)
    tar(root / f"photos-train-000002.{ending}", dict(all_of[18:]), form, mode)
    tar(root / f"photos-test-000000.{ending}", samples(6, 1), form, mode)
    found = load(root)
    assert found.fingerprints == expected.fingerprints
    assert found.train.ids[0] == f"photos-train-000000.{ending}/000000.png"
    assert any(f"1 shard has no images: photos-train-000001.{ending}" in note for note in found.notes)
    assert load(root) == found
    assert inspect(root).splits == {"train": 12, "test": 6}


def test_one_tar_and_a_pattern(tmp_path):
    """A single shard; the shards that a pattern with numbers in braces names."""
    for number in range(4):
        tar(tmp_path / f"set-{number:03}.tar", samples(3, number, 3 * number))
    (tmp_path / "set-009.tar").write_bytes(b"not asked for")
    assert len(load(tmp_path / "set-002.tar").train) == 3
    assert listed(f"{tmp_path}/set-{{000..002}}.tar").count == 9
    assert listed(f"{tmp_path}/set-*[13].tar").count == 6
    assert "no Parquet file and no WebDataset" in refused(f"{tmp_path}/sit-*.tar", "unknown-data", 2)
    assert "no such folder" in refused(f"{tmp_path}/none/*.tar", "unknown-data", 2)


def test_the_label_is_a_name_or_a_field(tmp_path, expected):
    """`.cls` as a name; a field of `.json`, asked for or usual; `.txt` of few different ones."""
    name = lambda row: NAMES[row % 3]  # noqa: E731
    tar(tmp_path / "a.tar", samples(12, label=lambda k: NAMES[k] + "\n"))
    fields = lambda row: json.dumps({"url": f"u{row}", "label": name(row), "kind": row % 2})  # noqa: E731
    tar(tmp_path / "b.tar", {k: v for k, v in samples(12, json=fields).items() if not k.endswith("cls")})
    tar(tmp_path / "c.tar", {k: v for k, v in samples(12, txt=name).items() if not k.endswith("cls")})
    named = load(arrays=(pictures(12), np.arange(12) % 3), classes=NAMES)
    for path in "abc":
        assert load(tmp_path / f"{path}.tar").fingerprint == named.fingerprint, path
    found = listed(tmp_path / "b.tar", label_column="kind", group_column="url").parts["train"]
    assert found.labels[:4] == ["0", "1", "0", "1"]
    assert found.columns["group"][:2] == ["u0", "u1"]


def test_a_number_and_its_name_are_one_label(tmp_path):
    """An index in `.cls` and the name in `.json` tell the same: names say more."""
    fields = lambda row: json.dumps({"class": NAMES[row % 3]})  # noqa: E731
    assert set(listed(tar(tmp_path / "a.tar", samples(12, json=fields))).parts["train"].labels) == {*NAMES}
    assert set(listed(tmp_path / "a.tar", label_column="cls").parts["train"].labels) == {"0", "1", "2"}
    assert load(tmp_path / "a.tar", label_column="cls", classes="x,y,z").classes == ("x", "y", "z")


def test_two_labels_that_differ_are_asked_about(tmp_path):
    """Both readings are shown, with what to type for each."""
    fields = lambda row: json.dumps({"category": "even" if row % 2 else "odd"})  # noqa: E731
    tar(tmp_path / "a.tar", samples(12, json=fields))
    with pytest.raises(AssayError) as caught:
        listed(tmp_path / "a.tar")
    assert caught.value.code == "ambiguous-layout"
    assert "--label-column cls or --label-column category" in caught.value.fix
    assert caught.value.more == (
        "cls: 3 classes, 0 (4), 1 (4), 2 (4)",
        "category: 2 classes, odd (6), even (6)",
    )
    assert listed(tmp_path / "a.tar", label_column="category").parts["train"].labels[:2] == ["odd", "even"]


def test_descriptions_are_no_labels(tmp_path):
    """A text for each image, as image-text sets have."""
    shard = samples(12, txt=lambda row: f"a picture of thing {row}")
    tar(tmp_path / "a.tar", {name: text for name, text in shard.items() if not name.endswith("cls")})
    assert "look like descriptions" in refused(tmp_path / "a.tar", "column-missing")


def test_numbers_in_one_shard_and_names_in_another(tmp_path):
    """Both shards are named."""
    tar(tmp_path / "set-0.tar", samples(6))
    tar(tmp_path / "set-1.tar", samples(6, 1, 6, label=lambda k: NAMES[k]))
    assert "numbers in set-0.tar and names in set-1.tar" in refused(tmp_path, "table-value")


def test_images_without_a_label(tmp_path):
    """Counted and named; left out on request; a split without any is set aside."""
    shard = samples(9)
    del shard["000004.cls"]
    tar(tmp_path / "set/train-0.tar", shard)
    tar(tmp_path / "set/test-0.tar", {name: v for name, v in samples(3, 1).items() if name.endswith("png")})
    told = refused(tmp_path / "set", "table-value")
    assert "1 of 9 images of train have no label, the first is train-0.tar/000004.png" in told
    found = load(tmp_path / "set", skip_unlabelled=True)
    assert (len(found.train), list(found.splits)) == (8, ["train"])
    assert [item.id for item in found.left_out if item.split == "train"] == ["train-0.tar/000004.png"]
    assert any("3 of 3 images of test have no label" in note for note in found.notes)


def test_keys_in_several_shards_are_told(tmp_path):
    """Each is an image of its own: writers often begin again at 0."""
    for number in range(2):
        tar(tmp_path / f"set-{number}.tar", samples(6, number))
    found = listed(tmp_path)
    assert len(set(found.parts["train"].ids)) == 12
    told = "6 keys occur in several shards, the first is '000000' in set-0.tar and set-1.tar"
    assert any(told in note for note in found.notes)


def test_a_sample_without_an_image_is_told(tmp_path):
    """A label alone; members of other kinds; hidden files of a Mac."""
    shard = {**samples(6), "x.cls": "0", "y.npy": b"1", "._000001.png": b"no", "__MACOSX/._a.png": b"no"}
    found = listed(tar(tmp_path / "a.tar", shard))
    assert [(item.id, item.reason) for item in found.left_out] == [("a.tar/x", "a sample without an image")]
    assert "1 member .npy not read" in found.notes
    assert found.count == 6


def test_several_images_in_a_sample_are_asked_about(tmp_path):
    """`.png` beside `.jpg`; a mask with a longer ending is no second reading."""
    both = {**samples(6), **{f"{row:06}.jpg": b"x" for row in range(6)}}
    tar(tmp_path / "a.tar", both)
    told = refused(tmp_path / "a.tar", "ambiguous-layout")
    assert "--path-column png or --path-column jpg" in told
    assert listed(tmp_path / "a.tar", path_column="png").count == 6
    tar(tmp_path / "b.tar", {**samples(6), **{f"{row:06}.seg.png": b"x" for row in range(6)}})
    found = listed(tmp_path / "b.tar")
    assert found.count == 6
    assert "6 members .seg.png (a second image) not read" in found.notes
    dotted = {f"img.{row}.png": png(image) for row, image in enumerate(pictures(4))} | {"img.cls": "0"}
    assert "first dot" in refused(tar(tmp_path / "c.tar", dotted), "ambiguous-layout")


@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
def test_a_shard_that_is_cut_short_is_named(tmp_path, ending):
    """Cut anywhere: `run` stops with its name, an audit reads what is whole and counts it as unreadable."""
    mode = "w:gz" if ending == "tar.gz" else "w"
    tar(tmp_path / f"set-0.{ending}", samples(6), mode=mode)
    path = tar(tmp_path / f"set-1.{ending}", samples(6, 1, 6), mode=mode)
    content = path.read_bytes()
    whole = len(content.rstrip(b"\0")) if ending == "tar" else len(content)  # a tar ends with zeros
    for length in (*range(0, whole, 211), 0):
        path.write_bytes(content[:length])
        found = listed(tmp_path)
        lost = [item.id for item in found.left_out if item.kind == "unreadable"]
        assert lost == [f"set-1.{ending}"]
        assert 6 <= found.count <= 12
        assert any("could not be read to the end: set-1" in note for note in found.notes)
    assert f"set-1.{ending}" in refused(tmp_path, "image-unreadable", read=load)
    assert len(load(tmp_path, skip_bad=True).train) == 6


def test_a_damaged_image_in_a_shard_is_one_unreadable_image(tmp_path):
    """The others are read."""
    shard = samples(9)
    shard["000003.png"] = b"\x89PNG\r\n\x1a\n, and no more"
    tar(tmp_path / "a.tar", shard)
    assert "a.tar/000003.png" in refused(tmp_path / "a.tar", "image-unreadable", read=load)
    assert len(load(tmp_path / "a.tar", skip_bad=True).train) == 8


def test_labels_that_cannot_be_read_are_named(tmp_path):
    """No UTF-8, no JSON, several labels: the member is named."""
    for name, told in ((b"\xff\xfe\xff", "not UTF-8"), (b"x" * 20_000, "20,000 bytes")):
        assert told in refused(tar(tmp_path / "a.tar", samples(3) | {"000001.cls": name}), "table-value")
    for text, told in (("{", "no JSON"), ("[1]", "not one JSON object"), ("[" * 100_000, "no JSON")):
        said = refused(tar(tmp_path / "a.tar", samples(3) | {"000001.json": text}), "table-value")
        assert told in said
        assert "000001.json" in said


def test_a_folder_in_a_tar_stays_a_folder(tmp_path):
    """Class folders in a tar are read as before; with a text beside each image both readings are offered."""
    tree = {f"{NAMES[row % 3]}/{row}.png": png(image) for row, image in enumerate(pictures(6))}
    tar(tmp_path / "a.tar", tree)
    assert load(tmp_path / "a.tar").source == "archive"
    texts = {f"{NAMES[row % 3]}/{row}.txt": "ab"[row % 2] for row in range(6)}
    tar(tmp_path / "b.tar", {**tree, **texts})
    told = refused(tmp_path / "b.tar", "ambiguous-layout")
    assert "--layout classes" in told
    assert "--label-column txt" in told
    assert load(tmp_path / "b.tar", layout="classes").classes == NAMES
    assert listed(tmp_path / "b.tar", label_column="txt").parts["train"].labels[:2] == ["a", "b"]


def test_images_beside_shards_are_asked_about(tmp_path):
    """Neither is read in silence in place of the other."""
    tar(tmp_path / "set-0.tar", samples(3))
    (tmp_path / "ant").mkdir()
    (tmp_path / "ant" / "0.png").write_bytes(png(pictures(1)[0]))
    told = refused(tmp_path, "ambiguous-layout")
    assert "ant/0.png" in told
    assert "*.tar" in told
    assert listed(f"{tmp_path}/*.tar").count == 3


def test_missing_shards_are_told_by_their_numbers(tmp_path):
    """A download that is not complete."""
    for number in (0, 1, 4):
        tar(tmp_path / f"set-{number:04}.tar", samples(3, number))
    assert "2 shards of 'set-' missing by their numbers: 2, 3" in listed(tmp_path).notes


def test_options_of_trees_are_refused(tmp_path):
    """--split-names and --root mean nothing here."""
    tar(tmp_path / "a.tar", samples(3))
    refused(tmp_path / "a.tar", "option-not-used", 2, split_names="train=a,test=b")


def test_the_form_is_told_without_an_error_for_what_is_damaged(tmp_path):
    """Whoever reads the file says what is wrong with it."""
    path = tmp_path / "a.tar"
    for content in (b"", b"x" * 1000, b"\x1f\x8bxxxx"):
        path.write_bytes(content)
        assert not web_dataset.matches(as_request(path))
    assert readable_source(as_request(path)).name == "archive"


@pytest.mark.parametrize("label", ["[0, 1]", "[]", '{"a": 1}'])
@pytest.mark.parametrize("place", ["json", "cls"])
def test_several_labels_are_no_class(tmp_path: Path, place: str, label: str) -> None:
    """A list of labels was the one class of all images, called `[0, 1]`."""
    told = f'{{"label": {label}}}' if place == "json" else label
    found = {f"{row}.png": png(image) for row, image in enumerate(pictures(4))}
    tar(tmp_path / "s-0.tar", {**found, **{f"{row}.{place}": told for row in range(4)}})
    assert "several labels" in refused(tmp_path / "s-0.tar", "several-labels")


def test_a_label_twice_in_one_object_is_refused(tmp_path: Path) -> None:
    """Of two, JSON takes the last without a word."""
    found = {"0.png": png(pictures(1)[0]), "0.json": '{"label": 0, "label": 1}'}
    tar(tmp_path / "s-0.tar", found)
    assert "'label' occurs twice" in refused(tmp_path / "s-0.tar", "table-value")


@pytest.mark.parametrize("form", ["w", "w:gz"])
def test_archives_put_one_after_the_other_are_told(tmp_path: Path, form: str) -> None:
    """`cat a.tar b.tar`: the second half of the images was missing without a word."""
    name = "s-0.tar" if form == "w" else "s-0.tar.gz"
    two = [tar(tmp_path / f"{n}.tar", samples(6, n, 6 * n)).read_bytes() for n in range(2)]
    whole = b"".join(two) if form == "w" else gzip.compress(b"".join(two))
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / name).write_bytes(whole)
    assert "another archive follows" in refused(tmp_path / "set", "image-unreadable", read=load)
    found = load(tmp_path / "set", skip_bad=True)
    assert len(found.train) == 6
    assert [item.kind for item in found.left_out] == ["unreadable"]


@pytest.mark.parametrize("more", [b"\0" * 50_000, b"a signature", b"x" * 2000])
def test_padding_after_an_archive_is_no_archive(tmp_path: Path, more: bytes) -> None:
    """As programs write it."""
    path = tar(tmp_path / "s-0.tar", samples(6))
    path.write_bytes(path.read_bytes() + more)
    assert load(path).left_out == ()


def test_splits_of_a_field_are_read(tmp_path: Path) -> None:
    """All samples were train, and the test split was drawn across those that were given."""
    told = [
        json.dumps({"split": ("train", "val", "test")[n % 3 if n < 9 else 0], "who": n}) for n in range(12)
    ]
    made = samples(12, json=lambda n: told[n])
    path = tar(tmp_path / "set-0.tar", made)
    found = listed(path)
    assert {split: len(part.ids) for split, part in found.parts.items()} == {
        "train": 6,
        "validation": 3,
        "test": 3,
    }
    assert found.parts["test"].columns["who"] == ["2", "5", "8"]
    assert "split" not in found.parts["test"].columns
    data = load(path)
    assert np.array_equal(data.splits["test"].images[0], pictures(12)[2])
    words = "train=train|val,test=test"
    again = listed(path, split_names=words)
    assert {split: len(part.ids) for split, part in again.parts.items()} == {"train": 9, "test": 3}
    assert listed(path, split_names=words).stamp != found.stamp


def test_splits_of_other_words_stop_with_the_option(tmp_path: Path) -> None:
    """The option that the line shows is taken."""
    path = tar(tmp_path / "set-0.tar", samples(12, json=lambda n: json.dumps({"split": n % 2})))
    told = refused(path, "table-value")
    assert "--split-names 'train=0,test=1'" in told
    assert set(listed(path, split_names="train=0,test=1").parts) == {"train", "test"}


@pytest.mark.parametrize("key", ["{split}/{n:05}", "{split}_{n:05}", "a/{split}_images/{n:05}"])
def test_splits_of_keys_are_read(key: str, tmp_path: Path) -> None:
    """As those of a table's paths are; a field counts more, and both are told."""
    for more, count in (({}, 3), ({"json": lambda n: json.dumps({"split": "train" if n else "test"})}, 1)):
        made = {}
        for name, content in samples(12, **more).items():
            number = int(name[:6])
            made[key.format(split="train" if number % 4 else "test", n=number) + name[6:]] = content
        found = listed(tar(tmp_path / f"set-{count}.tar", made))
        assert {split: len(part.ids) for split, part in found.parts.items()} == {
            "train": 12 - count,
            "test": count,
        }
        assert any("read as the splits" in note for note in found.notes)


def test_names_of_shards_tell_the_splits_before_keys_do(tmp_path: Path) -> None:
    """Keys that go on as before the split was made matter to nobody."""
    for split in ("train", "test"):
        made = {
            f"{'val' if int(name[:6]) % 2 else 'train'}/{name}": x
            for name, x in samples(6, len(split)).items()
        }
        tar(tmp_path / f"set-{split}-0.tar", made)
    assert {split: len(part.ids) for split, part in listed(tmp_path).parts.items()} == {"train": 6, "test": 6}


def test_a_field_that_says_the_same_of_all_does_not_outweigh_the_names(tmp_path: Path) -> None:
    """Shards cut from one split keep its word: names went unread. Who names the field is believed."""
    for split in ("train", "test"):
        made = samples(6, len(split), json=lambda _: json.dumps({"split": "train"}))
        tar(tmp_path / f"set-{split}-0.tar", made)
    found = listed(tmp_path)
    assert {split: len(part.ids) for split, part in found.parts.items()} == {"train": 6, "test": 6}
    assert any("says the same of all samples" in note for note in found.notes)
    assert "split" not in found.parts["test"].columns
    assert set(listed(tmp_path, split_column="split").parts) == {"train"}
