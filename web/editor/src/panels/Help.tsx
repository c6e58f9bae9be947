import { GESTURES } from "../commands/gestures";
import { COMMANDS } from "../commands/table";
import { keysOf } from "../state/settings";
import { closeDialog, Modal } from "./Modal";
import { Keys } from "./Keys";

const GROUPS = [...new Set(COMMANDS.map((one) => one.group))];

/** All keys and gestures, out of the table of commands. */
export function Help() {
  return (
    <Modal label="Keys and gestures" className="help">
      <header>
        <h2>Keys and gestures</h2>
        <button type="button" aria-label="Close" onClick={closeDialog}>
          ×
        </button>
      </header>
      <div className="columns">
        {GROUPS.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {COMMANDS.filter((one) => one.group === group && keysOf(one).length > 0).map((one) => (
                <div key={one.id}>
                  <dt>{one.title}</dt>
                  <dd>
                    <Keys keys={keysOf(one)} />
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <section>
          <h3>Pointer</h3>
          <dl>
            {GESTURES.map(([gesture, meaning]) => (
              <div key={gesture}>
                <dt>{gesture}</dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
    </Modal>
  );
}
