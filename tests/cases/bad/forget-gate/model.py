"""Both biases get the one, and the gate starts at two; in one of them the slice is that of the input gate."""

from torch import nn


def build(hidden=32):
    cell = nn.LSTMCell(16, hidden)
    nn.init.zeros_(cell.bias_ih)
    nn.init.zeros_(cell.bias_hh)
    cell.bias_ih.data[hidden : 2 * hidden] = 1.0
    cell.bias_hh.data[:hidden] = 1.0
    return cell
