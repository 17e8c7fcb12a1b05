"""The report: a model that holds every word and number, and renderers that only lay it out."""
