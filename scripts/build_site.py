"""Build the documentation as a static site: the guide, and the reference made from the docstrings.

`make docs` writes it to site/. pdoc makes the reference, markdown2 (which pdoc brings) the pages: together
1 MB, where mkdocs-material is 9 MB of theme and plug-ins. No page loads anything from elsewhere.
"""

import argparse
import html
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
DOCS: Final = ROOT / "docs"

#: The modules whose functions and classes users meet; a test holds them to what public signatures name.
MODULES: Final = (
    "assay",
    "assay.sklearn",
    "assay.audits.issues",
    "assay.audits.values",
    "assay.core.errors",
    "assay.core.events",
    "assay.core.table",
    "assay.data.values",
    "assay.data.preprocessing",
    "assay.deployment.onnx_model",
    "assay.deployment.predict",
    "assay.evaluation.calibration",
    "assay.evaluation.compare",
    "assay.evaluation.values",
    "assay.training.classifier",
    "assay.training.model.limits",
    "assay.training.model.values",
    "assay.training.recipes",
    "assay.workflow.settings",
    "assay.workflow.stages",
)

_EXTRAS: Final = ["fenced-code-blocks", "tables", "header-ids", "cuddled-lists", "code-friendly"]

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} - Assay</title><style>{style}</style></head>
<body><nav><a href="{up}index.html">Documentation</a>
<a href="{up}reference/assay.html">Python reference</a></nav>
<main>{body}</main></body></html>
"""

_STYLE: Final = """:root{color-scheme:light dark}body{font:16px/1.6 system-ui,sans-serif;margin:0 auto;
max-width:60rem;padding:1rem}nav{border-bottom:1px solid #8888;padding-bottom:.5rem}nav a{margin-right:1rem}
pre,table{overflow-x:auto;display:block}pre{background:#8882;padding:.75rem;border-radius:4px}
code{font-size:.9em}td,th{border:1px solid #8888;padding:.25rem .5rem;text-align:left;vertical-align:top}
table{border-collapse:collapse}img{max-width:100%}"""


def build(out: Path) -> None:
    """Write the site into the folder `out`, in place of what lies there."""
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        made = Path(folder) / "site"
        _write_pages(made)
        shutil.copytree(DOCS / "images", made / "images")
        _write_reference(made / "reference")
        if out.exists():
            shutil.rmtree(out)
        made.rename(out)


def _write_pages(out: Path) -> None:
    for page in sorted(DOCS.rglob("*.md")):
        target = out / page.relative_to(DOCS).with_suffix(".html")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_page(page.read_text("utf-8"), page.parent), encoding="utf-8")
    decisions = sorted((DOCS / "decisions").glob("*.md"))
    lines = [f"- [{page.stem[:4]}: {_title(page.read_text('utf-8'))}]({page.name})" for page in decisions]
    text = "# Decisions\n\nWhy things are as they are.\n\n" + "\n".join(lines)
    (out / "decisions" / "index.html").write_text(_page(text, DOCS / "decisions"), encoding="utf-8")


def _page(text: str, folder: Path) -> str:
    import markdown2

    up = "../" * len(folder.relative_to(DOCS).parts)
    body = markdown2.markdown(text, extras=_EXTRAS)
    return _PAGE.format(
        title=html.escape(_title(text)), style=_STYLE, up=up, body="".join(_linked(body, folder))
    )


def _title(text: str) -> str:
    return text.partition("\n")[0].removeprefix("# ")


def _linked(body: str, folder: Path) -> Iterator[str]:
    """The page with links between pages; of what lies beside the docs the place is named."""
    end = 0
    for link in re.finditer(r'<a href="([^"]*)">(.*?)</a>', body, re.DOTALL):
        yield body[end : link.start()]
        yield _link(link[1], link[2], folder)
        end = link.end()
    yield body[end:]


def _link(target: str, text: str, folder: Path) -> str:
    if re.match(r"[a-z]+:|#", target):
        return f'<a href="{target}">{text}</a>'
    path, hash_, anchor = target.partition("#")
    there = (folder / path).resolve()
    if not there.is_relative_to(DOCS):
        return f"{text} (<code>{there.relative_to(ROOT)}</code>)"
    page = f"{path.rstrip('/')}/index.html" if there.is_dir() else re.sub(r"\.md$", ".html", path)
    return f'<a href="{page}{hash_}{anchor}">{text}</a>'


def _write_reference(out: Path) -> None:
    import pdoc

    pdoc.render.configure(docformat="markdown", show_source=False, footer_text="Assay")
    # The package alone, and then each module by name: what users do not meet stays out.
    with warnings.catch_warnings():
        # The keys of a TypedDict stand in no class whose source could be looked up.
        warnings.filterwarnings("ignore", message="Cannot determine where assay.workflow.settings")
        pdoc.pdoc(MODULES[0], r"!assay\..*", *MODULES[1:], output_directory=out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "site")
    place = parser.parse_args().out.resolve()
    build(place)
    print(f"wrote {place / 'index.html'}", file=sys.stderr)
