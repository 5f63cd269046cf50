"""What npm is told when it gets JupyterHub's proxy."""

from __future__ import annotations

from pathlib import Path

from patient_partner_mentor.hub import proxy


def test_npm_trusts_whom_the_computer_trusts(tmp_path: Path, monkeypatch) -> None:
    """Also in an environment with nothing in it; what somebody has set stays."""
    bundle = tmp_path / "bundle.crt"
    bundle.write_text("", "utf-8")
    monkeypatch.setattr(proxy, "_BUNDLES", (str(bundle),))
    assert Path(proxy.trusting({})["NODE_EXTRA_CA_CERTS"]).is_file()
    assert proxy.trusting({"NODE_EXTRA_CA_CERTS": "/mine", "A": "b"}) == {"NODE_EXTRA_CA_CERTS": "/mine", "A": "b"}
