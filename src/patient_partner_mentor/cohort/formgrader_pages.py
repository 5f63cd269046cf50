"""nbgrader's formgrader without its two ways to the grader's files; a Hub's formgrader loads this in place of nbgrader's own."""

from __future__ import annotations

from typing import Any

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.serverapp import ServerApp
from jupyter_server.utils import url_path_join
from nbgrader.server_extensions import formgrader
from tornado import web

# As the address was sent: a name that climbs out of its folder, and whatever lies beside a graded copy; the pages themselves are let by.
CLIMBING = r"formgrader/.*(?:\.|%2[eE]){2}.*"
SLASHED = r"formgrader/.*%(?:2[fF]|5[cC]).*"
BESIDE = r"formgrader/submissions/(?!components/|[^/]+/?$|[^/]+/(?:next|prev)(?:_incorrect)?/?$).*"


class Start(JupyterHandler):
    """The first page. nbgrader's own takes the name of a folder, and runs the ``nbgrader_config.py`` in it: a link would do."""

    @web.authenticated
    def get(self) -> None:
        """Go on to the assignments, whatever else was asked."""
        self.redirect(url_path_join(self.base_url, "formgrader/manage_assignments"))


class Shut(JupyterHandler):
    """Nothing is here, for anybody."""

    @web.authenticated
    def get(self) -> None:
        """Refuse."""
        raise web.HTTPError(404)

    post = put = patch = delete = head = options = get


def _load_jupyter_server_extension(server: ServerApp) -> None:
    """Put ours before nbgrader's: the first that fits an address answers."""
    ours = [(r"formgrader/?", Start), *((path, Shut) for path in (CLIMBING, SLASHED, BESIDE))]
    server.web_app.add_handlers(".*$", [(url_path_join(server.base_url, path), handler) for path, handler in ours])
    formgrader.load_jupyter_server_extension(server)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": __name__}]
