"""The 2018 article's own tokens: what music21 makes of a MIDI file, fast where that is known exactly.

A token is a note's name (`C4`, `F#5`, `E-3`) or the normal order of a chord's pitch classes (`0.4.7`; `9` for
an octave). Lengths, velocities, rests, and the octave of a chord are lost, notes held over a bar line count
again, and only the first instrument is read: that is the article's data. The article's loop is `parse`,
`partitionByInstrument`, `parts[0].recurse()`.

The rule of the fast path
-------------------------
`article_tokens` answers without music21 only where every step of music21 is followed by
`models.article_notation`:

* music21 is version 10.5.1, whose steps they are;
* the file is a sound MIDI file of type 0 or 1 in ticks per quarter note: whole tracks, data bytes below 128,
  no system messages between events, no lyrics, key signatures and tempi of the standard form;
* bars are of 1 to 64 beats of 1st to 64th notes, and change either in tracks with notes or in the others;
* every note has a length and every track with notes has a complete one;
* the name of a track matches at most one of music21's instruments.

Any other file is read by music21 itself. The rule names what the steps cover, not what has been seen to
agree; that they agree is tested on random MIDI files made to meet every branch, and on the whole Pokémon
corpus.
"""

import importlib.util
import re
import string
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import mido

from models.article_notation import UNITS, NotFollowedError, Sound, Track, notate, read_first_part
from study_core.errors import CorpusError
