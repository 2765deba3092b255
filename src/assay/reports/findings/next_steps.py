"""What to do next, from the same facts as the verdict: each step with the command to type."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from assay.audits.checks.labels.shifted_rows import FIX_ORDER
from assay.audits.registry import REVIEWED
from assay.audits.values import Finding
from assay.reports.findings.caveats import mixed_up_pairs, out_of_order
from assay.reports.findings.facts import Facts
from assay.reports.findings.suspected_groups import (
    column_of_groups,
    groups_by_distances,
    pattern_of_groups,
    suspects_groups,
)
from assay.reports.findings.verdict import (
    WIDE,
    Need,
    harmless,
    needs,
    nothing_told,
    renamed_splits,
    trust,
)
from assay.reports.findings.wording import check_title, count, listed, name


@dataclass(frozen=True)
class Step:
    """One thing to do next. command: what to type, empty where nothing is typed.

    In it RUN stands for the folder of the run, NEXT for a new one, and DATA for the data.
    """

    text: str
    command: str = ""

    def in_folder(self, run: str) -> str:
        """The command with the run's folder, already quoted, in place."""
        return re.sub(
            "(?<=--config )RUN|(?<=assay review )RUN|(?<=assay predict )RUN", lambda _: run, self.command
        )


#: How a run is repeated with a change.
_AGAIN: Final = "assay run --config RUN/config.toml"


def next_steps(facts: Facts) -> list[Step]:
    """What to do next, the most important first; never empty."""
    broken = [*_steps_of_labels(facts)]  # then no other model is called for
    steps = [*broken, *_data_steps(facts), *(_model_steps(facts) if facts.n and not broken else ())]
    if facts.n == 0:
        steps.append(Step("Train a classifier and measure it on the test images.", "assay run DATA"))
    elif trust(facts)[0] == "yes":
        steps.append(Step("Classify pictures of your own.", "assay predict RUN PICTURE.png"))
    return steps or [Step("Classify pictures of your own.", "assay predict RUN PICTURE.png")]


def _steps_of_labels(facts: Facts) -> Iterator[Step]:
    """What comes before all else, where labels do not go with the pictures or with the answers at all."""
    if facts.misplaced:
        yield Step(
            "Give the answers in the order of the data; a column `digest` says which image a row is of."
        )
    elif nothing_told(facts.findings):
        yield Step("Make sure that images and labels are in the same order and belong together.")
    elif renamed := renamed_splits(facts.findings):
        split = renamed[0]["split"]
        yield Step(f"Find out in which order {split} counts its classes, and give it the names of train.")
    elif out_of_order(facts.findings, sure=True):
        yield Step(FIX_ORDER)
    elif facts.renamed and facts.foreign:
        yield Step("Name the columns of the answers: `p:` and the class in a .csv, `classes` in an .npz.")


def _data_steps(facts: Facts) -> list[Step]:
    """What to do about the data: first what makes the score untrue."""
    urgent, pattern = _urgent(facts), pattern_of_groups(facts.findings)
    review = [f for f in urgent if f.check in REVIEWED and f.count]
    grouped = suspects_groups(facts.findings)
    told = [f for f in urgent if f not in review and f.fix and not (f.check == "leakage" and grouped)]
    steps = [Step(f"{check_title(f.check)}: {f.fix}") for f in told]
    if groups_by_distances(facts.findings):
        text = "Find out which images belong together, and name the groups (--group-column, --group-pattern)."
        steps.insert(0, Step(f"{text} Of pictures multiplied by augmentation, give the originals alone."))
    again = _AGAIN if facts.n else "assay audit --config RUN/config.toml"
    if pattern:
        text = "Where such names mean one thing, as a video or a patient, keep them on one side of the split."
        steps.insert(0, Step(text, f"{again} --group-pattern {shlex.quote(pattern)} --out NEXT"))
    if column := column_of_groups(facts.findings):
        text = (
            f"Where the column {name(column)} means groups, as patients, keep each on one side of the split."
        )
        steps.insert(0, Step(text, f"{again} --group-column {shlex.quote(column)} --out NEXT"))
    if mixed := mixed_up_pairs(facts.findings):
        true, label = name(str(mixed[0]["class"])), name(str(mixed[0]["label"]))
        text = f"Ask by which rule {true} was labelled {label}, and correct the labels where it is a mistake."
        steps.append(Step(text))
    if review:
        labels = [f for f in facts.troubled if f.check == "label-errors" and f.count and f not in review]
        flagged = listed([_flagged(f) for f in (*review, *labels)], 4)
        steps.append(Step(f"Decide about the flagged images: {flagged}.", "assay review RUN"))
    return steps


def _urgent(facts: Facts) -> list[Finding]:
    """What makes the score untrue: failures, and leaks unless they were measured to change nothing."""
    leaks = [] if harmless(facts) else ["leakage"]
    return [f for f in facts.troubled if f.verdict == "fail" or f.check in leaks]


def _flagged(finding: Finding) -> str:
    return f"{finding.count:,} from {check_title(finding.check).lower()}"


def _model_steps(facts: Facts) -> list[Step]:
    steps = [_training_step(need, facts) for need in needs(facts)]
    steps += _steps_of_small_sets(facts)
    labels = next((f for f in facts.troubled if f.check == "label-errors" and f.verdict == "warn"), None)
    listed_already = any(f.check in REVIEWED and f.count for f in _urgent(facts))
    if labels and labels.count and not listed_already:
        look = "looks" if labels.count == 1 else "look"
        steps.append(
            Step(f"Decide about {count(labels.count, 'label')} that {look} wrong.", "assay review RUN")
        )
    if facts.high - facts.low > WIDE:
        what = "groups of test images" if facts.groups else "test images"
        steps.append(Step(f"Collect more {what}: four times as many halve the interval."))
    return steps


def _steps_of_small_sets(facts: Facts) -> Iterator[Step]:
    """What helps where there is little to learn from: few pictures, few pixels, few of one class."""
    if facts.few and not facts.wants_pretrained:
        few = f"{facts.few:,} training images a class are few to learn from nothing"
        text = f"{few}: a pretrained net may know more."
        yield Step(text, f"{_AGAIN} --model pretrained --out NEXT")
    if facts.larger:
        text = f"The pictures were made much smaller: read them at {facts.larger} pixels a side."
        yield Step(text, f"{_AGAIN} --size {facts.larger} --out NEXT")
    if facts.uneven:
        text = (
            f"The largest class has {facts.uneven:.0f} times the images of the smallest: weigh the classes."
        )
        yield Step(text, f"{_AGAIN} --set class_weights=balanced --out NEXT")


def _training_step(need: Need, facts: Facts) -> Step:
    if need == "scaling":
        text = "The pixels span few values: scale them by their own mean and deviation."
        return Step(text, f"{_AGAIN} --set normalizer=standard --out NEXT")
    if need == "pretrained":
        text = "Train on pretrained features: in the audit they told these classes apart best."
        return Step(text, f"{_AGAIN} --model pretrained --out NEXT")
    if need == "convolution":
        text = "Train a convolutional net: the audit measured that neighboring pixels help."
        return Step(text, f"{_AGAIN} --model cnn --out NEXT")
    if need == "another model":
        text = "Train a net: the mean picture of each class tells more than this model has learned."
        return Step(text, f"{_AGAIN} --model mlp --out NEXT")
    assert facts.course is not None
    if need == "more epochs":
        more = 2 * facts.course.last
        faster = " If that does not help, raise the learning rate." if facts.underfits else ""
        return Step(f"Train longer, for {more} epochs.{faster}", f"{_AGAIN} --epochs {more} --out NEXT")
    if need == "fewer epochs":
        best = facts.course.best
        text = f"The model overfits: stop at epoch {best}, where the validation loss was lowest."
        return Step(text, f"{_AGAIN} --epochs {best} --out NEXT")
    return Step(
        "The training was unstable: lower the learning rate.", f"{_AGAIN} --learning-rate 0.0003 --out NEXT"
    )
