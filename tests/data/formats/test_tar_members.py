"""A tar that is read in place: what `tarfile` wrote, and what is hostile or damaged."""

import gzip
import io
import tarfile

import pytest

from assay.core.errors import AssayError
from assay.data.formats import tar_members as tar
from assay.data.formats.tar_members import CutShortError, Member, decompressed, tar_members


def packed(*members: tuple[str, bytes | None, dict[str, object]], form: int = tarfile.PAX_FORMAT) -> bytes:
    """A tar of members: name, content and other attributes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content, attributes in members:
            info = tarfile.TarInfo(name)
            info.size = len(content or b"")
            for key, value in attributes.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content) if content else None)
    return out.getvalue()


def found(content: bytes, most: int = 0) -> list[Member]:
    with decompressed(io.BytesIO(content)) as stream:
        return list(tar_members("a.tar", stream, len(content), lambda _: most))


NAMES = ["a.png", "f/b.png", "x" * 120 + ".png", "d/" * 40 + "y" * 90 + ".png", "é/猫.png", "./c.png"]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_members_are_those_of_tarfile(form, pack):
    """Names of any length and script, in every form that Python writes; a folder is no member."""
    names = [name for name in NAMES if form != tarfile.USTAR_FORMAT or len(name) < 100]
    members = [(name, name.encode() * 70, {"mtime": 1.5}) for name in names]
    content = packed(*members, ("folder", None, {"type": tarfile.DIRTYPE}), form=form)
    got = found(pack(content), most=10)
    assert [m.name for m in got] == [name.removeprefix("./") for name in names]
    for member, (name, data, _) in zip(got, members, strict=True):
        assert content[member.offset : member.offset + member.size] == data, name
        assert member.content == data[:10]


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ({"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"}, "link"),
        ({"type": tarfile.LNKTYPE, "linkname": "a"}, "link"),
        ({"type": tarfile.CHRTYPE}, "device"),
        ({"type": tarfile.FIFOTYPE}, "device"),
        ({"type": tarfile.GNUTYPE_SPARSE}, "sparse"),
        ({"pax_headers": {"GNU.sparse.major": "1", "GNU.sparse.size": "9999999999"}}, "sparse"),
        ({"name": "../b"}, "leads out"),
        ({"name": "/etc/b"}, "leads out"),
        ({"name": "a/" * 70 + "b"}, "folders deep"),
        ({"name": "a"}, "occurs twice"),
        ({"name": "./a"}, "occurs twice"),
        ({"pax_headers": {"comment": "x" * 70_000}}, "bytes"),
    ],
)
def test_what_no_set_needs_is_refused(attributes, told):
    """Before anything of it is read."""
    with pytest.raises(AssayError, match=told) as caught:
        found(packed(("a", b"1", {}), ("b", b"", attributes)))
    assert (caught.value.code, caught.value.exit_code) == ("archive-refused", 3)


def test_a_chain_of_headers_is_refused():
    """Headers for a member that never comes."""
    header = packed(("a", b"", {"pax_headers": {"comment": "x"}}))[:1024]
    with pytest.raises(AssayError, match="headers before one member"):
        found(header * 50)


def test_attributes_for_all_members_are_refused():
    """A global header that names every member alike; a comment is harmless."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"path": "b"}) as archive:
        archive.addfile(tarfile.TarInfo("a"))
    with pytest.raises(AssayError, match="one name"):
        found(out.getvalue())


def test_bombs_are_refused(monkeypatch):
    """Too many members; more bytes than pictures are packed to, in a header or in gzip."""
    monkeypatch.setattr(tar, "MOST_ENTRIES", 3)
    with pytest.raises(AssayError, match="more than 3 files"):
        found(packed(*((str(n), b"", {}) for n in range(4))))
    block = bytearray(packed(("a", b"1", {}))[:512])
    block[124:136] = b"%011o\0" % (1 << 32)
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    with pytest.raises(AssayError) as caught:
        found(bytes(block) + bytes(2000))
    assert caught.value.code == "archive-too-large"


def test_damage_anywhere_is_told():
    """Each byte changed, each length cut: members that are there, or an error that says so."""
    content = packed(("a.png", b"12345", {"mtime": 1.5}), ("a.cls", b"1", {}))
    end = len(content.rstrip(b"\0"))
    for place in range(0, end, 3):
        changed = bytearray(content)
        changed[place] ^= 0x15
        for damaged in (bytes(changed), content[:place]):
            for given in (damaged, gzip.compress(damaged), gzip.compress(content)[: place // 4]):
                try:
                    found(given, most=100)
                except CutShortError:
                    continue
                except AssayError as error:
                    assert error.exit_code == 3
