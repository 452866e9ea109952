"""The bin, edits that can be undone, and what duplicates brought."""

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
