"""Tests of the synthesis: real FluidSynth, real soundfonts, real encoder."""
