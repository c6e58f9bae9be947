"""The mathematics of the nodes, as plain functions on tensors: nothing here knows of nodes, graphs or files."""
