"""The analysis server (`kibitz serve`): HTTP in front of Celery workers, over the same library layer."""
