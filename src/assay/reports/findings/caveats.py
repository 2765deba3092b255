"""Caveats: what makes a score doubtful for other data than these, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from assay.audits.checks.drift import far_figures
from assay.audits.checks.labels.judge_reliability import FAIL_SHARE
from assay.audits.checks.shortcuts.sentences import called
from assay.audits.values import Finding
from assay.reports.findings.facts import Facts
from assay.reports.findings.wording import count, listed, name


def caveats(facts: Facts) -> list[str]:
    """What makes the score doubtful for other data, the gravest first.

    Wrong labels of many test images make the score itself untrue, so they come before all else.
    """
    failed = {f.check: f for f in facts.must_fix}
    labels = failed.get("label-errors")
    told = _given_away(facts, failed)
    told += [_absent(facts), _unlike(failed["drift"]) if "drift" in failed else ""]
    if order := out_of_order(facts.findings):
        told.insert(0, order)
    elif pairs := mixed_up_pairs(facts.findings):
        told.append(_mixed_up(pairs))
    elif labels:
        suspects = int((labels.evidence.get("suspects") or {}).get("test", 0))
        if suspects > FAIL_SHARE * facts.n:
            told.insert(0, f"{suspects:,} of {count(facts.n, 'test label')} look wrong{_gone(labels)}")
        else:
            told.append("many labels look wrong")
    return [why for why in told if why]


def _given_away(facts: Facts, failed: Mapping[str, Finding]) -> list[str]:
    """What gives the class away; and what may, where it may as well be what the class is."""
    if "shortcuts" in failed:
        return ["something other than the subject gives the class away"]
    unsure = [f.evidence.get("may_be_content") for f in facts.findings if f.check == "shortcuts"]
    if not unsure or not unsure[0]:
        return []
    return [
        f"the {called(str(unsure[0][0]))} alone gives the class away, which may be what the class is or not"
    ]


def _gone(labels: Finding) -> str:
    """That one class has given all its images to another in the test split; empty where none has."""
    for one in labels.evidence.get("gone") or ():
        if one["split"] == "test":
            given, label = name(str(one["class"])), name(str(one["label"]))
            return f", for {given} has no image there and {one['images']:,} of {label} look like it"
    return ""


def _absent(facts: Facts) -> str:
    """The classes that no test image is of, so that the score tells nothing of them; empty without any."""
    found = (f.evidence.get("absent") or {} for f in facts.findings if f.check == "label-balance")
    names = [name(str(absent)) for each in found for absent in each.get("test", ())]
    return f"test has no image of {listed(names, 3)}" if names else ""


def _unlike(drift: Finding) -> str:
    """What the test split differs from train in; empty where it is another split that differs."""
    if not drift.evidence:
        return "training and test images differ"
    found = drift.evidence.get("test")
    if not found:
        return ""
    if unknown := found.get("only_in_test"):
        return f"train has no image of {listed([name(str(one)) for one in unknown], 3)}"
    figures = far_figures(found)
    if figures == ["label_shares"]:
        return "the classes have other shares in test than in training"
    return "training and test images differ" if figures else ""


def not_looked_for(facts: Facts) -> list[str]:
    """That nobody looked for copies of test images in training, where the check was left out."""
    found = any(f.check == "leakage" and f.verdict != "not evaluated" for f in facts.findings)
    return [] if found else ["whether training shows the test images was not checked"]


def mixed_up_pairs(findings: Sequence[Finding]) -> list[Mapping[str, Any]]:
    """The pairs of classes whose labels look mixed up, those with most wrong labels first."""
    told = (f.evidence.get("mixed_up") for f in findings if f.check == "label-errors")
    pairs = next((list(found["pairs"]) for found in told if found), [])
    return sorted(pairs, key=lambda pair: -float(pair["expected_wrong"]))


def out_of_order(findings: Sequence[Finding], split: str = "", sure: bool = False) -> str:
    """That labels of a split (of any, by default) belong to other images; empty where none is told.

    sure: without those that may be right, as the pictures are not like those of train.
    """
    told = (f.evidence.get("out_of_order") or () for f in findings if f.check == "label-errors")
    found = [one for each in told for one in each if split in ("", one["split"])]
    found = [one for one in found if not (sure and one.get("may_be_right"))]
    if not found:
        return ""
    one = found[0]
    if one["images"] == one["of"]:
        return f"the labels of {one['split']} go with its pictures no better than chance"
    rows = f"from row {one['first']:,} to {one['last']:,}"
    return f"the labels of {one['split']} go with its pictures no better than chance {rows}"


def _mixed_up(pairs: Sequence[Mapping[str, Any]]) -> str:
    number = sum(float(pair["expected_wrong"]) for pair in pairs)
    true, label = name(str(pairs[0]["class"])), name(str(pairs[0]["label"]))
    more = "" if len(pairs) == 1 else " above all"
    return f"about {number:,.0f} labels seem to be wrong,{more} {true} labelled {label}"
