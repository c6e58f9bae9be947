import { missingPacks } from "../graph/missing";
import { useEditor } from "../state/store";
import { closeDialog, Modal } from "./Modal";

/** What to install, so that this workflow can run here. */
export function Missing() {
  const document = useEditor((now) => now.history.present);
  const catalog = useEditor((now) => now.catalog)!;
  const packs = missingPacks(document, catalog);
  return (
    <Modal label="What to install" className="missing">
      <header>
        <h2>What to install</h2>
        <button type="button" aria-label="Close" onClick={closeDialog}>
          ×
        </button>
      </header>
      <p>Node types come from plugins, which are ordinary Python packages. Install them where the server runs, and start it again; this page notices by itself.</p>
      <ul>
        {packs.map(({ pack, nodes, types, installed }) => (
          <li key={pack}>
            <h3>
              {pack} <small>{nodes === 1 ? "1 node" : `${nodes} nodes`}</small>
            </h3>
            <p>
              {installed
                ? `The plugin ${pack} is installed, but its version has no such nodes: `
                : `Install the package that brings the plugin ${pack}; `}
              {!installed && (
                <>
                  ask who gave you the workflow for its name, or try <code>pip install graph-engine-{pack}</code>. It has:{" "}
                </>
              )}
            </p>
            <p className="about">{types.slice(0, 12).join(", ")}{types.length > 12 && ` and ${types.length - 12} more`}</p>
          </li>
        ))}
      </ul>
    </Modal>
  );
}
