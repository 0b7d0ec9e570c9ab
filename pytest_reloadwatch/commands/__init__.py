"""What ``python -m pytest_reloadwatch`` does: a function each, which prints an answer and gives the exit code."""
