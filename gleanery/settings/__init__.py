"""Settings: what gleanery.toml, the environment and the command line say, read once and passed down as plain values."""

from gleanery.settings.loading import Settings, load_settings
from gleanery.settings.values import Value

__all__ = ["Settings", "Value", "load_settings"]
