"""Digests of images, and the fingerprint of labelled images: equal ones mean equal pictures and labels."""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

#: Pairs whose bytes are put together before they are hashed.
_AT_ONCE: Final = 1 << 14


def fingerprint_of(digests: NDArray[np.uint8], labels: NDArray[np.int64], classes: Sequence[str]) -> str:
    """SHA-256 over the sorted pairs (image digest, class name): the same for the same labelled
    pictures in any order, format or naming. digests: uint8 `(n, 32)`; labels: int64 `(n,)`."""
    names = [name.encode("utf-8", "surrogatepass") for name in classes]
    rank = np.empty(len(names), np.int64)
    rank[sorted(range(len(names)), key=names.__getitem__)] = np.arange(len(names))
    # Numbers compare as the bytes do: most significant first.
    words = np.ascontiguousarray(digests).view(">u8")
    order = np.lexsort((rank[labels], *words.T[::-1]))
    whole, heads = hashlib.sha256(), [(32 + len(name)).to_bytes(8, "little") for name in names]
    for start in range(0, len(order), _AT_ONCE):
        some = order[start : start + _AT_ONCE]
        sorted_digests, chosen = digests[some].tobytes(), labels[some].tolist()
        whole.update(
            b"".join(
                heads[label] + sorted_digests[32 * i : 32 * i + 32] + names[label]
                for i, label in enumerate(chosen)
            )
        )
    return whole.hexdigest()


def image_digests(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """SHA-256 of each image's shape and pixels, uint8 `(n, 32)`. Equal images have equal digests."""
    shape = "x".join(map(str, images.shape[1:])).encode() + b"\0"
    if images.size and images.flags.c_contiguous:  # no copy of each image: a seventh faster
        size, whole = images[0].nbytes, images.reshape(-1).data
        digests = [
            hashlib.sha256(shape + whole[at : at + size]).digest() for at in range(0, len(whole), size)
        ]
    else:
        digests = [hashlib.sha256(shape + image.tobytes()).digest() for image in images]
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
