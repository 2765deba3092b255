"""Fill the tables of the docs from benchmarks/results/*.json, between `<!-- table:NAME -->` marks."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

#: The pages that have such tables.
PAGES = tuple(
    ROOT / "docs" / f"{name}.md"
    for name in ("benchmarks", "score", "export", "deploy", "recipes", "scale", "truth")
)
RESULTS = ROOT / "benchmarks" / "results"


def filled(text: str) -> str:
    """A page with every marked table made anew from its result file."""
    return re.sub(r"(<!-- table:([a-z_]+) -->\n).*?(<!-- end -->)", _table, text, flags=re.DOTALL)


def _table(mark: re.Match[str]) -> str:
    name = mark.group(2)
    result = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    lines = [*TABLES[name](result["figures"]), "", _conditions(result)]
    return mark.group(1) + "\n".join(lines) + "\n" + mark.group(3)


def _conditions(result: Mapping[str, Any]) -> str:
    found = result["conditions"]
    versions = ", ".join(f"{name} {found['versions'][name]}" for name in ("numpy", "torch"))
    machine = f"{found['processor']}, {found['cores']} cores, {found['memory_gib']:g} GiB, no GPU"
    commit = f"commit {found['commit'][:10]}" if found["commit"] else "its commit was not noted"
    software = f"Python {found['python']}, {versions}; {commit}"
    variables = "".join(f"; {name}={value}" for name, value in found.get("variables", {}).items())
    return f"Measured {found['date']} on {machine}; {software}{variables}. Repeat with `{result['command']}`."


def _main_job(figures: Mapping[str, Any]) -> list[str]:
    rows = [
        f"| {name} | {value['median']:.3g} | {_range(value['all'])} | {value['n']} |"
        for name, value in figures.items()
    ]
    return ["| what | median | range | n |", "| --- | --- | --- | --- |", *rows]


def _range(values: list[float]) -> str:
    return f"{min(values):.3g} - {max(values):.3g}"


def _recipes(figures: Mapping[str, Any]) -> list[str]:
    seeds = next(iter(figures.values()))["seeds"]
    head = ["recipe", "parameters", *(f"seed {seed}" for seed in seeds), "mean ± standard deviation"]
    return [
        _row(head),
        _row(["---"] * len(head)),
        *(_recipe_row(name, found) for name, found in figures.items()),
    ]


def _recipe_row(name: str, found: Mapping[str, Any]) -> str:
    scores = [f"{accuracy:.4f}" for accuracy in found["test_accuracy"]]
    spread = f"{found['test_mean']:.4f} ± {found['test_standard_deviation']:.4f}"
    return _row([f"`{name}`", f"{found['parameters']:,}", *scores, spread])


def _ladder(figures: Mapping[str, Any]) -> list[str]:
    head = ["recipe", "test accuracy (95 % interval)", "seconds", "parameters", "multiply-adds", "MB"]
    rows = []
    for name, found in sorted(figures.items(), key=lambda item: item[1]["accuracy"]):
        low, high = found["accuracy_ci95"]
        accuracy, size = f"{found['accuracy']:.4f} ({low:.4f} - {high:.4f})", f"{found['bytes'] / 1e6:.2f}"
        costs = [f"{found[key]:,}" for key in ("parameters", "multiply_adds")]
        rows.append(_row([f"`{name}`", accuracy, f"{found['training_seconds']:.1f}", *costs, size]))
    return [_row(head), _row(["---"] * len(head)), *rows]


def _time_to_accuracy(figures: Mapping[str, Any]) -> list[str]:
    head = [
        "recipe",
        "mean accuracy ± standard deviation",
        "range",
        "seeds",
        "seconds: mean, longest",
        "cores",
        "commit",
    ]
    rows = []
    for name, found in figures.items():
        runs, spread = found["runs"], found["test_standard_deviation"]
        accuracy = f"{found['test_mean']:.4f}" + ("" if spread is None else f" ± {spread:.4f}")
        seconds = f"{found['seconds_mean']:.0f}, {found['seconds_longest']:.0f}"
        parts = [run["epochs_timed"] for run in runs if "epochs_timed" in run]
        seconds += f" (of {parts[0]} epochs alone)" if parts else ""
        cores = ", ".join(sorted({str(run["cores"]) for run in runs}))
        reached = [run["test_accuracy"] for run in runs]
        range_of = f"{min(reached):.4f} - {max(reached):.4f}"
        commits = ", ".join(sorted({run["commit"][:10] for run in runs}))
        rows.append(_row([f"`{name}`", accuracy, range_of, str(found["n"]), seconds, cores, commits]))
    return [_row(head), _row(["---"] * len(head)), *rows]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _audit_peers(figures: Mapping[str, Any]) -> list[str]:
    head = [
        "tool, at its defaults",
        "exact copies found",
        "near copies found",
        "flips to any class: AUROC, found",
        "flips to a similar class: AUROC, found",
        "damaged pictures found",
        "processor seconds",
        "packages, MB",
    ]
    rows = [_row([name, *_peer_cells(found)]) for name, found in figures["tools"].items()]
    return [_row(head), _row(["---"] * len(head)), *rows]


def _peer_cells(found: Mapping[str, Any]) -> list[str]:
    size = f"{found['installed']['packages']}, {found['installed']['megabytes']:,}"
    if "does_not_run_here" in found:
        return ["does not run here", *["-"] * 5, size]
    labels = found.get("labels")
    return [
        _found(found.get("exact copies")),
        _found(found.get("near copies")),
        *(_flips(labels, to) for to in ("any class", "the most similar class")),
        _found(found.get("bad pictures")),
        f"{found['cpu_seconds']:.0f}",
        size,
    ]


def _found(counts: Mapping[str, Any] | None) -> str:
    """Recall and, in brackets, precision."""
    if counts is None:
        return "-"
    precision = counts["precision"]
    return _percent(counts["recall"]) + (f" ({_percent(precision)})" if precision is not None else "")


def _flips(labels: Mapping[str, Any] | None, to: str) -> str:
    if labels is None:
        return "-"
    return f"{labels[to]['auroc']:.3f}, {_percent(labels[to]['recall'])} ({_percent(labels['precision'])})"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _audit_growth(figures: Mapping[str, Any]) -> list[str]:
    head = [
        "images",
        "all checks, µs an image",
        "reference",
        "copies",
        "outliers",
        "peak GB",
        "copies found, by kind",
    ]
    rows = []
    for row in figures["rows"]:
        seconds, each = row["cpu_seconds"], row["cpu_microseconds_per_image"]
        steps = [f"{each[name]:.0f}" for name in ("judgment", "copies", "atypical")]
        found = _by_share(row["recall_of_copies"])
        total = 1e6 * sum(seconds.values()) / row["images"]
        rows.append(
            _row([f"{row['images']:,}", f"{total:.0f}", *steps, f"{row['peak_gigabytes']:.2f}", found])
        )
    return [_row(head), _row(["---"] * len(head)), *rows]


def _by_share(recalls: Mapping[str, float]) -> str:
    """`100 % of noise, shift; 0 % of crop`: kinds of equal shares together, the most first."""
    kinds: dict[str, list[str]] = {}
    for kind, share in sorted(recalls.items(), key=lambda item: -item[1]):
        kinds.setdefault(_percent(share), []).append(kind)
    if len(kinds) == 1:
        return f"{next(iter(kinds))} of each"
    return "; ".join(f"{share} of {', '.join(names)}" for share, names in kinds.items())


def _photo_growth(figures: Mapping[str, Any]) -> list[str]:
    head = ["photographs", "processor seconds", "ms an image", "of these the system's", "peak MB", "commit"]
    rows = []
    for found in figures["rows"]:
        cells = [f"{found['processor_seconds']:,.0f}", f"{found['milliseconds_an_image']:.1f}"]
        cells += [_percent(found["system_share"]), f"{found['peak_megabytes']:,}", found["commit"][:7]]
        rows.append(_row([f"{found['images']:,}", *cells]))
    return [_row(head), _row(["---"] * len(head)), *rows]


def _audit_flips(figures: Mapping[str, Any]) -> list[str]:
    head = ["1 % of the labels flipped", "AUROC", "found in a list twice their number", "n"]
    rows = []
    for name, found in figures.items():
        if name != "share":
            cells = [_mean_and_range(found[key]) for key in ("auroc", "found_in_twice")]
            rows.append(_row([name, *cells, str(len(found["seeds"]))]))
    return [_row(head), _row(["---"] * len(head)), *rows]


def _mean_and_range(found: Mapping[str, Any]) -> str:
    return f"{found['mean']:.4f} ({min(found['all']):.4f} - {max(found['all']):.4f})"


def _interval_coverage(figures: Mapping[str, Any]) -> list[str]:
    head = ["interval", "mean", "lowest and highest cell", "cells"]
    rows = [
        _row([name, f"{f['mean']:.4f}", f"{f['lowest']:.3f} - {f['highest']:.3f}", str(f["cells"])])
        for name, f in figures.items()
    ]
    return [_row(head), _row(["---"] * len(head)), *rows]


def _trust(figures: Mapping[str, Any]) -> list[str]:
    kinds = list(next(iter(figures.values()))["caught"])
    rows = [_row([kind, *(f"{f['caught'][kind]:.4f}" for f in figures.values())]) for kind in kinds]
    refused = [f"{f['familiar test images refused']['rate']:.4f}" for f in figures.values()]
    errors = [f"{f['before']['ece']:.4f}, {f['after']['ece']:.4f}" for f in figures.values()]
    return [
        _row(["share caught", *(f"`{recipe}`" for recipe in figures)]),
        _row(["---"] * (len(figures) + 1)),
        *rows,
        _row(["familiar: the test images", *refused]),
        _row(["(calibration error before the temperature, after)", *errors]),
    ]


def _training_peers(figures: Mapping[str, Any]) -> list[str]:
    head = ["job", "peer", "seconds, median", "range", "processor seconds", "test accuracy", "n", "commit"]
    rows = [
        _row([f"`{job}`, {_epochs(found['epochs'])}", name, *_peer_seconds(peer)])
        for job, found in figures.items()
        for name, peer in sorted(found["peers"].items(), key=lambda item: item[1]["median_seconds"])
    ]
    return [_row(head), _row(["---"] * len(head)), *rows]


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count} epochs"


def _peer_seconds(peer: Mapping[str, Any]) -> list[str]:
    runs = peer["runs"]
    cells = [
        f"{peer['median_seconds']:.1f}",
        " - ".join(f"{pick(run['seconds'] for run in runs):.1f}" for pick in (min, max)),
        f"{peer['median_processor_seconds']:.0f}",
        f"{peer['median_test_accuracy']:.4f}",
    ]
    commits = dict.fromkeys(run["commit"][:7] for run in runs)
    return [*cells, str(len(runs)), ", ".join(commits)]


def _report(figures: Mapping[str, Any]) -> list[str]:
    head = ["report of 10,000 test images", "megabytes", "milliseconds to open, median", "range", "n"]
    rows = [
        _row(
            [
                name,
                f"{found['megabytes']:.2f}",
                f"{found['milliseconds']['median']:.0f}",
                f"{min(found['milliseconds']['all']):.0f} - {max(found['milliseconds']['all']):.0f}",
                str(len(found["milliseconds"]["all"])),
            ]
        )
        for name, found in figures.items()
    ]
    return [_row(head), _row(["---"] * len(head)), *rows]


def _read_folder(figures: Mapping[str, Any]) -> list[str]:
    names = {
        "first_read_seconds": "first read: decoded, checked and kept, seconds",
        "second_read_seconds": "second read, seconds",
        "peer_seconds": "Pillow in one process, nothing kept, seconds",
        "times_the_peer": "images a second, times those of Pillow in one process",
    }
    rows = [
        _row([name, f"{found['median']:.3g}", _range(found["all"]), str(len(found["all"]))])
        for name, found in ((name, figures[key]) for key, name in names.items())
    ]
    peak = figures["peak_megabytes_extrapolated_to_a_million"]
    memory = f"| a million small images, peak memory as extrapolated, MB | {peak:,} | | 1 |"
    return [
        f"| {figures['images']:,} PNG files | median | range | n |",
        "| --- | --- | --- | --- |",
        *rows,
        memory,
    ]


def _export(figures: Mapping[str, Any]) -> list[str]:
    head = [
        "recipe",
        "images: other class, other answer",
        "largest difference of a probability",
        "limit",
        "of `ood_score`, share",
        "bytes",
        "seconds, proof included",
        "µs an image: 128, one at a time",
    ]
    rows = []
    for name, found in figures.items():
        proof, each = found["proof"], found["microseconds_an_image"]
        shown = f"`{name}`" if name == found["recipe"] else name
        unlike = f"; {found['unlike_the_recipe']}" if found["unlike_the_recipe"] else ""
        cells = [
            f"{shown}{unlike}",
            f"{proof['images']:,}: {proof['other_labels']}, {proof['other_answers']}",
            f"{proof['largest_difference']:.1e}",
            f"{proof['tolerance']:.0e}",
            f"{proof['largest_distance_difference']:.1e}",
            f"{found['bytes']:,}",
            f"{found['export_seconds']:.0f}",
            f"{each['128 at a time']:.0f}, {each['one at a time']:.0f}",
        ]
        rows.append(_row(cells))
    return [_row(head), _row(["---"] * len(head)), *rows]


def _photos(figures: Mapping[str, Any]) -> list[str]:
    head = ["set", "what", "test accuracy, mean (range)", "seeds", "processor seconds, whole run", "commit"]
    rows = [_row(head), _row(["---"] * len(head))]
    for name, parts in figures.items():
        for part, found in parts.items():
            if part not in ("flips", "features"):
                commit = (found["conditions"]["commit"] or "")[:7]
                rows.append(_row([name, *_photo_cells(part, found["figures"]), commit]))
    rows += ["", _row(["set", "wrong labels ranked by", "AUROC", "in a list twice their number"])]
    rows.append(_row(["---"] * 4))
    for name, parts in figures.items():
        for ranked, found in parts.get("flips", {"figures": {}})["figures"].items():
            share = _percent(found["found_in_twice_their_number"])
            rows.append(_row([name, ranked, f"{found['auroc']:.3f}", share]))
    for name, parts in figures.items():
        if taken := parts.get("features", {}).get("figures"):
            seconds = taken["seconds"]
            spread = f"median of {len(seconds)}, {min(seconds):.2f} - {max(seconds):.2f}"
            text = f"{taken['pictures']} pictures of {name} through the pretrained net, after start"
            rows += ["", f"{text}: {taken['median']:.2f} processor seconds ({spread})."]
    return rows


def _photo_cells(part: str, runs: list[Mapping[str, Any]]) -> list[str]:
    names = {"default": "the default run", "probe": "linear probe, plain torch"}
    accuracies = [run["accuracy"] for run in runs]
    seconds = [run["processor_seconds"] for run in runs if "processor_seconds" in run]
    mean = f"{sum(accuracies) / len(runs):.3f} ({min(accuracies):.3f} - {max(accuracies):.3f})"
    spent = f"{min(seconds):.0f} - {max(seconds):.0f}" if seconds else ""
    return [names.get(part, f"`{part}`"), mean, f"{len(runs)}", spent]


def _scale(figures: Mapping[str, Any]) -> list[str]:
    head = ["images", "shards", "ms an image, all shards", "ms an image, merging", "MB a shard", "MB merging"]
    head += ["processor hours, all", "bytes an image in parts", "report"]
    rows = [
        _row([
            f"{int(images):,}",
            str(found["shards"]),
            f"{found['shard_processor_ms_per_image']:.2f}",
            f"{found['merge_processor_ms_per_image']:.2f}",
            f"{found['shard_megabytes']:,}",
            f"{found['merge_megabytes']:,}",
            f"{_hours(int(images), found):.3f}",
            f"{found['bytes_per_image_in_parts']:,}",
            f"{found['report_bytes'] / 1e6:.2f} MB",
        ])
        for images, found in figures.items()
    ]  # fmt: skip
    return [_row(head), _row(["---"] * len(head)), *rows]


def _hours(images: int, found: Mapping[str, Any]) -> float:
    each = found["shard_processor_ms_per_image"] + found["merge_processor_ms_per_image"]
    return images * float(each) / 3.6e6


def _data_parallel(figures: Mapping[str, Any]) -> list[str]:
    head = ["", "seconds of the epochs", "of training, start included", "processor seconds of the command"]
    head.append("test accuracy (range)")
    rows = []
    measured = {name: one for name, one in figures.items() if isinstance(one, dict) and "median" in one}
    for name, found in measured.items():
        median, accuracies = found["median"], found["accuracy"]
        spread = f"{median['accuracy']:.3f} ({min(accuracies):.3f} - {max(accuracies):.3f})"
        seconds = [f"{median[what]:.0f}" for what in ("epochs", "training", "processor")]
        rows.append(_row([name, *seconds, spread]))
    return [_row(head), _row(["---"] * len(head)), *rows]


def _serve(figures: Mapping[str, Any]) -> list[str]:
    clients = ("1", "8", "64")
    waits = [f"p50, p99 ms: {n} at once" for n in clients]
    head = ["server", "processor ms a request", *waits, "seconds to ready", "MB"]
    rows = []
    for name, found in figures.items():
        for kind in ("json", "binary"):
            if not isinstance(found, dict) or kind not in found:
                continue
            waits = [found[kind]["clients"][n] for n in clients]
            version = found.get("version", "")
            rows.append(_row([
                f"{name} {version}".strip() + f", {kind}",
                f"{found[kind]['processor_ms_a_request']:.2f}",
                *(f"{one['p50_ms']:.1f}, {one['p99_ms']:.1f}" for one in waits),
                f"{found['ready_seconds']:.1f}",
                f"{found['resident_mb']:.0f}",
            ]))  # fmt: skip
    return [_row(head), _row(["---"] * len(head)), *rows]


def _sum(draws: Iterable[Mapping[str, Any]], key: str) -> int:
    return sum(draw[key] for draw in draws)


def _mixed_up(figures: Mapping[str, Any]) -> list[str]:
    """Per kind of noise: in how many draws the pair is told, and list and amount summed over all of them."""
    judged = {name: found["rows"] for name, found in figures["sets"].items() if "rows" in found}
    large = ("Fashion-MNIST, 2,000 images", "Fashion-MNIST, 5,000 images")
    parts = [[name] for name in large] + [[name for name in judged if name not in large]]
    head = [
        "wrong labels",
        "told + both readings, 2,000 clothes",
        "5,000 clothes",
        f"{len(parts[2])} other sets",
    ]
    rows = []
    for kind in next(iter(judged.values())):
        draws = [[draw for name in names for draw in judged[name].get(kind, ())] for names in parts]
        every = [draw for part in draws for draw in part]
        told = [draw for draw in every if draw["told"]]
        lists = [
            "/".join(f"{sum(draw[key][i] for draw in every):,}" for i in range(2))
            for key in ("list_before", "list")
        ]
        share, _, way = kind.partition(" ")
        amount = sum(draw["expected"] for draw in told) / max(sum(draw["wrong"] for draw in told), 1)
        rows.append(_row([
            f"{_percent(float(share))} of {'one class' if way == 'one' else 'two, exchanged'}",
            *(f"{_sum(part, 'told')} + {_sum(part, 'both_readings')} of {len(part)}" for part in draws),
            lists[0],
            f"{lists[1]} of {sum(draw['wrong'] for draw in every):,}",
            f"{amount:.2f}" if told else "-",
        ]))  # fmt: skip
    more = ["list before", "list now", "expected / true"]
    return [_row([*head, *more]), _row(["---"] * (len(head) + len(more))), *rows]


TABLES: Mapping[str, Callable[[Mapping[str, Any]], list[str]]] = {
    "audit_growth": _audit_growth,
    "audit_peers": _audit_peers,
    "audit_flips": _audit_flips,
    "audit_speed": _main_job,
    "data_parallel": _data_parallel,
    "export": _export,
    "main_job": _main_job,
    "mixed_up_labels_judging": _mixed_up,
    "read_folder": _read_folder,
    "recipes": _recipes,
    "report": _report,
    "photos": _photos,
    "photo_growth": _photo_growth,
    "scale": _scale,
    "serve": _serve,
    "training_peers": _training_peers,
    "ladder": _ladder,
    "time_to_accuracy": _time_to_accuracy,
    "interval_coverage": _interval_coverage,
    "trust": _trust,
}


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(filled(page.read_text("utf-8")), encoding="utf-8")
        print(f"filled {page.name}")
