"""Files that are whole or not there: the one way in which the journal, the Hub's accounts and the rest are written."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

_ENDING = ".tmp"


def write_whole(path: Path, text: str) -> None:
    """Write a file for its owner alone, in place of the one that is there, and on the disk when this returns.

    Whoever reads meanwhile sees the earlier one. When it cannot be written, the earlier one stays as it was, and no draft is left.

    :raises OSError: when the disk is full, the folder cannot be written, or the like
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}{_ENDING}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise


def remove_drafts(path: Path) -> None:
    """Remove what a killed program left of this file. Only for whoever keeps all others from writing it meanwhile.

    :raises OSError: when they cannot be removed
    """
    for left in path.parent.glob(f".{path.name}.*{_ENDING}"):
        left.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    """Have the new name on the disk too, where a system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
