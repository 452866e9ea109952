"""What anytime analysis needs: earlier passes of each position, and what was asked of its deepest search.

Analyses of before stay what they are: fixed limits, complete or not. Unfinished jobs of the three profiles go on
anytime; what their games have stored is taken over as evidence (`Evaluations.of_other_analyses`).
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = ("evaluation", "bin_evaluation")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("asked", sa.BigInteger(), nullable=True))
        op.add_column(
            table, sa.Column("passes", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=True)
        )
    op.execute("UPDATE job SET limit_nodes = 0 WHERE NOT reproducible AND state IN ('queued', 'running', 'paused')")
