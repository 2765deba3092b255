"""Names of pictures that were multiplied by augmentation, as one regular expression called `versions`."""

from typing import Final

#: What `--group-pattern` calls it.
VERSIONS: Final = "versions"

#: What people write beside the name of a picture that they changed, perhaps with how much or how often:
#: `leaf 12_90deg.jpg`, `leaf 12_new30degFlipLR.jpg`, `leaf 12_aug_0_8234.jpg`, `rotated_15_leaf 12.jpg`.
_CHANGED: Final = (
    r"(?:new)?(?:aug(?:ment(?:ed|ation)?)?|[hv]?flip(?:ped)?(?:lr|ud|tb|[hv])?|mirror(?:ed)?"
    r"|rot(?:at(?:ed?|ion))?|\d{1,3}deg(?:rees?)?|zoom(?:ed)?|shear(?:ed)?|shift(?:ed)?|jitter(?:ed)?)+"
    r"\d*(?:[_. -]+-?\d+)*"
)
#: The same without a number, for `street dark 12.jpg` is the twelfth street.
_ALTERED: Final = (
    r"(?:nois[ey]|blur(?:red|ry)?|bright(?:er|ness|ened)?|dark(?:er|ened)?|contrast"
    r"|crop(?:ped)?|gr[ae]yscale)"
)
#: Digits alone behind such words are no name: Keras writes `aug_12_8234.jpg`, the second number at random.
_BEFORE: Final = rf"(?:{_CHANGED}[_. -]+(?=[^/.]*[a-z]))?"
_BEHIND: Final = rf"(?:[_. -]+(?:{_CHANGED}|{_ALTERED}))*"

#: `shoe_jpg.rf.<32 digits>.jpg`, as Roboflow names versions, and `a_original_shoe.jpg_<UUID>.jpg`, as
#: Augmentor does. No two pictures are named alike by chance there.
_BY_TOOLS: Final = (
    r"(?:\.rf\.[0-9a-f]{32}|(?:(?<=\.\w{3})|(?<=\.\w{4}))_[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
)

#: The name of the picture where a tool named its versions; other images are alone, by their whole names.
NAMED_BY_TOOLS: Final = rf"^(?:.*/)?([^/]+){_BY_TOOLS}\.\w+$|.+$"

#: The name of the picture without all such words; its own where it has none.
NAMED_BY_CHANGES: Final = rf"(?i)^(?:.*/)?{_BEFORE}([^/]+?)(?:{_BY_TOOLS}|{_BEHIND})\.\w+$|.+$"
