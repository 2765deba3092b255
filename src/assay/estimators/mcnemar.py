"""Whether one of two classifiers is right more often than chance explains: McNemar's exact test."""

import math


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided p-value of the exact McNemar test (1947; exact form: the sign test), in (0, 1].

    only_first, only_second: images that one model alone got right. Were the two equally good, each of these
    would be either's with probability 1/2; the p-value is the chance of a split at least this uneven.
    Relative error below 1e-12. Raises ValueError for negative counts.
    """
    if min(only_first, only_second) < 0:
        raise ValueError("counts of images are not negative")
    n, fewer = only_first + only_second, min(only_first, only_second)
    # Division of integers of any size is rounded once; the terms below follow from the largest.
    term = math.comb(n, fewer) / 2**n
    terms = [term]
    for k in range(fewer, 0, -1):
        term *= k / (n - k + 1)
        if term < terms[0] * 1e-18:
            break
        terms.append(term)
    return min(1.0, 2 * math.fsum(terms))
