"""The controller: watches the tree, decides what to run, and answers those who ask."""
