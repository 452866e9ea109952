"""Alembic's entry point: runs the missing migrations on the connection and in the transaction `library.upgrade` opened.

Loaded by Alembic on the thread that opens the library. There is no offline mode: libraries are upgraded in place.
"""

from alembic import context

from desktop_app.library.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
