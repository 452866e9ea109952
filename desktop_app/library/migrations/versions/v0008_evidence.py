"""What engines and evidence need: engines side by side, evaluations that came with imported games."""

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
