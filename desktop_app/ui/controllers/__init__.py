"""One per screen: gesture to operation, Changes to model."""
