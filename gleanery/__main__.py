"""`python -m gleanery`."""

from gleanery.cli.main import main

main()
