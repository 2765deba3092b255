"""Groups that the check `leakage` suspects on both sides of a split: by a column, names or distances."""

from collections.abc import Sequence

from assay.audits.values import Finding


def column_of_groups(findings: Sequence[Finding]) -> str:
    """The column that seems to name groups on both sides of a split, where there is one that nobody named."""
    told = (f.evidence.get("groups_by_column") for f in findings if f.check == "leakage")
    return next((str(found["name"]) for found in told if found), "")


def pattern_of_groups(findings: Sequence[Finding]) -> str:
    """What finds in names the groups that lie on both sides of a split, where names suggest any."""
    told = (f.evidence.get("groups_by_names") for f in findings if f.check == "leakage")
    return next((str(found["pattern"]) for found in told if found), "")


def groups_by_distances(findings: Sequence[Finding]) -> bool:
    """Whether images outside train lie far nearer to a few training images than to all others."""
    return any(f.evidence.get("groups_by_distances") for f in findings if f.check == "leakage")


def suspects_groups(findings: Sequence[Finding]) -> bool:
    """Whether columns, names or distances suggest that training shows the same things as the test images."""
    told = column_of_groups(findings) or pattern_of_groups(findings)
    return bool(told) or groups_by_distances(findings)
