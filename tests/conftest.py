"""What all tests need: Ctrl-C reaches the commands they start, wherever the tests themselves run."""

import signal

# A shell has what it runs in the background ignore SIGINT, and children inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
