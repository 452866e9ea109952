"""What anytime analysis needs: earlier passes of each position, provisional and settled verdicts."""

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
