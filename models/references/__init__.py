"""The embedded reference specialist: a sequence labeller for reference strings, and its training."""

import os

# ONNX Runtime otherwise keeps a device id under HOME and reports to its makers, from native code that no hook of
# Python sees. It looks when it is loaded, so this stands before every import of it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
