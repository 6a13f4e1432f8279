"""What all tests need: Ctrl-C reaches the commands they start, and none of them touches the ledger of who runs them."""

import atexit
import os
import shutil
import signal
import tempfile

# A shell has what it runs in the background ignore SIGINT, and children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

_home = tempfile.mkdtemp(prefix="gleanery-tests-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
os.environ["GLEANERY_HOME"] = _home
