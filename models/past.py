"""The notes of one clip so far, as composing looks back to them: the same as `models.lookback` finds."""

from bisect import bisect_left, bisect_right

from models.features import LAGS_BARS, N_SEEN, Setting
from models.lookback import FIGURES, NOTHING, STEP_BITS, VOICE_NOTES
from models.tokens import MAX_DELTA, N_PITCHES

Token = tuple[int, int, int, int]

MOST_ROUNDS = 3  # of a loop in a row
FEWEST_LOOP_BARS = 2  # shorter loops are tremolos and the like


class Loop:
    """How long the music has been going round in a figure, transposed or not."""

    def __init__(self) -> None:
        self._distance, self._since = 0, 0

    def follow(self, distance: int, onset: int) -> None:
        """Take in that a note followed one so many notes before, 0 where it followed none."""
        if distance != self._distance:
            self._distance, self._since = distance, onset

    def is_worn(self, onset: int, keys: list[int], bar_ticks: int) -> bool:
        """Tell whether it has gone round too often."""
        if not self._distance:
            return False
        round_ticks = onset - (keys[-1 - self._distance] >> 7)
        return onset - self._since >= max(MOST_ROUNDS * round_ticks, FEWEST_LOOP_BARS * bar_ticks)


class Past:
    """Answers in lists: one value for each lag in bars, then for each length of figure.

    What goes on as it did before is easily gone on with for ever. Where loops are to be broken, one that is
    worn out is followed by a bar in which nothing is looked back to.
    """

    def __init__(self, setting: Setting, first: Token, *, breaks_loops: bool = False) -> None:
        self.tokens = [first]
        self.onset = first[0]
        self.contour = [0] * 6
        self._keys = [self.onset * 128 + first[1]]
        self._lags = [lag * setting.bar_ticks for lag in LAGS_BARS]
        self._bottoms, self._tops = [first[1]], [first[1]]
        self._steps = 0
        self._followers: list[dict[int, int]] = [{} for _ in FIGURES]
        self._matches = [NOTHING] * len(FIGURES)
        self._bar_ticks = setting.bar_ticks
        self._loop = Loop() if breaks_loops else None
        self._blind_until = 0

    def add(self, token: Token) -> None:
        """Take one more note in."""
        delta, pitch = token[0], token[1]
        if self._loop:
            has_followed = self._follow(self._matches[-1], delta) == pitch
            self._loop.follow(len(self.tokens) - self._matches[-1] if has_followed else 0, self.onset)
        self.contour = [pitch - other for other in self.references(delta)]
        self._steps = (self._steps << STEP_BITS) | (delta * 256 + pitch - self.tokens[-1][1] + 128)
        self.tokens.append(token)
        self.onset += delta
        self._keys.append(self.onset * 128 + pitch)
        if delta:
            self._bottoms.append(pitch)
            self._tops.append(pitch)
        else:
            self._tops[-1] = pitch
        self._match()
        if self._loop and self._loop.is_worn(self.onset, self._keys, self._bar_ticks):
            self._blind_until = self.onset + self._bar_ticks
            self._loop = Loop()

    def references(self, delta: int) -> list[int]:
        """Return the pitches that a note `delta` from here is heard against."""
        tokens, last = self.tokens, self.tokens[-1][1]
        recent = [tokens[-back][1] if len(tokens) >= back else last for back in (1, 2, 3)]
        ago = 1 if delta else 2
        has_one, has_two = len(self._tops) >= ago, len(self._tops) > ago
        return [
            *recent,
            self._tops[-ago] if has_one else last,
            self._bottoms[-ago] if has_one else last,
            self._tops[-ago - 1] if has_two else last,
        ]

    def deltas(self) -> list[int]:
        """Return how long after this place the next note came."""
        if self._is_blind:
            return [NOTHING] * N_SEEN
        pitch = self.tokens[-1][1]
        found = [self._delta(self.onset - lag, pitch) for lag in self._lags]
        return found + [self.tokens[j][0] if j >= 0 else NOTHING for j in self._matches]

    def pitches(self, delta: int) -> list[int]:
        """Return the pitch at the place `delta` from here."""
        if self._is_blind:
            return [NOTHING] * N_SEEN
        lowest = self.tokens[-1][1] if delta == 0 else -1
        found = [self._pitch(self.onset + delta - lag, lowest) for lag in self._lags]
        return found + [self._follow(j, delta) for j in self._matches]

    def find_notes(self, delta: int, pitch: int) -> list[Token | None]:
        """Return the note of that pitch at the place `delta` from here; last, the nearest in pitch."""
        if self._is_blind:
            return [*(N_SEEN * [None]), self._nearest(delta, pitch)]
        found = [self._note((self.onset + delta - lag) * 128 + pitch) for lag in self._lags]
        found += [self.tokens[j] if self._follow(j, delta) == pitch else None for j in self._matches]
        return [*found, self._nearest(delta, pitch)]

    @property
    def _is_blind(self) -> bool:
        return self.onset < self._blind_until

    def _match(self) -> None:
        """Find what last followed the figures that end here, and remember that they did."""
        here, steps = len(self.tokens) - 1, self._steps
        for i, length in enumerate(FIGURES):
            if here >= length:
                figure = steps & ((1 << STEP_BITS * length) - 1)
                self._matches[i] = self._followers[i].get(figure, NOTHING)
                self._followers[i][figure] = here + 1
        self._steps = steps & ((1 << STEP_BITS * max(FIGURES)) - 1)

    def _follow(self, j: int, delta: int) -> int:
        """Return the pitch that follows as note `j` followed, if after the same time."""
        if j < 0 or self.tokens[j][0] != delta:
            return NOTHING
        pitch = self.tokens[-1][1] + self.tokens[j][1] - self.tokens[j - 1][1]
        return pitch if 0 <= pitch < N_PITCHES else NOTHING

    def _nearest(self, delta: int, pitch: int) -> Token | None:
        """Return the last note nearest in pitch among those of earlier onsets not long before."""
        nearest, distance = None, 128
        end, n = self.onset + delta, len(self.tokens)
        for j in range(n - 1, max(n - 1 - VOICE_NOTES, -1), -1):
            other = self.tokens[j]
            if self._keys[j] >> 7 < end and abs(other[1] - pitch) < distance:
                nearest, distance = other, abs(other[1] - pitch)
        return nearest

    def _delta(self, tick: int, pitch: int) -> int:
        if tick < self._keys[0] // 128:
            return NOTHING
        delta = self._keys[bisect_right(self._keys, tick * 128 + pitch)] // 128 - tick
        return delta if delta <= MAX_DELTA else NOTHING

    def _pitch(self, tick: int, lowest: int) -> int:
        index = bisect_right(self._keys, tick * 128 + lowest)
        key = self._keys[index] if index < len(self._keys) else NOTHING
        return key % 128 if key // 128 == tick else NOTHING

    def _note(self, key: int) -> Token | None:
        index = bisect_left(self._keys, key)
        is_there = index < len(self._keys) and self._keys[index] == key
        return self.tokens[index] if is_there else None
