"""What the keys of numbers.json mean that only a study with a Bayesian model has."""

POSTERIOR_KEYS = {
    "posterior": "what a Bayesian mixed model says: means of draws, and as standard errors their SDs",
    "systems": "an entry per system",
    "below_human": "posterior probability of being judged human less often than the human clips",
    "within_bound": "posterior probability that the difference lies within the declared bound",
    "below": "posterior probability that the first generator is judged human less often than the second",
    "priors": "in words, by parameter",
    "software": "libraries that sampled, with their versions",
    "convergence": "how the sampler did; null where it did not run",
    "n_chains": "chains",
    "n_warm_up": "draws of each chain that were thrown away",
    "n_draws": "draws of each chain that were kept",
    "n_divergent": "draws that diverged, of all chains",
    "r_hat": "largest rank-normalized split R-hat of coefficients, SDs, correlation and shares",
    "ess_bulk": "smallest effective number of draws for the middle",
    "ess_tail": "smallest effective number of draws for the 5 % and 95 % quantiles",
}
