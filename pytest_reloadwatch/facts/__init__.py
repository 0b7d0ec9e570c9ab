"""What is known of a project, for pictures and advice: from its store, and from its session where one runs."""
