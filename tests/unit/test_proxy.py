"""What npm is told when it gets JupyterHub's proxy, and where the proxy is found then."""

from __future__ import annotations

from pathlib import Path

import pytest

from patient_partner_mentor.errors import CourseError
from patient_partner_mentor.hub import proxy


def test_npm_trusts_whom_the_computer_trusts(tmp_path: Path, monkeypatch) -> None:
    """Also in an environment with nothing in it; what somebody has set stays."""
    bundle = tmp_path / "bundle.crt"
    bundle.write_text("", "utf-8")
    monkeypatch.setattr(proxy, "_BUNDLES", (str(bundle),))
    assert Path(proxy.trusting({})["NODE_EXTRA_CA_CERTS"]).is_file()
    assert proxy.trusting({"NODE_EXTRA_CA_CERTS": "/mine", "A": "b"}) == {"NODE_EXTRA_CA_CERTS": "/mine", "A": "b"}


def test_the_proxy_is_found_where_the_guide_has_it_installed(tmp_path: Path, monkeypatch) -> None:
    """By Node itself, in the clone; else by its name; and where it is nowhere, the command that gets it is said."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CourseError, match=f"npm ci --prefix {tmp_path} --ignore-scripts"):
        proxy.installed_proxy(tmp_path)
    assert proxy.installed_proxy(None) == ("configurable-http-proxy",)
    script = tmp_path / proxy.SCRIPT
    script.parent.mkdir(parents=True)
    script.touch()
    assert proxy.installed_proxy(tmp_path) == (proxy.node_and_npm()[0], str(script))
    (tmp_path / "configurable-http-proxy").touch(mode=0o755)
    assert proxy.installed_proxy(tmp_path / "elsewhere") == ("configurable-http-proxy",)
