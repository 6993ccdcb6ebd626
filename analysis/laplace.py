"""The Laplace log-likelihood of a yes-no mixed model with crossed listeners and clips, and its gradient.

The model: judgment i of listener j and clip c is 1 with probability F(eta_i),

    eta_i = x_i' beta + z_i' Lambda b_j + sigma d_c,     b_j ~ N(0, I_k),   d_c ~ N(0, 1),

with F logistic or normal, so Lambda Lambda' is the covariance of the listeners' effects, sigma the clips' SD.
With h the log density of judgments and u = (b, d) together, u^ its mode and H = -d2h/du du' there,

    L(beta, Lambda, sigma) = h(u^) - log|H| / 2

(Tierney & Kadane 1986; Kristensen et al. 2016: the observed, not the expected, information). H has one k x k
block A_j per listener, eliminated first, and leaves a dense Schur complement over the clips,

    S = D - sum_j C_j' A_j^-1 C_j,

so a Newton step takes time in proportion to the listeners, and memory for 3 x J x k x I numbers.

The gradient is exact, after Skaug & Fournier (2006). With z~_i = (Lambda' z_i, sigma) a judgment's row in u,
w_i = -d2 l_i / d eta2 its weight, v_i = z~_i' H^-1 z~_i, and t = H^-1 sum_i w'_i v_i z~_i,
which carries the move of the mode,

    dL = sum_i (l'_i - w'_i v_i / 2 + w_i z~_i't / 2) deta_i - sum_i (w_i H^-1 z~_i + l'_i t / 2)' dz~_i,

where deta_i and dz~_i are the direct changes with a parameter. Lambda enters by its lower triangle, not by
logarithms: an SD of 0 is then an ordinary stationary point (L is even in it) with a regular Hessian.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from analysis.blocks import BlockFactor, Effects
from analysis.link import Derivatives, FloatArray, Link, derive_log_density

IntArray = npt.NDArray[np.int64]
Height = tuple[float, FloatArray, FloatArray, FloatArray]

MODE_TOLERANCE = 1e-9
"""The mode is found when no random effect, in its own SDs, would move further than this."""
MODE_STEPS = 100
SURE = 3.0
"""Answers of which nothing is surer than this, on the scale of the link, are not separated."""
FLAT = 1e-8
"""A direction with less than this share of the largest curvature counts as flat."""


@dataclass(frozen=True, slots=True)
class Judgments:
    """N judgments of J listeners and I clips, in the order of the listeners.

    Attributes
    ----------
    answer
        Shape (N,): +1 for a yes, -1 for a no; of ratings the level, from 0.
    fixed, by_listener
        Shape (N, p) and (N, k): the rows x_i and z_i.
    listener, clip
        Shape (N,): 0 to J - 1, not decreasing, each at least once; 0 to I - 1.
    """

    answer: FloatArray
    fixed: FloatArray
    by_listener: FloatArray
    listener: IntArray
    clip: IntArray

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Return the sizes J, I, p and k."""
        listeners, clips = int(self.listener.max()) + 1, int(self.clip.max()) + 1
        return listeners, clips, self.fixed.shape[1], self.by_listener.shape[1]

    def scale(self) -> tuple["Judgments", FloatArray]:
        """Return the same with columns of root mean square 1, and what that multiplies each parameter by."""
        fixed, by_listener = (np.sqrt((rows**2).mean(axis=0)) for rows in (self.fixed, self.by_listener))
        scaled = replace(self, fixed=self.fixed / fixed, by_listener=self.by_listener / by_listener)
        return scaled, np.concatenate([fixed, by_listener[np.tril_indices(by_listener.size)[0]], [1]])

    def find_clip_rows(self) -> FloatArray:
        """Return x and z of each clip, shape (I, p + k), NaN in the columns that vary within clips."""
        rows = np.hstack([self.fixed, self.by_listener])
        of_clips = np.empty((self.shape[1], rows.shape[1]))
        of_clips[self.clip] = rows
        of_clips[:, (of_clips[self.clip] != rows).any(axis=0)] = np.nan
        return of_clips

    def find_separation(self, beta: FloatArray) -> FloatArray:
        """Return a direction (p,) in which beta can grow for ever, or 0 (linear programming, Konis 2007)."""
        if np.abs(np.einsum("ip,p->i", self.fixed, beta)).max() < SURE:
            return np.zeros_like(beta)
        rows = np.unique(self.fixed * self.answer[:, None], axis=0)
        best = linprog(-rows.sum(axis=0), A_ub=-rows, b_ub=np.zeros(len(rows)), bounds=(-1, 1))
        return np.asarray(best.x, np.float64)


class LaplaceLikelihood:
    """The Laplace log-likelihood as a function of beta (p), Lambda's lower triangle row by row, and sigma.

    The mode found last is the next search's start, so nearby parameters cost little.
    """

    def __init__(self, judgments: Judgments, link: Link) -> None:
        self.judgments, self.link = judgments, link
        self.listeners, self.clips, self.n_fixed, self.n_by_listener = judgments.shape
        self._triangle = np.tril_indices(self.n_by_listener)
        self._starts = np.searchsorted(judgments.listener, np.arange(self.listeners))
        self._cell = judgments.listener * self.clips + judgments.clip
        self.mode = Effects(np.zeros((self.listeners, self.n_by_listener)), np.zeros(self.clips))

    def unpack(self, parameters: FloatArray) -> tuple[FloatArray, FloatArray, float]:
        """Return beta, Lambda and sigma."""
        root = np.zeros((self.n_by_listener, self.n_by_listener))
        root[self._triangle] = parameters[self.n_fixed : -1]
        return parameters[: self.n_fixed], root, float(parameters[-1])

    def evaluate(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        """Return the log-likelihood and its gradient, shape (parameters,)."""
        factor, (height, *derivatives) = self._find_mode(parameters)
        gradient, _, _ = self._gradient(parameters, factor, *derivatives)
        return height - factor.log_determinant / 2, gradient

    def derive_density(self, eta: FloatArray) -> Derivatives:
        """Return each judgment's log density, its slope in eta, the weight and the weight's slope."""
        return derive_log_density(self.link, self.judgments.answer, eta)

    def predict(self, parameters: FloatArray) -> tuple[Effects, FloatArray, FloatArray]:
        """Return the effects on eta, the listeners' covariances (J, k, k) and the clips' variances (I,)."""
        _, root, sigma = self.unpack(parameters)
        factor, _ = self._find_mode(parameters)
        blocks, _, clips = factor.invert()
        effects = Effects(self.mode.listener @ root.T, sigma * self.mode.clip)
        return effects, root @ blocks @ root.T, sigma**2 * clips.diagonal()

    def _find_mode(self, parameters: FloatArray) -> tuple[BlockFactor, Height]:
        """Move the mode by Newton's method; return H's factorization and the derivatives there."""
        mode, here = self.mode, self._derive(parameters, self.mode)
        for _ in range(MODE_STEPS):
            factor = self._factorize(parameters, here[2])
            step = factor.solve(self._gather(parameters, here[1]).move(mode, -1))
            if max(np.abs(step.listener).max(), np.abs(step.clip).max()) < MODE_TOLERANCE:
                break
            lowest = here[0] - FLAT * (1 + abs(here[0]))
            for share in 0.5 ** np.arange(30):  # h is concave: a step too long only wants halving
                moved = mode.move(step, share)
                here = self._derive(parameters, moved)
                if here[0] > lowest:
                    break
            mode = moved
        self.mode = mode
        return factor, here

    def _derive(self, parameters: FloatArray, mode: Effects) -> Height:
        """Return h, and per judgment the log density's slope, weight and the weight's slope."""
        eta = self._add_up(parameters, mode)
        log_density, slope, weight, weight_slope = self.derive_density(eta)
        return float(log_density.sum()) - mode.squared_length / 2, slope, weight, weight_slope

    def _add_up(self, parameters: FloatArray, mode: Effects) -> FloatArray:
        """Return eta, shape (N,)."""
        data = self.judgments
        beta, root, sigma = self.unpack(parameters)
        listener = np.einsum("ia,ia->i", data.by_listener, (mode.listener @ root.T)[data.listener])
        fixed: FloatArray = np.einsum("ip,p->i", data.fixed, beta)
        eta: FloatArray = fixed + listener + sigma * self._at_clips(mode.clip)
        return eta

    def _gather(self, parameters: FloatArray, values: FloatArray) -> Effects:
        """Return sum_i z~_i times a value per judgment."""
        data = self.judgments
        _, root, sigma = self.unpack(parameters)
        listener = self._sum_by_listener(data.by_listener * values[:, None]) @ root
        return Effects(listener, self._sum_by_clip(sigma * values))

    # How judgments hang on clips; `analysis.pair_model` has judgments of two.

    def _at_clips(self, values: FloatArray) -> FloatArray:
        """Return each judgment's own of values (..., I)."""
        return np.asarray(values[..., self.judgments.clip], np.float64)

    def _sum_by_clip(self, values: FloatArray) -> FloatArray:
        return np.bincount(self.judgments.clip, values, self.clips).astype(np.float64, copy=False)

    def _sum_over_clips(self, weight: FloatArray) -> FloatArray:
        """Return the sum of weighted squares over judgments of a clip (I,), or by two clips (I, I)."""
        return self._sum_by_clip(weight)

    def _sum_by_cell(self, values: FloatArray) -> FloatArray:
        """Return sums by listener and clip, shape (J, I)."""
        size = self.listeners * self.clips
        return np.bincount(self._cell, values, size).astype(np.float64).reshape(self.listeners, self.clips)

    def _at_cells(self, cross: FloatArray) -> FloatArray:
        """Return each judgment's own of cross blocks (J, k, I), shape (N, k)."""
        return np.asarray(cross[self.judgments.listener, :, self.judgments.clip], np.float64)

    def _at_squares(self, clips: FloatArray) -> FloatArray:
        """Return what a matrix over clips (I, I) is for each judgment's clips, shape (N,)."""
        return np.asarray(clips.diagonal()[self.judgments.clip], np.float64)

    def _sum_by_listener(self, rows: FloatArray) -> FloatArray:
        columns = [np.add.reduceat(column, self._starts) for column in rows.T]
        return np.stack(columns, axis=1)

    def _factorize(self, parameters: FloatArray, weight: FloatArray) -> BlockFactor:
        """Return the factorization of H = I + sum_i w_i z~_i z~_i'."""
        data = self.judgments
        _, root, sigma = self.unpack(parameters)
        weighted = data.by_listener * weight[:, None]
        a, b = self._triangle
        moments = np.empty((self.listeners, *root.shape))
        moments[:, a, b] = moments[:, b, a] = self._sum_by_listener(weighted[:, a] * data.by_listener[:, b])
        lifted = np.einsum("ia,ab->ib", weighted, sigma * root)
        squares = sigma**2 * self._sum_over_clips(weight)
        return BlockFactor(
            np.eye(len(root)) + root.T @ moments @ root,
            np.stack([self._sum_by_cell(column) for column in lifted.T], axis=1),
            squares + (1 if squares.ndim == 1 else np.eye(self.clips)),
        )

    def _gradient(
        self, parameters: FloatArray, factor: BlockFactor, *derivatives: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return dL of the module's docstring for every parameter, and v_i and z~_i't of every judgment."""
        data, mode, (slope, weight, weight_slope) = self.judgments, self.mode, derivatives
        _, root, sigma = self.unpack(parameters)
        lifted = np.einsum("ia,ab->ib", data.by_listener, root)
        blocks, cross, clips = factor.invert()
        crossed = self._at_cells(cross)
        to_listener = np.einsum("iab,ib->ia", blocks[data.listener], lifted) + sigma * crossed
        to_clip = np.einsum("ia,ia->i", crossed, lifted) + sigma * self._at_squares(clips)
        variance = np.einsum("ia,ia->i", lifted, to_listener) + sigma * to_clip
        pull = weight_slope * variance
        shift = factor.solve(self._gather(parameters, pull))
        by_listener, by_clip = shift.listener[data.listener], self._at_clips(shift.clip)
        moved = np.einsum("ia,ia->i", lifted, by_listener) + sigma * by_clip
        direct = slope - pull / 2 + weight * moved / 2
        of_listener = (
            direct[:, None] * mode.listener[data.listener]
            - weight[:, None] * to_listener
            - slope[:, None] * by_listener / 2
        )
        of_clip = direct * self._at_clips(mode.clip) - weight * to_clip - slope * by_clip / 2
        of_beta = np.einsum("i,ip->p", direct, data.fixed)
        of_root = np.einsum("ia,ib->ab", data.by_listener, of_listener)
        gradient = np.concatenate([of_beta, of_root[self._triangle], [of_clip.sum()]])
        return gradient, variance, moved
