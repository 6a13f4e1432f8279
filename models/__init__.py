"""ON what records are performed: so far the embedded reference specialist."""
