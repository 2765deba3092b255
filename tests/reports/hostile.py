"""Hostile texts, made from a seed: markup, scripts, templates and encodings that break a careless page."""

import random
import string

#: What a payload does where it runs; a test looks for the mark that it leaves.
FIRE = "document.title='fired'"

_FORMS = (
    "<script>{fire}</script>",
    "</script><script>{fire}</script>",
    '"><img src={word} onerror="{fire}">',
    "'><svg/onload={fire}>",
    "<svg><animate onbegin={fire} attributeName=x dur=1s>",
    "</title><script>{fire}</script>",
    "</style><style>@import url(//{word}.invalid/x.css);</style>",
    '<iframe srcdoc="<script>parent.{fire}</script>">',
    "javascript:{fire}//{word}",
    '<a href="javascript:{fire}">{word}</a>',
    "<meta http-equiv=refresh content='0;url=//{word}.invalid'>",
    "<base href=//{word}.invalid/>",
    "<link rel=stylesheet href=//{word}.invalid/x.css>",
    "<img src=//{word}.invalid/p.png>",
    "<details open ontoggle={fire}>",
    "<input autofocus onfocus={fire}>",
    "]]><script>{fire}</script><![CDATA[",
    "<!--><script>{fire}</script>-->",
    "{{{{ ''.__class__ }}}}{{% raw %}}{word}",
    "${{{fire}}}`{fire}`",
    "\\u003cscript\\u003e{fire}\\u003c/script\\u003e",
    "&lt;script&gt;{fire}&lt;/script&gt;",
    "</noscript><img src={word} onerror={fire}>",
    "</table></main><script>{fire}</script>",
    "' onmouseover='{fire}' x='",
    "url(//{word}.invalid/f);background:url(//{word}.invalid/g)",
    "$\\frac{{{word}}}$ <{word} onclick={fire}>",
    "</textarea></select></option><script>{fire}</script>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror={fire}>",
    "{word}\u2028{fire}\u2029//",
)

_WRAPPINGS = (
    "{0}",
    "{0}\x00",
    "\u202e{0}",
    "{0}\n{0}",
    "\ufeff{0}",
    " {0} ",
    "{0}\\",
    '{0}"',
    "{0}'",
    "\U0001f45f{0}",
)


def payloads(count: int, seed: int) -> list[str]:
    """`count` different hostile texts, the same for the same seed; every form is among the first 30."""
    chance = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        form = _FORMS[len(found) % len(_FORMS)]
        word = "".join(chance.choices(string.ascii_lowercase, k=6))
        text = chance.choice(_WRAPPINGS).format(form.format(fire=FIRE, word=word))
        found[text if chance.random() < 0.7 else text.swapcase().replace("DOCUMENT.TITLE='FIRED'", FIRE)] = (
            None
        )
    return list(found)
