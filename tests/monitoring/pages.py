"""Reading what a page for Prometheus says."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families


def values(page: bytes) -> dict[str, float]:
    """Every sample as name{label=value} -> value."""
    return {
        sample.name + "".join(f"{{{name}={value}}}" for name, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }
