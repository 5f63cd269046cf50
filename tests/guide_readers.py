"""Who reads which guide, where they stand, and which commands no test can run, each with the reason."""

from __future__ import annotations

# Where a page's reader stands, and the words of the page that say so.
CLONE = "clone"  # in the project's folder
TERMINAL = "terminal"  # a facilitator's, anywhere, after the line that a trial prints
OPERATOR = "operator"  # on the server, as deploy/README.md sets it up, in the project's folder
STANDS = {
    "README.md": (CLONE, "Run each command in the project's folder."),
    "CONTRIBUTING.md": (CLONE, "In the project's folder:"),
    "SECURITY.md": (CLONE, "in the project's folder"),
    "book/authors-guide.md": (CLONE, "Run each command in the project's folder."),
    "book/facilitators-guide.md": (TERMINAL, "In a trial, run the `source` line that it printed. Then the commands work from any folder."),
    "deploy/README.md": (OPERATOR, "Run each command in the project's folder."),
    "book/operators-guide.md": (OPERATOR, "Run each command in the project's folder."),
}
# A page that has its own words for a command that is run elsewhere than the rest of it.
ELSEWHERE = {
    ("README.md", "ppm "): (TERMINAL, "in the terminal that the [facilitator's guide](book/facilitators-guide.md) describes"),
    ("book/facilitators-guide.md", "make cohort"): (CLONE, "In the project's folder:"),
}
# Pages that tell how things are, or came to be, and ask nobody to run anything: what they name has to be there.
TELLING = ("CHANGELOG.md", "docs/")

NETWORK = "needs a network"
LONG = "takes many minutes, and does on its own what the tests do in part"
LISTED = {
    "make test": "the tests are run by it",
    "make soak": LONG,
    "make bench": LONG,
    "make attack": f"{LONG}: tests/unit/test_attack_tool.py",
    ".venv/bin/python -m tools.attack URL": f"{LONG}: tests/unit/test_attack_tool.py",
    "python3 tools/bare_machine.py FOLDER make test": "makes a Debian of its own, over a network, as root",
    "make links": NETWORK,
    "make lock": NETWORK,
    "make audit": NETWORK,
    "pip install --require-hashes -r requirements/cohort.txt": NETWORK,
    "npm ci --prefix deploy/proxy --ignore-scripts": NETWORK,
    "make serve PORT=8010": "the same as without a port; what make would run is compared",
    "make cohort PORT=8110": "the same as without a port; what make would run is compared",
}
# Named in a sentence, without the words that it needs: it is there, and tells what it needs.
NAMED = ("ppm erase", "nbgrader submit", "ppm keeping")
WOULD_RUN = {"make serve PORT=8010": ".venv/bin/ppm serve --port 8010", "make cohort PORT=8110": ".venv/bin/ppm cohort --port 8110"}


def stands(page: str, command: str) -> tuple[str, str] | None:
    """Where the reader of a page stands for a command, and the page's words for it; nothing where the page is not known."""
    for (where, beginning), found in ELSEWHERE.items():
        if where == page and command.startswith(beginning):
            return found
    return STANDS.get(page)
