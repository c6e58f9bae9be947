"""A node-graph workflow engine for text-to-image generation: everything that a plugin or a script imports."""

from graph_engine.context import Context, Folders, WarmStore
from graph_engine.errors import Cancelled, GraphEngineError, NodeFailure, Problem, WorkflowError
from graph_engine.hookspecs import Command, ModelSource, hookimpl
from graph_engine.kinds import (
    CLIP,
    Denoiser,
    Guidance,
    Image,
    Latents,
    Mask,
    ModelPart,
    SavedImages,
    TextEmbedding,
    TextEncoder,
    kind,
)
from graph_engine.node import Expansion, Lazy, Node, node
from graph_engine.sockets import FilePath, Multiline, Seed, SeedBox, Slider

__all__ = [
    "CLIP",
    "Cancelled",
    "Command",
    "Context",
    "Denoiser",
    "Expansion",
    "FilePath",
    "Folders",
    "GraphEngineError",
    "Guidance",
    "Image",
    "Latents",
    "Lazy",
    "Mask",
    "ModelPart",
    "ModelSource",
    "Multiline",
    "Node",
    "NodeFailure",
    "Problem",
    "SavedImages",
    "Seed",
    "SeedBox",
    "Slider",
    "TextEmbedding",
    "TextEncoder",
    "WarmStore",
    "WorkflowError",
    "hookimpl",
    "kind",
    "node",
]
