/** Files that are dropped or pasted: workflows are opened; a picture gives its workflow back, or becomes a node. */

import { api } from "../api/client";
import type { Position } from "../graph/document";
import { setValue } from "../graph/edit";
import { isPicture } from "../graph/pictures";
import { workflowInPng } from "../graph/png";
import { edit } from "../state/document";
import { openFile, openUnsaved } from "../state/files";
import { tell, tellError } from "../state/notes";
import { addNode } from "./wiring";

/** asNode: a picture is to be a node, whatever is inside it. */
export async function dropFile(file: File, at: Position, asNode = false): Promise<void> {
  try {
    if (!isPicture(file.name)) return await openFile(file);
    const inside = asNode ? null : await workflowInPng(new Uint8Array(await file.arrayBuffer()));
    if (inside) {
      await openUnsaved(inside);
      return tell(`The workflow inside ${file.name}`);
    }
    const asset = await api.upload(file);
    const name = addNode("core.load_image", at, null);
    edit((body) => setValue(body, name, "file", asset.id));
  } catch (error) {
    tellError(error);
  }
}
