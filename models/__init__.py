"""ON what records are performed: chat models behind one door, and the embedded reference specialist."""
