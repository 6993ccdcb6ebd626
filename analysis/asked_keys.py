"""What those keys of numbers.json mean that only studies of pairs or ratings have, or mean otherwise."""

ASKED_KEYS = {
    "pairs": "an entry per generator: how often the human clip was found beside its clips",
    "correct": "share of pairs in which the human clip was found",
    "first_bias": "share of pairs in which the first clip was chosen, whatever it held",
    "d_prime": "sensitivity free of a lean to one side; of models, the average listener's",
    "models": "a mixed model of pairs per generator",
    "lean": "of the average listener towards the first clip, in SDs of the decision's noise",
    "clips_sd": "SD of a clip's evidence of being human, in units of d'",
    "claims": "equivalence to .5 of the share found, or of the chance to be rated above a human clip",
    "difference": "of contrasts, first minus second; of ratings, mean less that of the human clips",
    "drift": "change of the mean rating per ten trials, whatever the system",
    "n_right": "reasons in words beside a right answer; null where listeners gave one reason for all",
    "n_wrong": "those beside a wrong one; likewise",
    "n_high": "reasons in words beside a rating above the listener's own mean; null as above",
    "n_low": "those beside a lower one; likewise",
    "rating": "level of a rating; in the groups of moderators, the mean rating",
    "gap": "how far human clips were rated above generated ones",
    "slope": "change of the outcome per SD of the fact",
    "trend": "change per ten trials of the share correct, or of the lead of human clips",
    "effect": "of a feature, change of the outcome per SD; of ratings, on the link's scale",
    "n_clips": "clips with a judgment; of pairs, generated ones",
}
