"""The specialist's network: embedded features, a two-layer bidirectional LSTM, one label for each token.

BiLSTM taggers with a conditional random field on top: Huang, Xu and Yu 2015 (arXiv:1508.01991).
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
        self.transitions = nn.Parameter(torch.zeros(1 + len(LABELS), 1 + len(LABELS)))

    def forward(self, rows: Tensor) -> Tensor:
        """Label scores before softmax."""
        batch, tokens, width = rows.shape
        weights = None
        if self.training and self.word_dropout:
            # A word now and then unknown: the network must not lean on the words of one corpus.
            kept = (torch.rand(batch, tokens, 1) >= self.word_dropout).float()
            weights = torch.cat(
                [kept.expand(-1, -1, WORD_COLUMNS), torch.ones(batch, tokens, width - WORD_COLUMNS)], -1
            )
            weights = weights.reshape(-1, width)
        summed = nn.functional.embedding_bag(
            rows.reshape(-1, width), self.embedding.weight, mode="sum", per_sample_weights=weights
        )
        hidden = self.dropout(self.norm(summed.reshape(batch, tokens, -1)))
        hidden, _ = self.lstm(hidden)
        return cast(Tensor, self.output(self.dropout(hidden)))


def loss(scores: Tensor, labels: Tensor, transitions: Tensor) -> Tensor:
    """What training makes small, per token: of each token alone, and of the sequence as a whole.

    Cross entropy makes of the scores probabilities that a confidence can rest on; the negative log likelihood of the
    linear chain teaches which label follows which. `scores` (batch, tokens, labels), `labels` (batch, tokens).
    """
    alone = nn.functional.cross_entropy(scores.flatten(0, 1), labels.flatten())
    right = scores.gather(2, labels[:, :, None]).sum() + transitions[labels[:, :-1], labels[:, 1:]].sum()
    reached, step = scores[:, 0], transitions.exp()
    for at in range(1, scores.shape[1]):
        highest = reached.max(dim=1, keepdim=True).values.detach()
        reached = ((reached - highest).exp() @ step).log() + highest + scores[:, at]
    chain = (torch.logsumexp(reached, dim=1).sum() - right) / labels.numel()
    return alone + chain
