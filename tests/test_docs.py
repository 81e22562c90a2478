"""The documents say what is there: commands, options, exit codes, settings, links, the README's two commands."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from heliograph import errors
from heliograph.cli.main import COMMANDS, EXIT_CODES, INTERRUPTED, UNEXPECTED, Entry
from heliograph.plant import model

ROOT = Path(__file__).parents[1]
READMES = [ROOT / "README.md", ROOT / "README.zh-CN.md"]
DOCUMENTS = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")})


def _commands_page() -> ModuleType:
    spec = importlib.util.spec_from_file_location("commands_page", ROOT / "docs" / "commands.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _shell_blocks(path: Path) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", path.read_text("utf-8"), flags=re.DOTALL)


def _modules(entries: dict[str, Entry]) -> set[str]:
    found: set[str] = set()
    for entry in entries.values():
        found |= _modules(entry.entries) if entry.entries is not None else {entry.module}
    return found


def test_every_command_and_option_is_on_the_commands_page():
    page = _commands_page()

    assert page.DOCUMENT.read_text("utf-8") == page.document(), "run `python docs/commands.py`"


def test_every_command_shows_an_example_and_speaks_json():
    sections = re.findall(r"^## (heliograph .+?)\n\n```text\n(.*?)```", _commands_page().document(), re.M | re.DOTALL)
    commands = {path: text for path, text in sections if "COMMAND [ARGS]" not in text}

    assert len(commands) > 10
    for path, text in commands.items():
        assert re.search(rf"^ +{path}\b", text, re.M), f"{path}: no example"
        assert "--json" in text, f"{path}: no --json"


def test_every_file_of_a_command_is_in_the_table_of_commands():
    folder = ROOT / "src" / "heliograph" / "cli"
    files = [
        path for path in folder.rglob("*.py") if re.search(r"^command\b|^def command\b", path.read_text("utf-8"), re.M)
    ]
    names = {"heliograph.cli." + ".".join(path.relative_to(folder).with_suffix("").parts) for path in files}

    assert names == _modules(COMMANDS)


def test_every_error_class_has_its_own_documented_exit_code():
    classes = [getattr(errors, name) for name in errors.__all__ if isinstance(getattr(errors, name), type)]
    codes = [error.exit_code for error in classes]

    assert len(codes) == len(set(codes))
    assert set(codes) | {0, INTERRUPTED, UNEXPECTED} == set(EXIT_CODES)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(path: Path):
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    targets = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)]

    missing = [link for link in targets if link and "://" not in link and not (path.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("path", READMES, ids=lambda path: path.name)
def test_the_readme_opens_with_the_command_that_ci_calls(path: Path):
    run, test = _shell_blocks(path)[:2]

    assert run.strip().endswith("heliograph run topcon")
    assert test.strip() == "bash .ci/test"
    assert "bash .ci/test" in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()


def test_both_readmes_show_the_same_commands_and_pictures():
    english, chinese = (path.read_text("utf-8") for path in READMES)

    def bare(path: Path) -> list[str]:
        return [re.sub(r"\s*#.*", "", block) for block in _shell_blocks(path)]

    assert bare(READMES[0]) == bare(READMES[1])
    assert len(re.findall(r"^## ", english, re.M)) == len(re.findall(r"^## ", chinese, re.M))
    assert re.findall(r"!\[.*?\]\((.*?)\)", english) and re.findall(r"!\[.*?\]\((.*?)\)", chinese)


def test_every_setting_of_a_plant_is_described():
    text = "\n".join(path.read_text("utf-8") for path in (ROOT / "docs" / "formats").glob("*.md"))
    structs = [getattr(model, name) for name in model.__all__]
    fields = {
        field.encode_name
        for struct in structs
        if isinstance(struct, type) and issubclass(struct, msgspec.Struct)
        for field in msgspec.structs.fields(struct)
    }

    assert sorted(field for field in fields if f"`{field}`" not in text) == []


def test_help_answers_at_once_and_imports_no_command():
    words = "import sys; from heliograph.cli.main import main; main(['--help']); print(sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stdout

    loaded = out.splitlines()[-1]
    for heavy in ("numpy", "numba", "pyarrow", "duckdb", "plotly", "rich", "heliograph.cli.run"):
        assert f"'{heavy}'" not in loaded
