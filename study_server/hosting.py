"""What one server answers with: one study at the root, or several below their names."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from study_core.config import Config, ServerConfig
from study_server.app import create_app
from study_server.several import SeveralStudies, choose_address, find_studies


@dataclass(frozen=True, slots=True)
class Hosted:
    """What a server answers with, and how it listens."""

    answer: Callable[..., Any]
    """A WSGI app."""
    listening: ServerConfig
    registry: CollectorRegistry
    studies: Mapping[str, Flask]
    """By the path below which each is served; empty for the root."""

    def close(self) -> None:
        """Close every store."""
        for app in self.studies.values():
            app.extensions["study"].store.close()
            app.extensions["preview"].close()


def host_one(config: Config) -> Hosted:
    """Return one study at the root, opened."""
    app = create_app(config)
    return Hosted(app, config.server, app.extensions["metrics"].registry, {"": app})


def host_several(folders: Sequence[Path]) -> Hosted:
    """Return the studies in some folders, opened, each below its folder's name."""
    studies = find_studies(folders)
    listening = choose_address(studies)
    several = SeveralStudies(studies)
    registry = CollectorRegistry()
    registry.register(
        LabelledMetrics({name: app.extensions["metrics"].registry for name, app in several.apps.items()})
    )
    return Hosted(several, listening, registry, {f"/{name}": app for name, app in several.apps.items()})


class LabelledMetrics(Collector):
    """The metrics of several studies as one, each sample with its study's name."""

    def __init__(self, registries: Mapping[str, CollectorRegistry]) -> None:
        """Gather from those registries."""
        self._registries = registries

    def collect(self) -> Iterator[Metric]:
        """Yield every metric once, with the samples of all studies."""
        metrics: dict[str, Metric] = {}
        for name, registry in self._registries.items():
            for found in registry.collect():
                metric = metrics.setdefault(found.name, Metric(found.name, found.documentation, found.type))
                for sample in found.samples:
                    labels = {**sample.labels, "study": name}
                    metric.add_sample(sample.name, labels, sample.value, sample.timestamp, sample.exemplar)
        yield from metrics.values()
