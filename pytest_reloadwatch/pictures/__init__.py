"""Pictures: what is known of a project as single HTML files, which need no network and no other file."""
