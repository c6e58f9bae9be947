"""What is kept between runs, compiled, and taken away while it waits: real engine, real compiler, real hooks."""

from __future__ import annotations

import shutil
import sysconfig
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import diffusers
import pytest
import torch
import transformers
from graph_nodes.memory_options import keep_in_host
from graph_nodes.models import load_model
from graph_nodes.weights import module_of

from graph_engine import Engine, Folders, ModelPart, WarmStore
from graph_engine.workflow import read_workflow

from .bench import Bench
from .stable_rows import sampled

WORKFLOWS = Path(__file__).parents[2] / "workflows" / "checkpoints"
LIBRARIES = (diffusers.UNet2DConditionModel, diffusers.AutoencoderKL, transformers.CLIPTextModel)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each folder of weights was read by its library, which goes on as it is."""
    counted: Counter[str] = Counter()
    for kind in LIBRARIES:

        def read(folder: Path, *, inner: Any = kind.from_pretrained, **options: Any) -> Any:
            counted["/".join(folder.parts[-2:])] += 1
            return inner(folder, **options)

        monkeypatch.setattr(kind, "from_pretrained", read)
    return counted


def test_two_workflows_that_share_parts_read_each_part_once(bench: Bench, tmp_path: Path, reads: Counter[str]) -> None:
    """Text to image, image to image, inpainting: they share all three parts, and none of the results."""
    bench.path("sd15")
    folders = Folders(outputs=tmp_path / "outputs", cache=tmp_path / "cache", model_roots=(bench.folder,))
    engine = Engine(folders=folders, device="cpu", dtype="float32")
    small = {"steps": 2, "width": 64, "height": 64}
    for name in ("sd15_txt2img", "sd15_img2img", "sd15_repaint"):
        workflow = read_workflow(WORKFLOWS / f"{name}.yaml")
        known = {key: value for key, value in small.items() if key in workflow.inputs}
        result = engine.run(workflow, {**known, "model": "sd15", "prompt": f"a fox for {name}"})
        assert result.status == "ok", result.error
        assert reads == dict.fromkeys(["sd15/text_encoder", "sd15/unet", "sd15/vae"], 1)
    engine.warm.clear()
    assert engine.run(workflow, {**known, "model": "sd15", "prompt": "a wolf"}).status == "ok"
    assert set(reads.values()) == {2}, "what is no longer warm is read again"


@pytest.fixture
def compiler() -> Iterator[None]:
    """The C++ compiler that torch.compile needs on a CPU, which works in this process alone."""
    import torch._inductor.config as inductor

    if not any(shutil.which(name) for name in ("g++", "clang++")):
        pytest.skip("torch.compile wants a C++ compiler, g++ or clang++, and none is on the path")
    if not (Path(sysconfig.get_path("include")) / "Python.h").is_file():
        pytest.skip("torch.compile wants Python.h, the headers of this Python, and they are not installed")
    with inductor.patch(compile_threads=1):
        yield
    torch.compiler.reset()


@pytest.mark.slow
def test_a_compiled_denoiser_makes_the_same_picture(bench: Bench, compiler: None) -> None:
    plain = sampled(bench, bench.model("flux-schnell"), steps=2, scale=1)
    own = Bench(bench.folder)
    own.context = replace(bench.context, warm=WarmStore())
    model = load_model(own.context, "flux-schnell", compile=True)
    made = sampled(own, model, steps=2, scale=1)
    module = module_of(own.context, model.denoiser)
    assert isinstance(module, torch._dynamo.eval_frame.OptimizedModule)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] > 0, "nothing was compiled"
    torch.testing.assert_close(made.samples, plain.samples, rtol=0, atol=1e-3)


def test_offloaded_weights_are_away_but_while_their_layer_computes(bench: Bench) -> None:
    """With a CPU for the device: the weights come to it layer by layer, and go again."""
    plain = sampled(bench, bench.model("sd15"), steps=2)
    own = Bench(bench.folder)
    own.context = replace(bench.context, warm=WarmStore())
    model = load_model(own.context, "sd15")
    module = keep_in_host(module_of(own.context, model.denoiser), "cpu")
    assert {parameter.device.type for parameter in module.parameters()} == {"meta"}
    seen: list[str] = []
    inner = torch.nn.functional.conv2d

    class Watch(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if function in (inner, torch.conv2d):
                seen.append(args[1].device.type)
                away = sum(parameter.device.type == "meta" for parameter in module.parameters())
                assert away >= len(list(module.parameters())) - 2, "more than one layer is here at a time"
            return function(*args, **(kwargs or {}))

    with Watch():
        made = sampled(own, model, steps=2)
    assert set(seen) == {"cpu"}
    assert torch.equal(made.samples, plain.samples)
    assert {parameter.device.type for parameter in module.parameters()} == {"meta"}


def test_parts_that_load_at_the_same_time_are_whole_and_leave_torch_as_it_was(bench: Bench) -> None:
    """Libraries set the default dtype and replace functions for the whole process while they build a module."""
    context = replace(bench.context, warm=WarmStore())
    names = ["sd15", "sd21", "sd15-file/model.safetensors"]
    for name in names:
        bench.path(name.partition("/")[0])
    wanted = [
        (getattr(load_model(context, name, dtype=dtype), part), getattr(torch, dtype))
        for name in names
        for dtype in ("float32", "bfloat16")
        for part in ("denoiser", "vae", "text_encoder")
    ]
    together = threading.Barrier(len(wanted), timeout=60)

    def load(part: ModelPart) -> torch.nn.Module:
        together.wait()
        module: torch.nn.Module = module_of(context, part)
        return module

    with ThreadPoolExecutor(len(wanted)) as pool:
        modules = list(pool.map(load, [part for part, _ in wanted]))
    for module, (part, dtype) in zip(modules, wanted, strict=True):
        alone = module_of(replace(context, warm=WarmStore()), part).state_dict()
        assert {parameter.dtype for parameter in module.parameters()} == {dtype}
        assert all(torch.equal(tensor, alone[name]) for name, tensor in module.state_dict().items())
    fresh = torch.nn.Linear(2, 2)
    assert (fresh.weight.dtype, fresh.weight.device.type) == (torch.float32, "cpu")
    assert diffusers.utils.logging.is_progress_bar_enabled()
