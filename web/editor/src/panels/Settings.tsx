import { useState } from "react";
import { keysFrom, parseKeys } from "../commands/keys";
import { COMMANDS, type Command } from "../commands/table";
import { search } from "../graph/fuzzy";
import { isOn, toggle, type Way } from "../state/announce";
import { change, keysOf, setKeys, type Settings as Chosen } from "../state/settings";
import { useEditor } from "../state/store";
import { Keys } from "./Keys";
import { closeDialog, Modal } from "./Modal";

/** What a person sets for this browser. */
export function Settings() {
  const settings = useEditor((now) => now.settings);
  return (
    <Modal label="Settings" className="settings">
      <header>
        <h2>Settings</h2>
        <button type="button" aria-label="Close" onClick={closeDialog}>
          ×
        </button>
      </header>
      <p>
        <label>
          Theme{" "}
          <select value={settings.theme} onChange={(event) => change({ theme: event.target.value as Chosen["theme"] })}>
            <option value="system">as the system says</option>
            <option value="dark">dark</option>
            <option value="light">light</option>
          </select>
        </label>
      </p>
      <Switch label="Map of the workflow in the corner" on={settings.minimap} onChange={(minimap) => change({ minimap })} />
      <Switch label="Nothing moves by itself (no animation)" on={settings.motion === "never"} onChange={(never) => change({ motion: never ? "never" : "system" })} />
      <WhenDone way="sound" />
      <WhenDone way="notification" />
      <KeyTable />
    </Modal>
  );
}

function Switch({ label, on, onChange }: { label: string; on: boolean; onChange: (on: boolean) => void }) {
  return (
    <p>
      <label className="check">
        <input type="checkbox" role="switch" className="toggle" checked={on} onChange={(event) => onChange(event.target.checked)} /> {label}
      </label>
    </p>
  );
}

function WhenDone({ way }: { way: Way }) {
  const [on, setOn] = useState(() => isOn(way));
  return <Switch label={`A ${way} when a run is done`} on={on} onChange={() => void toggle(way).then(() => setOn(isOn(way)))} />;
}

const REMAPPED = COMMANDS.filter((one) => !one.native && !one.within);

function KeyTable() {
  const [query, setQuery] = useState("");
  const changed = useEditor((now) => Object.keys(now.settings.keys).length);
  const found = search(query, REMAPPED, (one) => [one.title, one.group, keysOf(one).join(" ")]);
  return (
    <section aria-label="Keys">
      <header>
        <h3>Keys</h3>
        <input type="search" aria-label="Search commands" placeholder="Search" value={query} onChange={(event) => setQuery(event.target.value)} />
        <button type="button" disabled={changed === 0} onClick={() => change({ keys: {} })}>
          All as they were
        </button>
      </header>
      <table>
        <tbody>
          {found.map((one) => (
            <KeyRow key={one.id} command={one} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function KeyRow({ command }: { command: Command }) {
  const own = useEditor((now) => now.settings.keys[command.id]);
  const [asking, setAsking] = useState(false);
  const [taken, setTaken] = useState("");

  function take(event: React.KeyboardEvent) {
    if (event.key === "Tab") return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") return setAsking(false);
    const keys = keysFrom(event);
    if (!keys) return;
    const owner = REMAPPED.find((one) => one.id !== command.id && keysOf(one).some((key) => JSON.stringify(parseKeys(key)) === JSON.stringify(parseKeys(keys))));
    if (owner) return setTaken(`${keys} is the key of “${owner.title}”`);
    setKeys(command.id, [keys]);
    setAsking(false);
  }

  return (
    <tr>
      <th scope="row">{command.title}</th>
      <td>
        <Keys keys={own ?? command.keys} />
      </td>
      <td>
        {asking ? (
          <button type="button" autoFocus className="small" onKeyDown={take} onBlur={() => setAsking(false)}>
            {taken || "press the keys ..."}
          </button>
        ) : (
          <button type="button" className="small" aria-label={`Change the keys of ${command.title}`} onClick={() => (setTaken(""), setAsking(true))}>
            Change
          </button>
        )}
        {own && (
          <button type="button" className="small" aria-label={`The usual keys of ${command.title}`} onClick={() => setKeys(command.id, null)}>
            ↺
          </button>
        )}
      </td>
    </tr>
  );
}
