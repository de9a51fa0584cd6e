"""One of every kind of module that has parameters, by its own default."""

from torch import nn


def build():
    return nn.ModuleList(
        [
            nn.Linear(24, 12),
            nn.Bilinear(6, 7, 8),
            nn.Conv1d(4, 8, 3, groups=2),
            nn.Conv3d(2, 4, (1, 2, 3)),
            nn.ConvTranspose2d(8, 4, 3, groups=2),
            nn.Embedding(20, 8, padding_idx=3),
            nn.EmbeddingBag(20, 8),
            nn.BatchNorm2d(8),
            nn.InstanceNorm2d(8),
            nn.InstanceNorm1d(8, affine=True, track_running_stats=True),
            nn.LayerNorm(8),
            nn.GroupNorm(2, 8),
            nn.RMSNorm(8),
            nn.RNN(8, 8, bidirectional=True),
            nn.GRU(8, 16),
            nn.LSTM(8, 16, proj_size=4),
            nn.LSTMCell(8, 16),
            nn.MultiheadAttention(16, 4, add_bias_kv=True),
            nn.MultiheadAttention(16, 4, kdim=8, vdim=4),
            nn.PReLU(4, init=0.1),
        ]
    )
