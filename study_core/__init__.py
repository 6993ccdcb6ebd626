"""The shared vocabulary of the study: types, configuration, errors, manifests and seeds."""
