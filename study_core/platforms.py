"""Where participants come from, and what that asks of a study's config."""

from collections.abc import Mapping
from typing import Any

PLATFORMS: Mapping[str, Mapping[str, Any]] = {
    "link": {"recruitment.id_parameter": None},
    "prolific": {
        "recruitment.id_parameter": "PROLIFIC_PID",
        "recruitment.completion_url": "https://app.prolific.com/submissions/complete?cc={code}",
    },
    "sona": {"recruitment.id_parameter": "survey_code"},
    "mturk": {"recruitment.id_parameter": "workerId"},
}
"""What a recruitment platform wants of the config; codes and addresses of its own come from its pages."""
