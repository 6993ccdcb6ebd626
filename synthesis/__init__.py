"""From clips to stimuli: rendering, mastering and encoding, the same for every system."""
