"""What xdist is given to execute in a forked worker: nothing, for there the session waits already."""
