"""Tests of the analysis: numbers from R, truth recovered, every error read."""
