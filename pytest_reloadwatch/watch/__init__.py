"""What is on disk now: sweeps by stat and digest, and watchers that say when a sweep is worth it."""
