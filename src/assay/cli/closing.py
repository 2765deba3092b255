"""How a command ends: what happened, where it is, and the next command to try."""

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from assay.audits.values import Audit
from assay.cli.options import Output
from assay.core.text import one_line
from assay.evaluation.compare import Candidate, Comparison, Pair
from assay.evaluation.values import Evaluation
from assay.reports.findings.comparison import SIGNIFICANT, p_text, p_value
from assay.reports.findings.comparison import headline as comparison_headline
from assay.reports.findings.facts import gather
from assay.reports.findings.model_to_take import model_to_take
from assay.reports.findings.next_steps import next_steps
from assay.reports.findings.verdict import (
    copies_sentence,
    headline,
    labels_sentence,
    score_sentence,
)
from assay.reports.findings.wording import percent, points
from assay.training.model.limits import NO_VALIDATION, NONE_UNKNOWN
from assay.workflow.api import Run
from assay.workflow.recorded.run_record import read_manifest


def close_run(path: Path, headline: str, following: list[str], output: Output) -> None:
    """Print the end of a command that filled a run folder; when quiet, only the folder."""
    if output.quiet and not output.json:
        _print([str(path)])
    else:
        close_plain(f"{headline}\nReport: {path / 'report.html'}", following, output)


def close_plain(headline: str, following: list[str], output: Output) -> None:
    """Print what happened and what to try next, unless events or silence were asked for."""
    if output.json or output.quiet:
        return
    _print(["", *headline.split("\n"), *(f"Next: {command}" for command in following)])


def _print(lines: list[str]) -> None:
    """Plain spaces alone: a terminal may know no others."""
    plain = (one_line(line.replace("\N{NO-BREAK SPACE}", " ")) for line in lines)
    sys.stdout.write("".join(f"{line}\n" for line in plain))


def quoted(path: Path) -> str:
    """A path as it can be pasted into a shell."""
    return shlex.quote(str(path))


def told(done: Run) -> tuple[str, list[str]]:
    """What happened in a run, as lines, and the commands to try next; from the facts of its report."""
    assert done.results is not None  # all commands that end here made them
    facts = gather(done.results)
    folder = quoted(done.path)
    commands = [step.in_folder(folder) for step in next_steps(facts)[:_MOST_STEPS] if step.command]
    lines = [headline(facts), *([score_sentence(facts)] if facts.n else []), copies_sentence(facts)]
    lines.append(labels_sentence(facts))
    lines.append(f"Audit: {counts_line(done.audit)}.")
    return "\n".join(line for line in lines if line), commands


#: Commands to try next, before the last one.
_MOST_STEPS: Final = 2


def counts_line(audit: Audit) -> str:
    """How many checks ask for what: `1 must be fixed, 5 to look at, 9 fine`."""
    words = {"fail": "must be fixed", "warn": "to look at", "not evaluated": "not checked", "pass": "fine"}
    found = {word: sum(f.verdict == verdict for f in audit.findings) for verdict, word in words.items()}
    return ", ".join(f"{number} {word}" for word, number in found.items() if number)


def close_done(done: Run, output: Output, headline: str, following: list[str]) -> None:
    """Print the end of a run; of one of several models, their table and where to go from there."""
    if not done.comparison:
        close_run(done.path, headline, following, output)
        return
    table = models_table(done.comparison, seconds_of(done.path))
    close_comparison(done.path, [*table, "", comparison_headline(done.comparison)], done.comparison, output)


def next_of_comparison(folder: Path, comparison: Comparison) -> tuple[str, list[str]]:
    """Predicting with one of the models, and why with this one; nothing where all were trained elsewhere."""
    own = [c for c in comparison.candidates if c.costs.get("parameters") is not None]
    if not own:
        return "", []
    taken, why = model_to_take(own)
    named = Path(read_manifest(folder)["models"][taken.name]["folder"])
    place = folder / named if (folder / named).is_dir() else named  # the models of one run lie in it
    return why if len(own) > 1 else "", [f"assay predict {quoted(place)} PICTURE.png"]


def close_comparison(folder: Path, lines: list[str], comparison: Comparison, output: Output) -> None:
    """Print the end of a command that set several models side by side."""
    why, following = next_of_comparison(folder, comparison)
    close_run(folder, "\n".join([*lines, *([why] if why else [])]), following, output)


def scores_of(done: Run) -> Evaluation | dict[str, Evaluation | None] | None:
    """The score of a run, or of each of its models by name."""
    return {run.path.name: run.score for run in done.runs} if done.runs else done.score


def seconds_of(folder: Path) -> dict[str, float | None]:
    """Seconds of training of each model in a finished comparison."""
    models = read_manifest(folder)["models"]
    return {name: model["seconds"] for name, model in models.items()}


def models_table(comparison: Comparison, seconds: Mapping[str, float | None]) -> list[str]:
    """Accuracy and costs of each model, in columns; over several seeds the mean and its spread below."""
    header = ("model", "accuracy", "95 % interval", "seconds", "parameters", "multiply-adds", "MB")
    rows = [header, *(_model_row(c, seconds.get(c.name)) for c in comparison.candidates)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
    lines = [
        "  ".join(
            cell.ljust(w) if n == 0 else cell.rjust(w)
            for n, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return lines + [
        f"{group.recipe}: mean {group.mean:.4f}, standard deviation {group.standard_deviation:.4f}, "
        f"{len(group.seeds)} seeds"
        for group in comparison.over_seeds
        if group.standard_deviation is not None
    ]


#: Pairs of models in the terminal; the page and comparison.json have all.
_MOST_PAIRS: Final = 10


def pair_lines(comparison: Comparison) -> list[str]:
    """A sentence for each pair of models, or why there is none."""
    if comparison.unpaired:
        return [f"Not compared pair by pair: {comparison.unpaired}."]
    more = len(comparison.pairs) - _MOST_PAIRS
    lines = [_pair_line(pair) for pair in comparison.pairs[:_MOST_PAIRS]]
    return lines + ([f"... and {more:,} more pairs in the report."] if more > 0 else [])


def _pair_line(pair: Pair) -> str:
    found = ""
    if pair.interval:
        found = f" (95 % interval {points(pair.interval[0])} to {points(pair.interval[1])})"
    chance = f"{p_text(pair.p_value)}, corrected {p_value(pair.p_value_holm)}"
    shown = "" if pair.p_value_holm < SIGNIFICANT else "no difference shown: "
    return f"{pair.second} against {pair.first}: {shown}{points(pair.difference)}{found}, {chance}"


def _model_row(candidate: Candidate, seconds: float | None) -> tuple[str, ...]:
    costs, interval = candidate.costs, candidate.interval
    return (
        candidate.name,
        "-" if candidate.accuracy is None else f"{candidate.accuracy:.4f}",
        f"{interval[0]:.4f}-{interval[1]:.4f}" if interval else "-",
        "-" if seconds is None else f"{seconds:.1f}",
        _cost(costs["parameters"], "{:,}"),
        _cost(costs["multiply_adds"], "{:,}"),
        _cost(costs["bytes"], "{:.2f}", 1e6),
    )


def _cost(cost: int | None, form: str, unit: float = 1) -> str:
    """A cost for people; a dash where it is not known, as of a model trained elsewhere."""
    return "-" if cost is None else form.format(cost if unit == 1 else cost / unit)


def score_line(score: Evaluation) -> str:
    """The accuracy with its interval and, where a risk was named, what answering under it comes to."""
    low, high = score.accuracy_ci95
    line = f"Test accuracy {percent(score.accuracy)} (95 % interval {percent(low)} to {percent(high)})."
    return f"{line} {rule}" if (rule := rule_line(score)) else line


def rule_line(score: Evaluation) -> str:
    """What the rule for abstaining does on the test images; empty where none was asked for."""
    rule = score.abstention.rule if score.abstention else None
    if rule is None:
        why = score.abstention.rule_reason if score.abstention else ""
        asked = why in (NO_VALIDATION, NONE_UNKNOWN)
        return f"No probability was chosen from which on it answers: {why}." if asked else ""
    if rule.test is None:
        return ""
    if rule.threshold is None:
        return f"It should answer nothing: {rule.threshold_reason}."
    share, risk = 100 * rule.test.coverage, rule.test.risk
    wrongly = "" if risk is None else f", {100 * risk:.1f} % of them wrongly"
    gated = score.out_of_distribution is not None and score.out_of_distribution.gate is not None
    refused = ", but for pictures unlike those of training," if gated else ""
    told = f"From probability {percent(rule.threshold)} on{refused}"
    return f"{told} it answers {share:.1f} % of the images{wrongly}."
