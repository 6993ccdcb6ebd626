"""Tests of the way from MIDI files to clips."""
