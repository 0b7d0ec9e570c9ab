"""Coverage of the whole suite where only some of it runs: what each test covered is kept, moved along, and combined.

``measuring`` works in runs, ``lines`` is pure, the rest belongs to the controller. Nothing of this is imported without
--cov.
"""
