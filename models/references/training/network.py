"""The specialist's network: embedded features, a two-layer bidirectional LSTM, one label for each token.

BiLSTM taggers for sequence labelling: Huang, Xu and Yu 2015 (arXiv:1508.01991).
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from gleanery.models.references.features import ROWS, WORD_COLUMNS
from gleanery.models.references.labels import LABELS

EMBEDDING, HIDDEN = 256, 160


class Network(nn.Module):
    """Feature rows (batch, tokens, WIDTH) in, label scores (batch, tokens, 1 + len(LABELS)) out."""

    def __init__(self, *, dropout: float = 0.3, word_dropout: float = 0.1) -> None:
        super().__init__()
        self.word_dropout = word_dropout
        self.embedding = nn.Embedding(ROWS, EMBEDDING)
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.norm = nn.LayerNorm(EMBEDDING)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(EMBEDDING, HIDDEN, 2, bidirectional=True, batch_first=True, dropout=dropout)
        self.output = nn.Linear(2 * HIDDEN, 1 + len(LABELS))

    def forward(self, rows: Tensor) -> Tensor:
        """Label scores before softmax."""
        batch, tokens, width = rows.shape
        weights = None
        if self.training and self.word_dropout:
            # A word now and then unknown: the network must not lean on the words of one corpus.
            kept = (torch.rand(batch, tokens, 1) >= self.word_dropout).float()
            weights = torch.cat([kept.expand(-1, -1, WORD_COLUMNS), torch.ones(batch, tokens, width - WORD_COLUMNS)], -1)
            weights = weights.reshape(-1, width)
        summed = nn.functional.embedding_bag(
            rows.reshape(-1, width), self.embedding.weight, mode="sum", per_sample_weights=weights
        )
        hidden = self.dropout(self.norm(summed.reshape(batch, tokens, -1)))
        hidden, _ = self.lstm(hidden)
        return cast(Tensor, self.output(self.dropout(hidden)))
