"""The order of the suite."""


def pytest_collection_modifyitems(items):
    """Whole runs of the pipeline first: they take longest, and the other core shall not wait for them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("whole") is None)
