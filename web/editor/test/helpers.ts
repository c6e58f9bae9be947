import { makeCatalog } from "../src/graph/catalog";
import type { Body } from "../src/graph/document";

/** A small catalog in the server's words. */
export const catalog = makeCatalog(
  [
    info("core.load_model", [{ name: "model", type: "text", required: true, widget: { type: "text" } }], ["text_encoder:TextEncoder", "denoiser:Denoiser"]),
    info("core.encode_text", [{ name: "encoder", type: "TextEncoder", required: true, widget: { type: "link" } }, { name: "prompt", type: "text", required: true, widget: { type: "text", rows: 3 } }], ["text_embedding:TextEmbedding"]),
    info("core.blur", [{ name: "image", type: "Image", required: true, widget: { type: "link" } }, { name: "sigma", type: "float", default: 1, widget: { type: "slider", low: 0, high: 100 } }], ["image:Image"]),
    info("core.grid", [{ name: "images", type: "list[Image]", list: true, required: true, widget: { type: "list" } }], ["image:Image"]),
    info("core.unbatch", [{ name: "image", type: "Image", required: true, widget: { type: "link" } }], ["images:list[Image]"]),
    info("core.pick", [{ name: "items", type: "list[any]", variable: "T", list: true, required: true, widget: { type: "list" } }], ["value:any:T"]),
    info("core.list_of", [{ name: "items", type: "list[any]", variable: "T", list: true, required: true, widget: { type: "list" } }], ["values:list[any]:T"]),
    info("core.save_image", [{ name: "image", type: "Image", required: true, widget: { type: "link" } }], ["image:SavedImages"]),
  ],
  [{ name: "Image", color: "#6ab04c", description: "", preview: true }],
  {
    Image: ["Image", "any"],
    TextEncoder: ["TextEncoder", "any"],
    text: ["any", "text"],
    float: ["any", "float", "int"],
    "list[Image]": ["any", "list[Image]", "list[any]"],
    "list[any]": ["any", "list[Image]", "list[any]", "list[text]"],
  },
);

function info(id: string, inputs: import("../src/api/types").Socket[], outputs: string[]) {
  return {
    id,
    title: id.split(".")[1]!,
    category: "test",
    pack: "core",
    version: 1,
    summary: "",
    doc: "",
    inputs,
    outputs: outputs.map((text) => {
      const [name = "", type = "", variable = ""] = text.split(":");
      return { name, type, variable };
    }),
  };
}

/** model -> text; picture -> blur -> save, with a declared prompt. */
export const body: Body = {
  inputs: { prompt: { type: "text", default: "a star" } },
  nodes: {
    model: { node: "core.load_model", with: { model: "shapes/glide" } },
    text: { node: "core.encode_text", from: { encoder: "model.text_encoder", prompt: "inputs.prompt" } },
    first: { node: "core.blur", from: { image: "missing" } },
    second: { node: "core.blur", with: { sigma: 3 }, from: { image: "first" } },
    save: { node: "core.save_image", from: { image: "second.image" } },
  },
  outputs: { image: "save" },
};
