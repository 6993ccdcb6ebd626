"""The revisions; see the package above."""
