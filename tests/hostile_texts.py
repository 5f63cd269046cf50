"""Texts that try to run script in whatever page shows them: elements, events and ways of writing them, multiplied out.

Each one, if it runs, counts up ``window.xss`` or opens a dialog. They are made here, plainly invented, from templates.
"""

from __future__ import annotations

from itertools import product
from urllib.parse import quote

CALL = "window.xss=(window.xss||0)+1"
ELEMENTS = (
    "<img src=x onerror={c}>", "<svg onload={c}>", "<body onload={c}>", "<video><source onerror={c}></video>", "<audio src=x onerror={c}>",
    "<details open ontoggle={c}>x</details>", "<input autofocus onfocus={c}>", "<select autofocus onfocus={c}></select>", "<textarea autofocus onfocus={c}></textarea>",
    "<marquee onstart={c}>x</marquee>", "<iframe onload={c}></iframe>", "<object data=x onerror={c}></object>", "<style onload={c}></style>",
    "<svg><animate onbegin={c} attributeName=x dur=1s></svg>", "<svg><script>{c}</script></svg>", "<script>{c}</script>", "<link rel=stylesheet href=x onerror={c}>",
    "<a href=\"javascript:{c}\" autofocus>x</a>", "<form action=\"javascript:{c}\"><button>x</button></form>", "<iframe srcdoc=\"<script>parent.{c}</script>\"></iframe>",
    "<iframe src=\"javascript:parent.{c}\"></iframe>", "<embed src=\"data:text/html,<script>{c}</script>\">", "<base href=\"javascript:/a/-{c}//\">",
    "<meta http-equiv=refresh content=\"0;url=javascript:{c}\">", "<math><mi xlink:href=\"javascript:{c}\">x</mi></math>", "<button popovertarget=x onclick={c}>x</button><div popover id=x onbeforetoggle={c}>x</div>",
)  # fmt: skip
ENDINGS = ("", "\"'>", "</textarea>", "</script>", "</title></style>", "-->", "]]>", "</pre></code></blockquote></div>")
MARKDOWN = (
    "[x](javascript:{c})", "![x](x\"onerror=\"{c})", "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)", "<javascript:{c}>", "[x]: javascript:{c}\n[x]",
    "```html\n<script>{c}</script>\n```", "$\\href{{javascript:{c}}}{{x}}$", "$$\\unicode{{<img src=x onerror={c}>}}$$", "\\(\\style{{x:y}}{{x}}\\)", "<!--\n--><img src=x onerror={c}>",
    "{{{{ {c} }}}}", "{{% raw %}}<script>{c}</script>{{% endraw %}}", "${{{c}}}", "#{{{c}}}", "\x1b]8;;javascript:{c}\x07x\x1b]8;;\x07", "\x1b[31m<img src=x onerror={c}>\x1b[0m",
)  # fmt: skip


def texts() -> list[str]:
    """All of them, each different."""
    found = [ending + element.format(c=CALL) for element, ending in product(ELEMENTS, ENDINGS)]
    found += [one.format(c=CALL) for one in MARKDOWN]
    found += [ELEMENTS[0].format(c="alert(1)"), ELEMENTS[15].format(c="alert(1)"), "\\u003cscript\\u003e" + CALL + "\\u003c/script\\u003e", "&lt;script&gt;" + CALL + "&lt;/script&gt;"]
    found += [quote(one.format(c=CALL)) for one in ELEMENTS[:4]]
    found += [one.format(c=CALL).replace("<", "\uff1c").replace(">", "\uff1e") for one in ELEMENTS[:4]]
    found += [one.format(c=CALL).replace("<", "<\x00").upper() for one in ELEMENTS[:4]]
    return list(dict.fromkeys(found))


def names() -> list[str]:
    """Those that can be a learner's name, as a folder's name has it: at most 100 characters, and none that a path or a pattern is made of."""
    return [one for one in texts() if not set(one) & set("/\x00\n\x1b*?[]") and len(one) <= 100 and not one.startswith(".")]
