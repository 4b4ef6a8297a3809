"""One iteration of the learner in NumPy: a witness for its results and the peer for its speed.

Written from the formulas (Akrour et al. 2018 and the crate's documentation) with the library routines NumPy users would
reach for: `eigh`, `einsum`, `logsumexp`. It covers what the two benchmark problems use: reuse across time steps and
iterations or on the same step, both trust regions, the control variate, mixed targets, dropped dimensions.
Samples are columns throughout, as in the crate's `Batch`.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import solve_triangular
from scipy.special import logsumexp

RIDGES = np.geomspace(1e-8, 10.0, 19)


@dataclass
class Config:
    """The learner's parameters, named as in the crate's `LearnerConfig` (the guard is off here)."""

    epsilon: float = 0.3
    beta0: float = 0.15
    trust_region: str = "trajectory"
    step_cap: float = 3.0
    reuse: str = "time_and_iterations"
    stored_iterations: int = 5
    sample_decay: float = 0.7
    weight_cut: float = 1e-4
    observed_return: float = 0.0
    clip_values: bool = True
    linear_penalty: float = 0.1
    control_variate: bool = True
    state_diagonal: dict = field(default_factory=lambda: {"absolute": 3e-4})
    drop_threshold: float = 0.0


@dataclass
class Quadratic:
    """1/2 z'Hz + h'z + c."""

    H: np.ndarray
    h: np.ndarray
    c: float

    def __call__(self, z):
        return 0.5 * np.sum(z * (self.H @ z), axis=0) + self.h @ z + self.c

    def after(self, A, b):
        """The quadratic z -> self(A z + b)."""
        return Quadratic(A.T @ self.H @ A, A.T @ (self.H @ b + self.h), 0.5 * b @ self.H @ b + self.h @ b + self.c)


class Regression:
    """Weighted ridge regression on quadratic features, the ridge chosen by generalised cross-validation.

    `form` is "smaller" (feature x feature or sample x sample, whichever is smaller) or "features" (always the former).
    """

    def __init__(self, z, w, thresholds, linear_penalty, form):
        mean = z @ w
        deviation = np.sqrt((z - mean[:, None]) ** 2 @ w)
        self.kept = np.flatnonzero(deviation >= thresholds)
        self.inputs = len(z)
        self.mean, self.deviation = mean[self.kept], deviation[self.kept] + 1e-8
        x = (z[self.kept] - self.mean[:, None]) / self.deviation[:, None]
        self.rows, self.columns = np.triu_indices(len(x))
        features = np.concatenate([x / np.sqrt(linear_penalty), x[self.rows] * x[self.columns]])
        self.linear = np.sqrt(linear_penalty)
        self.centre = features @ w
        self.root = np.sqrt(w)
        self.weights = w
        self.features = (features - self.centre[:, None]) * self.root
        self.effective = 1.0 / np.sum(w**2)
        self.dual = form == "smaller" and self.features.shape[1] < self.features.shape[0]
        gram = self.features.T @ self.features if self.dual else self.features @ self.features.T
        values, self.vectors = np.linalg.eigh(gram)
        self.values = np.maximum(values, 0.0)

    def fit(self, y):
        mean = y @ self.weights
        deviation = np.sqrt((y - mean) ** 2 @ self.weights) + 1e-12
        target = (y - mean) / deviation * self.root
        power = target @ target
        rotated = self.vectors.T @ (target if self.dual else self.features @ target)
        best, ridge = np.inf, RIDGES[-1]
        for candidate in RIDGES:
            shrunk = self.values + candidate
            freedom = 1.0 + np.sum(self.values / shrunk)
            if freedom > 0.9 * self.effective:
                continue
            if self.dual:
                residual = np.sum((candidate * rotated / shrunk) ** 2)
            else:
                residual = power - np.sum(rotated**2 * (self.values + 2 * candidate) / shrunk**2)
            score = max(residual, 1e-14) / (1.0 - freedom / self.effective) ** 2
            if score < best:
                best, ridge = score, candidate
        shrunk = self.values + ridge
        share = 1.0 - (1.0 + np.sum(self.values / shrunk)) / self.effective
        if self.dual:
            residual = np.sum((ridge * rotated / shrunk) ** 2)
        else:
            residual = power - np.sum(rotated**2 * (self.values + 2 * ridge) / shrunk**2)
        # Root mean square error expected on new samples, in the unit of y.
        self.error = deviation * np.sqrt(max(residual, 0.0)) / share if share > 0 else np.inf
        solution = self.vectors @ (rotated / shrunk)
        beta = (self.features @ solution if self.dual else solution) * deviation
        n = len(self.kept)
        H = np.zeros((n, n))
        H[self.rows, self.columns] = beta[n:]
        H = (H + H.T) / np.outer(self.deviation, self.deviation)
        slope = beta[:n] / self.linear / self.deviation
        full = Quadratic(np.zeros((self.inputs, self.inputs)), np.zeros(self.inputs), 0.0)
        full.H[np.ix_(self.kept, self.kept)] = H
        full.h[self.kept] = slope - H @ self.mean
        full.c = mean - beta @ self.centre - slope @ self.mean + 0.5 * self.mean @ H @ self.mean
        return full


def linear_dynamics(regression, z, following):
    """A, b of s' = A z + b by weighted least squares on the regression's standardised inputs."""
    x = (z[regression.kept] - regression.mean[:, None]) / regression.deviation[:, None]
    centre = following @ regression.weights
    weighted = x * regression.weights
    normal = weighted @ x.T + 1e-6 * np.eye(len(x))
    slopes = np.linalg.solve(normal, weighted @ (following - centre[:, None]).T).T / regression.deviation
    A = np.zeros((len(following), len(z)))
    A[:, regression.kept] = slopes
    return A, centre - slopes @ regression.mean


class Update:
    """The constrained update of one step in its one-dimensional form."""

    def __init__(self, K, k, Sigma, mu, S, q, beta0):
        ds = len(mu)
        Qaa, Qas = q.H[ds:, ds:], q.H[ds:, :ds]
        C = np.linalg.cholesky(Sigma)
        self.curvature, U = np.linalg.eigh(C.T @ Qaa @ C)
        self.frame = C @ U
        self.G, self.g = Qas + Qaa @ K, q.h[ds:] + Qaa @ k
        P = self.frame.T @ self.G
        self.power = (P @ mu + self.frame.T @ self.g) ** 2 + np.einsum("ij,jk,ik->i", P, S, P)
        self.beta0, self.K, self.k = beta0, K, k

    def temperature(self, eta):
        d = eta - self.curvature
        return max(eta, np.exp(np.mean(np.log(d)) - 2.0 * self.beta0 / len(d)))

    def kl(self, eta):
        d = eta - self.curvature
        ratio = self.temperature(eta) / d
        return 0.5 * np.sum(ratio - 1.0 - np.log(ratio) + self.power / d**2)

    def smallest_eta(self, bound):
        base = max(0.0, self.curvature.max())
        scale = max(np.abs(self.curvature).max(), np.sqrt(self.power.max()))
        low, high = base + 1e-10 * scale, base + scale
        if self.kl(low) <= bound:
            return low
        while self.kl(high) > bound:
            high = base + 2.0 * (high - base)
        for _ in range(100):
            middle = 0.5 * (low + high)
            low, high = (middle, high) if self.kl(middle) > bound else (low, middle)
        return high

    def apply(self, eta):
        F = self.frame / (eta - self.curvature) @ self.frame.T
        return self.K + F @ self.G, self.k + F @ self.g, self.temperature(eta) * F


def multipliers(updates, config):
    if config.trust_region == "per_step":
        return [u.smallest_eta(config.epsilon) for u in updates]
    least = [u.smallest_eta(config.step_cap * config.epsilon) for u in updates]
    budget = config.epsilon * len(updates)

    def total(eta):
        return sum(u.kl(max(eta, lowest)) for u, lowest in zip(updates, least))

    low, high = min(least), max(least)
    if total(low) <= budget:
        return least
    while total(high) > budget:
        high *= 2.0
    for _ in range(100):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if total(middle) > budget else (low, middle)
    return [max(high, lowest) for lowest in least]


def log_normal(x, mean, covariance):
    L = np.linalg.cholesky(covariance)
    white = solve_triangular(L, x - mean, lower=True)
    return -0.5 * np.sum(white**2, axis=0) - np.sum(np.log(np.diag(L))) - 0.5 * len(x) * np.log(2 * np.pi)


class Learner:
    """MOTO. `reward` offers step(t, s, a, s', outcome) and last(s) on columns; `form` is the regression's."""

    def __init__(self, config, gain, bias, covariance, scales, reward, form="smaller"):
        self.config, self.reward, self.scales, self.form = config, reward, scales, form
        self.gain, self.bias, self.covariance = gain, bias, covariance
        self.eta = None
        self.store = []

    def update(self, batch):
        """One iteration from a batch: (states (T+1, ds, M), actions (T, da, M), outcomes (T, do, M))."""
        self.intake(*batch)
        weighted = self.weigh()
        value, updates = None, []
        now = self.store[-1]
        bounds = 1.5 * min(e["low"] for e in self.store), 1.5 * max(e["high"] for e in self.store)
        bounds = min(bounds[0], 0.0), max(bounds[1], 0.0)
        for t in reversed(range(len(self.gain))):
            q = self.fit(t, weighted(t), value, bounds)
            K, k, Sigma = now["gain"][t], now["bias"][t], now["covariance"][t]
            value = self.backup(q, K, k, Sigma)
            updates.append(Update(K, k, Sigma, now["mean"][t], now["S"][t], q, self.config.beta0))
        updates.reverse()
        self.eta = np.array(multipliers(updates, self.config))
        laws = [u.apply(eta) for u, eta in zip(updates, self.eta)]
        self.gain, self.bias, self.covariance = (np.stack(part) for part in zip(*laws))

    def intake(self, states, actions, outcomes):
        c, horizon = self.config, len(actions)
        to_come = np.empty((horizon + 1, states.shape[2]))
        to_come[-1] = self.reward.last(states[-1])
        for t in reversed(range(horizon)):
            earned = self.reward.step(t, states[t], actions[t], states[t + 1], outcomes[t])
            to_come[t] = to_come[t + 1] + earned
        entry = dict(s=states, a=actions, o=outcomes, to_come=to_come)
        entry.update(gain=self.gain, bias=self.bias, covariance=self.covariance)
        entry.update(low=np.percentile(to_come, 10, axis=1).min(), high=np.percentile(to_come, 90, axis=1).max())
        self.store = (self.store + [entry])[-c.stored_iterations :]
        self.ages = np.repeat(np.arange(len(self.store))[::-1], [e["s"].shape[2] for e in self.store])
        self.decay = c.sample_decay**self.ages
        share = self.decay / self.decay.sum()
        everything = np.concatenate([e["s"] for e in self.store], axis=2)
        entry["mean"] = everything @ share
        centred = everything - entry["mean"][:, :, None]
        rule, amount = next(iter(c.state_diagonal.items()))
        diagonal = np.full(len(self.scales), amount) if rule == "absolute" else (amount * self.scales) ** 2
        entry["S"] = (centred[:-1] * share) @ centred[:-1].transpose(0, 2, 1) + np.diag(diagonal)

    def weigh(self):
        """A function of t: the transitions (s, a, s', outcome, return observed) of its fit and their weights."""
        kind, stack = self.config.reuse, lambda name: np.concatenate([e[name] for e in self.store], axis=2)
        s, a, o = stack("s"), stack("a"), stack("o")
        to_come = np.concatenate([e["to_come"] for e in self.store], axis=1)
        if kind == "same_step_decay":
            return lambda t: self.cut((s[t], a[t], s[t + 1], o[t], to_come[t + 1]), self.decay)

        def flat(x):
            return x.transpose(1, 0, 2).reshape(x.shape[1], len(x) * x.shape[2])

        transitions = flat(s[:-1]), flat(a), flat(s[1:]), flat(o), to_come[1:].ravel()
        logs = np.array([self.log_joint(e, t, *transitions[:2]) for e in self.store for t in range(len(a))])
        mixture, current = logsumexp(logs, axis=0), logs[-len(a) :]

        def of_step(t):
            log = current[t] - mixture
            return self.cut(transitions, np.exp(log - log.max()))

        return of_step

    @staticmethod
    def log_joint(e, t, s, a):
        residual = a - e["gain"][t] @ s
        states = log_normal(s, e["mean"][t][:, None], e["S"][t])
        return states + log_normal(residual, e["bias"][t][:, None], e["covariance"][t])

    def cut(self, transitions, weights):
        kept = weights > self.config.weight_cut * weights.max()
        return [x[..., kept] for x in transitions], weights[kept] / weights[kept].sum()

    def fit(self, t, weighted, value, bounds):
        c, (transitions, w) = self.config, weighted
        s, a, following, outcome, observed = transitions
        worth = self.reward.last(following) if value is None else value(following)
        if c.clip_values and value is not None:
            worth = np.clip(worth, *bounds)
        m = c.observed_return
        y = self.reward.step(t, s, a, following, outcome) + (1.0 - m) * worth + m * observed
        z = np.concatenate([s, a])
        thresholds = np.concatenate([c.drop_threshold * self.scales, np.zeros(len(a))])
        regression = Regression(z, w, thresholds, c.linear_penalty, self.form)
        if not (c.control_variate and value is not None):
            return regression.fit(y)
        plain, plain_error = regression.fit(y), regression.error
        A, b = linear_dynamics(regression, z, following)
        q = regression.fit(y - value(A @ z + b[:, None]))
        if not regression.error < plain_error:
            return plain
        model = value.after(A, b)
        return Quadratic(q.H + model.H, q.h + model.h, q.c + model.c)

    @staticmethod
    def backup(q, K, k, Sigma):
        """E_a Q(s, a) under the law K, k, Sigma."""
        ds = K.shape[1]
        Qss, Qas, Qaa = q.H[:ds, :ds], q.H[ds:, :ds], q.H[ds:, ds:]
        cross = Qas.T @ K
        gradient = Qaa @ k + q.h[ds:]
        constant = q.c + 0.5 * k @ Qaa @ k + k @ q.h[ds:] + 0.5 * np.sum(Qaa * Sigma)
        return Quadratic(Qss + K.T @ Qaa @ K + cross + cross.T, q.h[:ds] + K.T @ gradient + Qas.T @ k, constant)
