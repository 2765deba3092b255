"""The one script of the page, and the policy that lets nothing else run."""

import base64
import hashlib
from importlib import resources
from typing import Final

#: In this order; later files use what earlier ones define.
_FILES: Final = (
    "elements.js",
    "sorting.js",
    "pictures.js",
    "explorer.js",
    "map.js",
    "csv.js",
    "viewer.js",
    "decide.js",
    "start.js",
)


def page_script() -> str:
    """The script's text: the files of `templates/scripts`, in a scope of their own."""
    folder = resources.files("assay.reports.page") / "templates" / "scripts"
    parts = "\n".join((folder / name).read_text("utf-8") for name in _FILES)
    return f'"use strict";\n(() => {{\n{parts}}})();\n'


def policy(script: str) -> str:
    """The content security policy: this script alone may run, nothing is loaded, no text becomes markup."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    rules = (
        "default-src 'none'",
        f"script-src 'sha256-{digest}'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    return "; ".join(rules)
