"""From judgments to a report: fooling rates with inference over listeners and clips."""
