/** The models to choose from. */

import { api } from "../api/client";
import { namesModel } from "../graph/models";
import { bodyOf, set, useEditor } from "./store";

/** Ask which there are; again whenever one came or went. */
export function loadModels(): void {
  api.models().then((models) => set({ models }), () => undefined);
}

/** The names of all models for an input that wants one, undefined for any other. */
export function useModelNames(node: string, input: string): string[] | undefined {
  const models = useEditor((now) => (namesModel(bodyOf(now), node, input) ? now.models : undefined));
  return models?.map((model) => model.name);
}
