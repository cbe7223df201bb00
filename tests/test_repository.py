"""What the repository promises about itself."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"])
def test_every_link_to_a_file_of_the_repository_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text("utf-8"))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_readme_lists_every_command() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    root = importlib.import_module("engine.cli.main")._commands()
    names = [c.name for c in root.registered_commands] + [g.name for g in root.registered_groups]
    assert names and all(f"main.py {name}" in readme for name in names)
    for group in root.registered_groups:
        lines = [line for line in readme.splitlines() if f"main.py {group.name} " in line]
        inside = [str(command.name) for command in group.typer_instance.registered_commands]
        words = set(re.findall(r"[\w-]+", " ".join(lines)))
        assert [name for name in inside if name not in words] == []


def test_what_is_pinned_satisfies_what_is_asked_for() -> None:
    from importlib import metadata

    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = (line.split("==") for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if "==" in line)
    pinned = {canonicalize_name(name): version for name, version in lines}
    for text in metadata.requires("earmark") or []:
        wanted = Requirement(text)
        if wanted.name == "pip":  # pinned, it would have to replace itself while it installs
            continue
        assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)]), text
