"""Tests of the study server."""
