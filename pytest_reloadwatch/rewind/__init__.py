"""Rewind: timelines that freeze at checkpoints, and the runs that continue from them."""
