import type { OutputFile } from "../api/types";
import { search } from "../graph/fuzzy";
import type { NamedPlace } from "../graph/pictures";
import { canBeSeen, fileUrl, places } from "../state/pictures";
import { state } from "../state/store";
import { send } from "../state/viewer";
import { Modal } from "./Modal";
import { SearchList } from "./SearchList";

/** The inputs on the canvas that take pictures: the one that is chosen is given this picture. */
export function SendTo({ file }: { file: OutputFile }) {
  const all: (NamedPlace | null)[] = [...places(), null];
  const titleOf = (place: NamedPlace | null) => place?.label ?? "A new node";
  return (
    <Modal label={`Send ${file.name} to an input`} className="palette">
      <p className="about">Send {file.name} to</p>
      <SearchList
        label="Inputs that take pictures"
        placeholder="Search inputs"
        find={(query) => search(query, all, (place) => [titleOf(place), place?.node ?? ""])}
        keyOf={(place) => (place ? `${place.node}.${place.input}` : "")}
        nothing="No input is called this."
        onPick={(place) => void send(file, place)}
        show={(place) => (
          <>
            <Now value={place?.value} />
            <span className="what">
              {titleOf(place)} {place && <small>{place.mask ? `${place.node}, a mask` : place.node}</small>}
            </span>
          </>
        )}
      />
    </Modal>
  );
}

/** What an input is given now. */
function Now({ value }: { value: unknown }) {
  const seen = typeof value === "string" && canBeSeen(value, state().pictures);
  return seen ? <img className="tiny" src={fileUrl(value, 64)} alt="" /> : <span className="tiny" aria-hidden="true" />;
}
