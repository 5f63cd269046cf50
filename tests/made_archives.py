"""Archives as anybody can make them."""

from __future__ import annotations

import io
import zipfile


def archive(*entries: tuple[zipfile.ZipInfo | str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of these entries, whatever they are called."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as made:
        for name, data in entries:
            made.writestr(name, data, method)
    return out.getvalue()
