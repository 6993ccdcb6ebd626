"""From a corpus of MIDI files to clips: reading, tokens, generators."""
