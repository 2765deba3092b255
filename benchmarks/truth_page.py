"""Write docs/planted-faults.md from truth, truth_peers, truth_labels and ood_sets in benchmarks/results.

python benchmarks/truth_page.py
"""

import json
from typing import Any

from assay.core import durable
from measuring import RESULTS, ROOT
from truth_page_more import labels_section, ood_section
from truth_page_peers import peers_section, set_section

HEAD = """# How many planted faults are found

Faults planted in sets that packages ship; no threshold was chosen on these sets. Made by
`benchmarks/truth_page.py` from files in `benchmarks/results/` (`truth.json`, `truth_peers.json`, ...): found
and planted, over {draws} draws. A damage counts where it changes a picture by ten gray levels in the mean.
Assay's figures are of commit {others:.10}, those of copies of {copies:.10}.

Copies are looked for by their detail where the set allows it (decisions
[0094](decisions/0094-copies-are-told-by-their-detail.md),
[0172](decisions/0172-symmetric-lookalikes-are-dropped-one-by-one.md)). Symbols and small drawings are too
much alike for that; there a copy is made again from its source, and only rounding may remain
([0173](decisions/0173-resized-copies-are-made-again.md),
[0174](decisions/0174-moved-copies-are-made-again.md)): cropped, turned and framed copies that were
compressed since are missed. Texts and logos are found by what stayed the same to the bit
([0239](decisions/0239-copies-with-something-over-them.md)); saved as JPEG since, they are found by detail
alone. Copies in other colors or tones are found by a function of their values
([0224](decisions/0224-copies-in-other-colors.md)). In the clean stamps some drawings are made from one, and
are told. The set of faces was looked at before one guard was added.
Of clean tiles, stamps and faces up to 3.0 % are flagged;
not more than 0.5 % was asked. Some of them are truly faulty: black or one-colored tiles, an empty stamp.
"""


def main() -> None:
    own, peers = _figures("truth"), _figures("truth_peers")
    text = HEAD.format(draws=own["draws"], copies=own["copies_of_commit"], others=own["others_of_commit"])
    text += peers_section(own["judging"], peers) + "\n## Set by set\n"
    for name, row in own["judging"].items():
        text += set_section(name, row, peers, list(peers["versions"]))
    text += labels_section(_figures("truth_labels")) + ood_section(_figures("ood_sets"))
    durable.write_text(ROOT / "docs" / "planted-faults.md", text)


def _figures(name: str) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))["figures"]
    return figures


if __name__ == "__main__":
    main()
