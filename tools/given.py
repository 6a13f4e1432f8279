"""What a tool is given by its toolbox, and no model can say."""

from __future__ import annotations


class Given:
    """The ground of such things: a parameter whose type is one of them is not an argument that a model is told of."""

    __slots__ = ()
