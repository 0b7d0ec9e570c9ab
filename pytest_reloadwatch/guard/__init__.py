"""Keeps module identity intact from one test to the next, and names who did not."""
