"""What imports what, read from source and resolved to files: pure, knows no pytest."""
