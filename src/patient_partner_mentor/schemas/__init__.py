"""The published JSON Schemas: what other programs may rely on. Made from the models; a test keeps them the same.

After a change to a model: ``python -c "from patient_partner_mentor import schemas; schemas.write()"``.
"""

from __future__ import annotations

import json
from pathlib import Path

from ..curriculum import module_schema
from ..handins import hand_in_schema
from ..reflections import journal_schema

HERE = Path(__file__).parent
MADE_BY = {"module.schema.json": module_schema, "journal.schema.json": journal_schema, "hand-in.schema.json": hand_in_schema}


def made(name: str) -> str:
    """A schema's file as the model would have it.

    :param name: one of MADE_BY
    """
    return json.dumps(MADE_BY[name](), indent=2, ensure_ascii=False) + "\n"


def write() -> None:
    """Write every schema's file anew."""
    for name in MADE_BY:
        (HERE / name).write_text(made(name), "utf-8", newline="\n")
