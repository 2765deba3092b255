"""The images of a WebDataset shard, read in place; what cannot be read is told as such, image by image."""

import zlib
from array import array
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import IO, Final, NamedTuple

from assay.core.errors import AssayError
from assay.core.text import one_line
from assay.data.formats.safe_open import reading_errors
from assay.data.formats.shard_file import ShardFile
from assay.data.formats.tar_members import decompressed
from assay.data.formats.tar_samples import TarSamples

#: Bytes of one encoded image, as of image files.
_LARGEST_IMAGE: Final = 1 << 26


class TarContent(NamedTuple):
    """Where the images of a shard lie in it: the place and length of each."""

    offsets: "array[int]"
    sizes: "array[int]"

    @classmethod
    def of(cls, samples: TarSamples, rows: Sequence[int]) -> "TarContent":
        """Of some samples of a shard."""
        return cls(
            array("q", (samples.offsets[row] for row in rows)),
            array("q", (samples.sizes[row] for row in rows)),
        )


def tar_images(file: ShardFile, content: TarContent, rows: range) -> Iterator[bytes | AssayError]:
    """The images of some rows; those that a second try does not give either are told as unreadable."""
    done = 0
    for attempt in range(2):
        try:
            with file.opened() as raw, reading_errors(str(file)), decompressed(raw) as stream:
                for row in rows[done:]:
                    item = _content_of(file, stream, content.offsets[row], content.sizes[row])
                    yield item
                    done += 1
            return
        except (AssayError, EOFError, zlib.error) as error:
            why = error.what if isinstance(error, AssayError) else f"it is damaged ({error})"
            if attempt:
                lost = AssayError(
                    "image-unreadable",
                    file,
                    f"its shard {one_line(file.name)} cannot be read there: {why}",
                    "",
                )
                yield from repeat(lost, len(rows) - done)


def _content_of(file: ShardFile, stream: IO[bytes], offset: int, size: int) -> bytes | AssayError:
    if size > _LARGEST_IMAGE:
        what = f"the file has more than {_LARGEST_IMAGE:,} bytes"
        return AssayError("image-too-large", file, what, "Save it smaller.")
    stream.seek(offset)
    data = stream.read(size)
    if len(data) < size:
        raise AssayError("data-changed", file, "it became shorter while it was read", "Read it again.")
    return data
