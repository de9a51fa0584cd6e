"""A tagger with a bidirectional LSTM whose forget gates start open."""

from torch import nn


class Tagger(nn.Module):
    def __init__(self, vocabulary=100, width=24, hidden=32, tags=5):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width, padding_idx=0)
        self.encoder = nn.LSTM(width, hidden, num_layers=2, bidirectional=True)
        self.projection = nn.Linear(2 * hidden, tags)
        self.init_weights()

    def init_weights(self):
        for name, parameter in self.encoder.named_parameters():
            if "weight_ih" in name:
                nn.init.xavier_uniform_(parameter)
            elif "weight_hh" in name:
                nn.init.orthogonal_(parameter)
            elif "bias_ih" in name:
                nn.init.zeros_(parameter)
            else:
                self.open_forget_gate(parameter)

    def open_forget_gate(self, bias):
        hidden = bias.shape[0] // 4
        bias.data.zero_()
        bias.data[hidden : 2 * hidden] = 1.0
