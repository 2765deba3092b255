"""The class names of the splits beside each other: what is no label, and what may be one class twice."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from shlex import quote
from unicodedata import normalize

import numpy as np

from assay.core.arrays import Rows, distinct
from assay.core.errors import AssayError
from assay.core.text import one_line, whole_number
from assay.data.listing.advice.near_names import names_meant, near_to, one_word
from assay.data.listing.class_numbers import counted_from_one, notes_on_measures, refuse_measures
from assay.data.listing.columns.structured import refuse_no_labels
from assay.data.listing.listing import Listing, Part
from assay.data.listing.names import natural_key, one_spelling
from assay.data.values import UNLABELLED, LeftOut


def with_one_vocabulary(listing: Listing, chosen: Sequence[str] | None, where: object) -> Listing:
    """The listing with splits that are labelled as train is; what is not is left out and said.

    A split that shares no class with train has no labels: nothing can be scored on it. Images of a class that
    train lacks can only be wrong. Class names that differ by case from split to split are one class under
    --classes that names it once (`chosen`), and stop the reading without: AssayError `class-names`.
    """
    if not chosen and listing.classes is None:  # folders and lists of names say that they are classes
        labels = {label for part in listing.parts.values() for label in part.labels}
        refuse_measures(labels, where)
        refuse_no_labels([label for part in listing.parts.values() for label in part.labels], where)
    if not chosen:
        met = {label for part in listing.parts.values() for label in part.labels}
        listing = replace(listing, notes=(*listing.notes, *notes_on_measures(met)))
    listing = _joined_by_case(_named_by_number(_composed(listing), chosen), chosen)
    if "train" not in listing.parts:
        return listing
    known = set(listing.parts["train"].labels)
    if not known & set(chosen or listing.classes or known):  # numbers under names that the source knows
        return listing
    for split in [split for split in listing.parts if split != "train"]:
        found = Counter(listing.parts[split].labels)
        strange = [label for label in found if label not in known]
        if strange:
            refuse_other_case(strange, known, split, where)
            if not chosen:
                _refuse_other_names(strange, known.difference(found), split, where)
            if not chosen and (what := counted_otherwise(set(found), known, split)):
                fix = (
                    "Give both the same numbers, or name all of them with --classes to read them as they are."
                )
                raise AssayError("class-names", where, what, fix)
            listing = _without(listing, split, set(strange), known, whole=len(strange) == len(found))
    return listing


def _composed(listing: Listing) -> Listing:
    """The listing with one spelling of each class name; a note where two became one."""
    meant = one_spelling(part.labels for part in listing.parts.values())
    if all(old == new for old, new in meant.items()):
        return listing
    meant |= {name: meant.get(name, normalize("NFC", name)) for name in listing.classes or ()}
    parts = {
        split: replace(part, labels=[meant[label] for label in part.labels])
        for split, part in listing.parts.items()
    }
    classes = None if listing.classes is None else tuple(dict.fromkeys(meant[c] for c in listing.classes))
    twice = len(set(meant.values())) < len(meant)
    note = (
        ("class names that differ only in how Unicode spells their accents are one class",) if twice else ()
    )
    return replace(listing, parts=parts, classes=classes, notes=(*listing.notes, *note))


def _named_by_number(listing: Listing, chosen: Sequence[str] | None) -> Listing:
    """Labels that are numbers, and no names, as the names that they number."""
    found = {label for part in listing.parts.values() for label in part.labels}
    numbers = {label: whole_number(label) for label in found}
    if not chosen or not found or found & set(chosen) or not all(map(str.isdecimal, found)):
        return listing
    known = {label: number for label, number in numbers.items() if number is not None}
    if question := counted_from_one(set(known.values()), chosen):
        raise question
    if len(known) < len(found) or max(known.values()) >= len(chosen):
        return listing  # refused with all other labels that are no class
    parts = {
        split: replace(part, labels=[chosen[known[label]] for label in part.labels])
        for split, part in listing.parts.items()
    }
    return replace(listing, parts=parts, classes=None)


def _joined_by_case(listing: Listing, chosen: Sequence[str] | None) -> Listing:
    """Labels that are a chosen name in another spelling, and no chosen name themselves, as that name."""
    if not chosen:
        return listing
    meant, told = other_spellings({label for part in listing.parts.values() for label in part.labels}, chosen)
    if not meant:
        return listing
    parts = {
        split: replace(part, labels=[meant.get(label, label) for label in part.labels])
        for split, part in listing.parts.items()
    }
    return replace(listing, parts=parts, classes=None, notes=(*listing.notes, told))


def other_spellings(labels: Collection[str], chosen: Sequence[str]) -> tuple[dict[str, str], str]:
    """The chosen name of each label that is one in another spelling, and none itself; and a note."""
    by_fold: dict[str, list[str]] = {}
    for name in chosen:
        by_fold.setdefault(_fold(name), []).append(name)
    others = set(labels) - set(chosen)
    meant = {label: by_fold[_fold(label)][0] for label in others if len(by_fold.get(_fold(label), ())) == 1}
    told = ", ".join(f"{one_line(old)} is {one_line(new)}" for old, new in sorted(meant.items()))
    return meant, f"joined by --classes: {told}" if meant else ""


def _fold(name: str) -> str:
    """One text for all spellings: in case, in what parts words, in zeros before a number, and in how Unicode
    composes accents."""
    number = whole_number(name) if name.isdecimal() else None
    return one_word(name) if number is None else str(number)


def refuse_other_case(strange: Iterable[str], known: set[str], split: str, where: object) -> None:
    """Raise AssayError `class-names` where a class that train lacks is one of its own but for case."""
    by_fold = {_fold(name): name for name in known}
    pairs = [(by_fold[_fold(label)], label) for label in strange if _fold(label) in by_fold]
    if pairs:
        told = ", ".join(
            f"{one_line(one)!r} in train is {one_line(two)!r} in {split}" for one, two in pairs[:3]
        )
        written = len(known) <= 20 and not any("," in name for name in known)
        quoted = quote(",".join(sorted(known, key=natural_key))) if written else "FILE, with a name a line"
        fix = f"Join them with --classes {one_line(quoted)}, or give the folders the same names."
        raise AssayError("class-names", where, f"the splits name their classes differently: {told}", fix)


def _refuse_other_names(strange: Collection[str], missed: Collection[str], split: str, where: object) -> None:
    """Raise AssayError `class-names` where all classes that train lacks, two or more, may be those of its own
    under other names (`names_meant`): without them a split would be scored on what is left of it."""
    meant = names_meant(strange, missed)
    if len(meant) < max(2, len(set(strange))):
        return
    told = ", ".join(
        f"{one_line(meant[label])!r} in train may be {one_line(label)!r} in {split}"
        for label in sorted(meant, key=natural_key)[:3]
    )
    fix = "Give the folders the same names. Where these are others, --classes with those of train reads on."
    raise AssayError("class-names", where, f"the splits name their classes differently: {told}", fix)


def counted_otherwise(found: set[str], known: set[str], split: str) -> str:
    """What to say where a split has the numbers of train, each one larger or smaller: then one of both counts
    from 0, and the other from 1. Empty where it has others.

    found, known: the labels of the split, and those of train.
    """
    own, others = (sorted(n for n in map(whole_number, names) if n is not None) for names in (known, found))
    if not len(own) == len(known) == len(others) == len(found) > 1 or {own[0], others[0]} != {0, 1}:
        return ""
    if len({b - a for a, b in zip(own, others, strict=True)}) > 1:
        return ""
    told = f"train has the classes {own[0]} to {own[-1]}, {split} {others[0]} to {others[-1]}"
    return f"{told}: one of both seems to count from 0, and the other from 1"


@dataclass(frozen=True, eq=False)
class KnownLabels:
    """Labels by split, int64 `(n,)`, of which train has all classes.

    rows: the rows that were kept of each split that had others. left_out, notes: what was not, and why.
    """

    labels: dict[str, Rows]
    rows: dict[str, Rows]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]

    def renumbered(self, names: tuple[str, ...]) -> tuple[tuple[str, ...], dict[str, Rows]]:
        """Names and labels without the classes that no split has any more."""
        used = distinct(np.concatenate(list(self.labels.values())))
        if len(used) == len(names) or not self.left_out:
            return names, self.labels
        labels = {split: np.searchsorted(used, values) for split, values in self.labels.items()}
        return tuple(names[label] for label in used.tolist()), labels


def known_to_train(
    names: Sequence[str],
    labels: Mapping[str, Rows],
    where: Mapping[str, str],
    all_ids: Mapping[str, Sequence[str]],
) -> KnownLabels:
    """The rule of `with_one_vocabulary` for labels in arrays, int64 `(n,)` by split, each a place in `names`.

    where: what to call the labels of each split in an error. all_ids: the names of the images of each split.
    """
    kept, rows, left_out, notes = dict(labels), {}, [], []
    own = distinct(labels["train"]) if "train" in labels else np.arange(len(names))
    known = {names[label] for label in own.tolist()}
    for split, values in labels.items():
        keep = np.isin(values, own)
        if keep.all():
            continue
        gone = np.flatnonzero(~keep)
        strange = {names[label] for label in distinct(values[gone]).tolist()}
        refuse_other_case(strange, known, split, where[split])
        own_names = {names[label] for label in distinct(values).tolist()}
        missed = known - own_names
        reason, note = said_of_unknown(split, strange, known, len(gone), missed, whole=not keep.any())
        ids = all_ids[split]
        left_out += [
            LeftOut(ids[row], UNLABELLED, reason, split, names[values[row]]) for row in gone.tolist()
        ]
        shifted = counted_otherwise(own_names, known, split)
        notes.append(f"{note}; but {shifted}" if shifted else note)
        rows[split], kept[split] = np.flatnonzero(keep), values[keep]
    found = {split: values for split, values in kept.items() if len(values)}
    return KnownLabels(found, rows, tuple(left_out), tuple(notes))


def said_of_unknown(
    split: str, strange: set[str], known: set[str], count: int, missed: Collection[str], *, whole: bool
) -> tuple[str, str]:
    """Why images of classes that train lacks are left out: the reason for each, and a note on all.

    known: the classes of train; missed: those of them that the split lacks, of which a strange one may be a
    misspelling. whole: the split has no others.
    """
    names = ", ".join(repr(one_line(label)) for label in sorted(strange, key=natural_key)[:3])
    if whole:
        reason = f"the {split} split shares no class with train ({names}), so it has no labels"
        note = f"{reason}: its {count:,} images are left out, and nothing is scored on them"
        other = _if_numbered(split, strange, known) + _if_misspelled(strange, missed)
        return reason, f"{note}{other or _if_new(strange, count)}"
    reason = f"of a class that train lacks ({names})"
    note = f"{count:,} images of the {split} split are {reason}: no model can know it, they are left out"
    return reason, f"{note}{_if_misspelled(strange, missed)}"


def _if_new(strange: set[str], count: int) -> str:
    """The other reading of several classes of several images each."""
    if len(strange) < 2 or count < 2 * len(strange):
        return ""
    return "; if they are new classes, as of sets for few examples a class, nothing of train tells of them"


def _if_misspelled(strange: set[str], missed: Collection[str]) -> str:
    """Which strange classes may be one of train under another name, that the split lacks otherwise."""
    meant = names_meant(strange, missed)
    near = [(label, near_to(label, missed) or meant.get(label)) for label in sorted(strange, key=natural_key)]
    told = [f"{one_line(label)!r} for {one_line(of)!r}" for label, of in near if of is not None]
    return f"; but a name may be misspelled or cut short: {', '.join(told[:3])}" if told else ""


def _if_numbered(split: str, strange: set[str], known: set[str]) -> str:
    """What to do where a split may have numbers in place of the names of train, or names in place of its
    numbers: the other reading."""
    numbers, theirs = (all(map(str.isdecimal, names)) for names in (strange, known))
    if len(strange) != len(known) or numbers == theirs or len(known) < 2:
        return ""
    return (
        f"; but there are as many {'numbers' if numbers else 'names'} as train has classes: if they stand "
        f"for these, name the classes of {split} as in train"
    )


def _without(listing: Listing, split: str, strange: set[str], known: set[str], *, whole: bool) -> Listing:
    """The listing without the images of some labels in a split, or without the split."""
    part = listing.parts[split]
    keep = [row for row, label in enumerate(part.labels) if label not in strange]
    missed, count = known - set(part.labels), len(part.labels) - len(keep)
    reason, note = said_of_unknown(split, strange, known, count, missed, whole=whole)
    gone = [LeftOut(part.ids[r], UNLABELLED, reason, split, part.labels[r]) for r in _others(part, strange)]
    parts = {name: one for name, one in listing.parts.items() if name != split or keep}
    if keep:
        parts[split] = part.chosen(keep)
    left = {label for one in parts.values() for label in one.labels}
    classes = (
        None
        if listing.classes is None
        else tuple(c for c in listing.classes if c in left or c not in strange)
    )
    return replace(
        listing,
        parts=parts,
        classes=classes,
        left_out=(*listing.left_out, *gone),
        notes=(*listing.notes, note),
    )


def _others(part: Part, strange: set[str]) -> list[int]:
    return [row for row, label in enumerate(part.labels) if label in strange]
