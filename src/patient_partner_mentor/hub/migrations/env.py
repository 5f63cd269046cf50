"""Alembic's way to the database: the connection that the store hands over, with its locks held."""

from __future__ import annotations

from alembic import context

from patient_partner_mentor.hub.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
