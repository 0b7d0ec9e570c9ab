"""Stands on PYTHONPATH of the processes that tests start: what they run first is here, and nothing else."""
