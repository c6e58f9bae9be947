"""A node-graph workflow engine for text-to-image generation: everything that a plugin or a script imports."""

from graph_engine.context import Context, Folders, WarmStore
from graph_engine.engine import Engine, Stream, arun, load, run
from graph_engine.errors import Cancelled, GraphEngineError, NodeFailure, Problem, WorkflowError
from graph_engine.hookspecs import Command, ModelSource, hookimpl
from graph_engine.kinds import (
    CLIP,
    VAE,
    Classifier,
    Denoiser,
    Guidance,
    Image,
    ImageEmbedding,
    ImageTokenizer,
    Latents,
    Mask,
    ModelPart,
    SavedImages,
    TextEmbedding,
    TextEncoder,
    TokenModel,
    Tokens,
    kind,
)
from graph_engine.node import Expansion, Lazy, Node, node
from graph_engine.result import Result
from graph_engine.sockets import FilePath, Multiline, Seed, SeedBox, Slider
from graph_engine.workflow import InputDecl, Link, NodeEntry, Workflow

__all__ = [
    "CLIP",
    "VAE",
    "Cancelled",
    "Classifier",
    "Command",
    "Context",
    "Denoiser",
    "Engine",
    "Expansion",
    "FilePath",
    "Folders",
    "GraphEngineError",
    "Guidance",
    "Image",
    "ImageEmbedding",
    "ImageTokenizer",
    "InputDecl",
    "Latents",
    "Lazy",
    "Link",
    "Mask",
    "ModelPart",
    "ModelSource",
    "Multiline",
    "Node",
    "NodeEntry",
    "NodeFailure",
    "Problem",
    "Result",
    "SavedImages",
    "Seed",
    "SeedBox",
    "Slider",
    "Stream",
    "TextEmbedding",
    "TextEncoder",
    "TokenModel",
    "Tokens",
    "WarmStore",
    "Workflow",
    "WorkflowError",
    "arun",
    "hookimpl",
    "kind",
    "load",
    "node",
    "run",
]
