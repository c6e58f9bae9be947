"""Whether what a network made are numbers: told at the end of a node, in place of a black picture in the cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graph_engine import Context, Denoiser, ModelPart
from graph_nodes.errors import NotFinite
from graph_nodes.weights import torch_dtype, warm_tensors

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["check_finite"]

_WIDER = "choose float32 or bfloat16 as dtype at core.load_model, or with --dtype"


def check_finite(context: Context, part: ModelPart, values: Tensor, *asked: ModelPart) -> None:
    """Raise NotFinite, which names the part and the next step, unless every number that it made is finite.

    asked: other models that had a say in it. Their weights are looked through only when something is wrong, so that
    the check costs one pass over the result.
    """
    if bool(values.isfinite().all()):
        return
    wrong = int((~values.isfinite()).sum())
    raise NotFinite(
        f"the {part.part} of {part.model!r} made numbers that are not finite (NaN or infinite), {wrong} of "
        f"{values.numel()}: {_cause(context, (part, *asked))}"
    )


def _cause(context: Context, parts: tuple[ModelPart, ...]) -> str:
    """Why, as far as the weights and the dtypes tell, and what to do."""
    for part in parts:
        name = "its weights" if part is parts[0] else f"the weights of the {part.part} of {part.model!r}"
        for tensor, values in warm_tensors(context, part):
            if not bool(values.isfinite().all()):
                wrong = f"{int((~values.isfinite()).sum())} of {values.numel()} in {tensor}"
                if _is_half(context, part):
                    return f"{name} are broken, or too large for float16 ({wrong}); fetch them anew, or {_WIDER}"
                return f"{name} are broken ({wrong}); fetch or convert the model anew"
    half = next((part for part in parts if _is_half(context, part)), None)
    if half is not None:
        name = "it" if half is parts[0] else f"the {half.part} of {half.model!r}"
        return f"{name} computes in float16, which overflows; {_WIDER}"
    advice = "; try less guidance, another scheduler or more steps" if isinstance(parts[0], Denoiser) else ""
    return f"its weights seem whole, so that what it was given is beyond its range{advice}"


def _is_half(context: Context, part: ModelPart) -> bool:
    import torch

    return torch_dtype(context, part) == torch.float16
