import { useMemo } from "react";
import { showNode } from "../canvas/view";
import { placesOf, type Place } from "../graph/find";
import { search } from "../graph/fuzzy";
import { enter, select } from "../state/document";
import { state, useEditor } from "../state/store";
import { closeDialog, Modal } from "./Modal";
import { SearchList } from "./SearchList";

const DRAWN_MS = 150;

/** Search in the graph: by title, name, type or value; what is picked is selected and shown. */
export function Find() {
  const catalog = useEditor((now) => now.catalog)!;
  const root = useEditor((now) => now.history.present);
  const places = useMemo(() => placesOf(root, catalog), [root, catalog]);
  return (
    <Modal label="Find in the graph" className="palette">
      <SearchList
        label="Find in the graph"
        placeholder="A title, a name, a type or a value"
        find={(query) => search(query, places, (one) => [one.title, one.id, one.about])}
        keyOf={(one) => [...one.path, one.id].join("/")}
        nothing="Nothing in this workflow is called this or holds this."
        onPick={(one) => {
          closeDialog();
          reveal(one);
        }}
        show={(one) => (
          <>
            <span className="what">{one.title}</span>
            <small>{one.path.join(" › ")}</small>
            <small className="why">{one.about}</small>
          </>
        )}
      />
    </Modal>
  );
}

function reveal({ path, id }: Place): void {
  const there = state().path.join("/") === path.join("/");
  if (!there) enter(path);
  select([id]);
  setTimeout(() => showNode(id), there ? 0 : DRAWN_MS);
}
