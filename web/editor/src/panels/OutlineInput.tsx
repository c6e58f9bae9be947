import type { Socket } from "../api/types";
import { verdict } from "../canvas/wiring";
import { faceOf } from "../graph/catalog";
import { drawn, formatLink, INPUTS, type Link } from "../graph/document";
import { edgesOf } from "../graph/edges";
import { connect, disconnect, setValue } from "../graph/edit";
import { edit, sealHistory } from "../state/document";
import { useModelNames } from "../state/models";
import { bodyOf, outerOf, state, useEditor } from "../state/store";
import { widgetFor } from "../widgets/registry";

interface OutlineInputProps {
  node: string;
  title: string;
  socket: Socket;
  written: unknown;
  links: readonly Link[];
}

/** An input: its value, or what feeds it, chosen from all that fits. */
export function OutlineInput({ node, title, socket, written, links }: OutlineInputProps) {
  const id = `outline-${node}-${socket.name}`;
  const names = useModelNames(node, socket.name);
  const Widget = links.length > 0 ? null : widgetFor(socket.widget);
  return (
    <div className="outline-input">
      <label htmlFor={Widget ? id : undefined} title={socket.description}>
        {socket.name}
      </label>
      {Widget && (
        <Widget
          id={id}
          label={`${title}: ${socket.name}`}
          place={{ node, input: socket.name }}
          widget={socket.widget!}
          value={written === undefined ? socket.default : written}
          names={names}
          onChange={(value) => edit((body) => setValue(body, node, socket.name, value), `value:${node}.${socket.name}`)}
          onDone={sealHistory}
        />
      )}
      {node !== INPUTS && <Feeders node={node} title={title} socket={socket} links={links} />}
    </div>
  );
}

function Feeders({ node, title, socket, links }: Omit<OutlineInputProps, "written">) {
  const body = useEditor(bodyOf);
  const fits = useFitting(node, socket.name);
  const fed = links.map(formatLink);
  return (
    <select
      className="fed"
      aria-label={`${title}: ${socket.name}, fed by`}
      value={fed.length > 1 ? "several" : (fed[0] ?? "")}
      onChange={(event) => {
        const [source = "", output = ""] = event.target.value.replace("[*]", "").split(".");
        const { catalog } = state();
        const old = edgesOf(body, catalog!, outerOf(state())).filter((edge) => edge.target === node && edge.input === socket.name);
        const found = source ? verdict({ source, output, target: node, input: socket.name }) : null;
        edit((now) => {
          const free = disconnect(now, old);
          return found?.ok ? connect(free, { source, output, target: node, input: socket.name }, found.how) : free;
        });
      }}
    >
      <option value="">{socket.widget?.type === "link" ? (socket.required ? "nothing yet (needed)" : "nothing") : "its own value"}</option>
      {fed.length > 1 && <option value="several">{fed.join(", ")}</option>}
      {fed.length === 1 && !fits.includes(fed[0]!) && <option value={fed[0]}>{fed[0]}</option>}
      {fits.map((one) => (
        <option key={one} value={one}>
          {one}
        </option>
      ))}
    </select>
  );
}

/** Every output that fits, as a link. */
function useFitting(node: string, input: string): string[] {
  const body = useEditor(bodyOf);
  const catalog = useEditor((now) => now.catalog)!;
  return drawn(body)
    .filter((source) => source !== node)
    .flatMap((source) => faceOf(source, body, catalog, outerOf(state())).outputs.map((output) => ({ source, output: output.name })))
    .filter((one) => verdict({ ...one, target: node, input }).ok)
    .map(({ source, output }) => `${source}.${output}`);
}
