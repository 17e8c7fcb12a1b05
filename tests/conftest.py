"""The order of the suite, and which examples its properties are tried on."""

from hypothesis import settings

# The same examples in every run, so that what a run says depends on the change alone; `make soak` searches new ones.
settings.register_profile("same", derandomize=True)
settings.register_profile("new", derandomize=False, print_blob=True)
settings.load_profile("same")


def pytest_collection_modifyitems(items):
    """Whole runs of the pipeline first: they take longest, and the other core shall not wait for them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("whole") is None)
