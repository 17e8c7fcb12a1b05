"""The order of the suite, which examples its properties are tried on, and the finished run that its files share."""

import fcntl
import gc

import pytest
from hypothesis import settings
from workspace import Workspace

# Reports and tables that tests share live on in their hundreds; looking through all of them after every few hundred new
# objects takes a tenth of the suite's time.
gc.set_threshold(100_000, 20, 50)

# The same examples in every run, so that what a run says depends on the change alone; `make soak` searches new ones.
settings.register_profile("same", derandomize=True)
settings.register_profile("new", derandomize=False, print_blob=True)
settings.load_profile("same")


def pytest_collection_modifyitems(items):
    """Whole runs of the pipeline first: they take longest, and the other core shall not wait for them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("whole") is None)


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id):
    """A workspace in which the whole pipeline has run once, what the run said, and what it released.

    Workers share one: the first that needs it runs the pipeline, the others wait. No test may change it.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base if worker_id == "master" else base.parent
    folder, said = shared / "finished" / "project", shared / "finished" / "said.txt"
    with open(shared / "finished.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            run = Workspace(folder).make()
            assert run.returncode == 0, run.stdout + run.stderr
            said.write_text(run.stdout, encoding="utf-8")
    assert said.exists(), "the pipeline failed for the worker that ran it"
    workspace = Workspace.of(folder)
    return workspace, said.read_text(encoding="utf-8"), workspace.released()
