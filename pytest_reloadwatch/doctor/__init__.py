"""The doctor: what keeps a project from being faster, from what is known of it, and what to do about each."""
