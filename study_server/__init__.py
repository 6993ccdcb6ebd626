"""From stimuli to judgments: the study server, its bots and its export."""
