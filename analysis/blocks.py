"""A symmetric matrix with a block per listener and a dense part over clips, solved and inverted by parts.

H = [[A, C], [C', D]] with A block-diagonal, J blocks of k x k: the listeners are eliminated first and leave
the Schur complement D - C' A^-1 C over the clips, so time and memory grow in proportion to the listeners.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve
from scipy.linalg.lapack import dtrtri

from analysis.link import FloatArray

UNTHREADED_PRODUCTS, MANY_CLIPS = 250_000, 180
"""OpenBLAS multiplies in one thread up to 262,144 products of numbers; many clips are worth its threads."""


@dataclass(frozen=True, slots=True)
class Effects:
    """Random effects in units of their SDs, or anything of their shape: (J, k) and (I,)."""

    listener: FloatArray
    clip: FloatArray

    def move(self, step: "Effects", share: float) -> "Effects":
        """Return these effects after a share of a step."""
        return Effects(self.listener + share * step.listener, self.clip + share * step.clip)

    @property
    def squared_length(self) -> float:
        """The sum of squares."""
        return float((self.listener**2).sum() + (self.clip**2).sum())


def multiply(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return left @ right, a few rows at a time.

    OpenBLAS shares large products among all cores, which made fits 50 times slower on a busy machine.
    """
    return np.concatenate([left[rows] @ right for rows in _slice_rows(left)])


def multiply_transposed(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return left.T @ right, a few rows at a time."""
    total = np.zeros((left.shape[1], right.shape[1]))
    for rows in _slice_rows(left):
        total += left[rows].T @ right[rows]
    return total


def _slice_rows(matrix: FloatArray) -> list[slice]:
    rows = UNTHREADED_PRODUCTS // matrix.shape[1] ** 2 if matrix.shape[1] < MANY_CLIPS else len(matrix)
    return [slice(first, first + rows) for first in range(0, len(matrix), rows)]


class BlockFactor:
    """A factorization of H, from which the parts of its inverse that the gradient asks for are cheap."""

    def __init__(self, blocks: FloatArray, cross: FloatArray, clips: FloatArray) -> None:
        """Factorize blocks (J, k, k), cross blocks (J, k, I) and clips' part, (I, I) or diagonal (I,)."""
        root = np.linalg.cholesky(blocks)
        self._inverse_root: FloatArray = np.linalg.inv(root)
        self._whitened: FloatArray = self._inverse_root @ cross
        self._flat = self._whitened.reshape(-1, len(clips))
        whole = np.diag(clips) if clips.ndim == 1 else clips
        self._schur = np.linalg.cholesky(whole - multiply_transposed(self._flat, self._flat))
        diagonals = root.diagonal(axis1=1, axis2=2), self._schur.diagonal()
        self.log_determinant = float(sum(2 * np.log(diagonal).sum() for diagonal in diagonals))

    def solve(self, right: Effects) -> Effects:
        """Return H^-1 times effects."""
        listener = np.einsum("jab,jb->ja", self._inverse_root, right.listener)
        eliminated = right.clip - np.einsum("ri,r->i", self._flat, listener.ravel())
        clip: FloatArray = cho_solve((self._schur, True), eliminated)
        listener -= np.einsum("jai,i->ja", self._whitened, clip)
        return Effects(np.einsum("jba,jb->ja", self._inverse_root, listener), clip)

    def invert(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return H^-1: blocks (J, k, k), cross blocks (J, k, I) and the part over clips (I, I)."""
        inverse_schur = dtrtri(self._schur, lower=1)[0]
        clips = multiply_transposed(inverse_schur, inverse_schur)
        lifted: FloatArray = multiply(self._flat, clips).reshape(self._whitened.shape)
        inner = np.eye(lifted.shape[1]) + lifted @ self._whitened.transpose(0, 2, 1)
        outer = self._inverse_root.transpose(0, 2, 1)
        return outer @ inner @ self._inverse_root, -(outer @ lifted), clips
