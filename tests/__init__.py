"""Tests, a folder per package."""
