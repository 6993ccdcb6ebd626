"""The addresses of an app, with something in each of their parts."""

import re

from flask import Flask

PART = re.compile(r"<(?:(?P<kind>\w+)(?:\((?P<choices>[^)]*)\))?:)?\w+>")


def list_paths(app: Flask, method: str = "GET") -> list[str]:
    """Return an address of every route that takes a method, static files aside."""
    rules = [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]
    return [PART.sub(_fill, rule.rule) for rule in rules if rule.endpoint != "static"]


def _fill(part: re.Match[str]) -> str:
    if part["choices"]:
        return part["choices"].split(",")[0]
    return "1" if part["kind"] == "int" else "0"
