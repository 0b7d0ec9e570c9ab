"""Digests, dependencies and proofs, the store that keeps them, and the selection that follows from them."""
