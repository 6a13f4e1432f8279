"""How the specialist is made; needs the `train` extra and a data folder. `make train-references DATA=...`."""
