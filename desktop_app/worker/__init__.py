"""Celery workers of an analysis server: the only package that imports Celery. No Qt, no SQL."""
