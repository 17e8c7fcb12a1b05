"""Run a notebook, which lies as text in git, from top to bottom, and make one web page of what came out.

The kernel is this very Python, and reads no settings of the user. The page makes no request, runs no script, and is the
same bytes every time.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import NATIVE_KERNEL_NAME, KernelSpecManager
from markupsafe import Markup
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from nbconvert.filters import strip_ansi

from analysis.notebook_header import Header, read_header
from analysis.problems import ProblemsFound
from analysis.provenance import ROOT
from analysis.report.html import stop_if_broken, stylesheet
from analysis.report.policy import policy
from analysis.web_templates import plain_style

TEMPLATES = ROOT / "reports"
TEMPLATE = "notebook"


def notebook_page(path: str | Path, fonts: Mapping[int, bytes]) -> str:
    """The page of the notebook at `path` (percent format, with a header as `analysis.notebook_header` has it).

    `fonts` comes from `analysis.report.fonts`. Raises ProblemsFound with the number and the traceback of the first cell
    that fails or writes to standard error.
    """
    source = Path(path)
    header, notebook = read_header(source), jupytext.read(source, fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"celle-{number:03d}"
    _execute(notebook, source)
    return _page(notebook, header, source.name, fonts)


def _execute(notebook: nbformat.NotebookNode, source: Path) -> None:
    """Run the cells in a new kernel, in the folder of the notebook as JupyterLab does."""
    with tempfile.TemporaryDirectory() as own:
        kernel = AsyncKernelManager(
            kernel_name=NATIVE_KERNEL_NAME,
            kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),
            # Files instead of ports: no other kernel, and nobody else on the machine, can take them.
            transport="ipc",
            connection_file=str(Path(own) / "kernel.json"),
        )
        client = NotebookClient(
            notebook,
            km=kernel,
            record_timing=False,
            # When a kernel sends what is printed, in one part or in two, is a matter of the clock.
            coalesce_streams=True,
            resources={"metadata": {"path": str(source.resolve().parent)}},
        )
        client.owns_km = True  # or nobody ends the kernel
        try:
            client.execute(env=_surroundings(own))
        except CellExecutionError as error:
            raise _stopped(source, notebook, strip_ansi(str(error))) from None
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise _stopped(source, notebook, output["text"], cell)


def _surroundings(own: str) -> dict[str, str]:
    """The environment of the kernel: this package first, and an empty folder `own` for all settings."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    folders = dict.fromkeys(("IPYTHONDIR", "JUPYTER_CONFIG_DIR"), own)
    return {**os.environ, **folders, "PYTHONPATH": path, "PYTHONHASHSEED": "0", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}


def _stopped(source: Path, notebook: nbformat.NotebookNode, said: str, cell: Any = None) -> ProblemsFound:
    """The error of `cell`, or of the cell whose output is one; numbered as JupyterLab numbers cells that have run."""
    own = cell or next(
        one for one in notebook.cells if any(out["output_type"] == "error" for out in one.get("outputs", []))
    )
    where = f"notebooks/{source.name}, celle [{own['execution_count']}]"
    return ProblemsFound(f"Notatboken er ikke laget. {where}, feilet eller skrev en advarsel:\n{said}", [])


def _page(notebook: nbformat.NotebookNode, header: Header, name: str, fonts: Mapping[int, bytes]) -> str:
    css = (TEMPLATES / TEMPLATE / "notebook.css").read_text(encoding="utf-8")
    style = stylesheet(plain_style() + css, dict(fonts))
    exporter = HTMLExporter(
        extra_template_basedirs=[str(TEMPLATES)],
        template_name=TEMPLATE,
        mathjax_url="",
        require_js_url="",
        jquery_url="",
        exclude_anchor_links=True,
    )
    page = {"header": header, "name": name, "style": Markup(style), "policy": policy(style)}
    html, _ = exporter.from_notebook_node(notebook, resources={"page": page})
    stop_if_broken(html)
    return html
