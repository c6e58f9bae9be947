import { draw, wireOf } from "../canvas/wiring";
import { faceOf, typeOf } from "../graph/catalog";
import { linksOf } from "../graph/document";
import { search } from "../graph/fuzzy";
import { fittingPorts, shortType } from "../graph/judge";
import { pointerPlace } from "../canvas/view";
import { bodyOf, outerOf, set, state, type LooseWire } from "../state/store";
import { closeDialog, Modal } from "./Modal";
import { SearchList } from "./SearchList";

interface Choice {
  key: string;
  text: string;
  about: string;
  pick: () => void;
}

/** Wiring by keys: the ports of a node, then the ports of other nodes that fit the one that was chosen. */
export function WirePorts({ node, from }: { node: string; from: LooseWire | null }) {
  const choices = from ? endsFor(from) : portsOf(node);
  const label = from ? `Wire ${from.node}.${from.port} to` : `Which port of ${node}?`;
  return (
    <Modal label={label} className="palette">
      <p className="about">{label}</p>
      <SearchList
        key={label}
        label={label}
        placeholder={from ? "Search ports that fit" : "Search ports"}
        find={(query) => search(query, choices, (one) => [one.text, one.about])}
        keyOf={(one) => one.key}
        nothing="No port fits."
        onPick={(one) => one.pick()}
        show={(one) => (
          <>
            <span className="what">{one.text}</span>
            <small>{one.about}</small>
          </>
        )}
      />
    </Modal>
  );
}

function portsOf(node: string): Choice[] {
  const [body, catalog, outer] = [bodyOf(state()), state().catalog!, outerOf(state())];
  const face = faceOf(node, body, catalog, outer);
  const choice = (side: LooseWire["side"], name: string, type: string): Choice => ({
    key: `${side} ${name}`,
    text: name,
    about: `${side === "source" ? "output" : "input"}, ${shortType(type)}${linksOf(body.nodes[node], name).length > 0 && side === "target" ? ", wired" : ""}`,
    pick: () => set({ dialog: { kind: "wire", node, from: { node, port: name, side } } }),
  });
  const outputs = face.outputs.map((socket) => choice("source", socket.name, typeOf(node, socket.name, body, catalog, outer)));
  return [...outputs, ...face.inputs.map((socket) => choice("target", socket.name, socket.type))];
}

function endsFor(from: LooseWire): Choice[] {
  const [body, catalog, outer] = [bodyOf(state()), state().catalog!, outerOf(state())];
  const ends = [...fittingPorts(from, body, catalog, outer)].map((key): Choice => {
    const [node = "", port = ""] = key.split(".");
    const face = faceOf(node, body, catalog, outer);
    const type = from.side === "target" ? typeOf(node, port, body, catalog, outer) : face.inputs.find((socket) => socket.name === port)!.type;
    return {
      key,
      text: `${face.title}: ${port}`,
      about: `${node}, ${shortType(type)}`,
      pick: () => {
        closeDialog();
        draw(wireOf(from, node, port));
      },
    };
  });
  const another = { key: "new", text: "A new node that fits ...", about: "", pick: () => set({ dialog: { kind: "palette", at: pointerPlace(), wire: from } }) };
  return [...ends, another];
}
