import { useMemo, type ReactNode } from "react";
import { command } from "../commands/table";
import { missingPacks } from "../graph/missing";
import { saveOver, takeTheirs } from "../state/files";
import { set, useEditor } from "../state/store";

/** What a person has to know about the workflow as a whole, above the canvas, as long as it is so. */
export function Banners() {
  return (
    <div className="banners" aria-live="polite">
      <Offline />
      <Elsewhere />
      <OtherTab />
      <Missing />
      <Welcome />
    </div>
  );
}

function Banner({ tone, children }: { tone: "info" | "warn" | "bad"; children: ReactNode }) {
  return <p className={`banner ${tone}`}>{children}</p>;
}

function Offline() {
  const online = useEditor((now) => now.online);
  if (online) return null;
  return (
    <Banner tone="bad">
      The server does not answer. Your changes are kept in this browser, and everything goes on by itself as soon as it is back.
      <button type="button" onClick={() => dispatchEvent(new Event("online"))}>
        Try now
      </button>
    </Banner>
  );
}

function Elsewhere() {
  const elsewhere = useEditor((now) => now.elsewhere);
  const name = useEditor((now) => now.name);
  if (!elsewhere) return null;
  if (elsewhere === "gone") return <Banner tone="warn">The file of {name} was deleted or renamed elsewhere. Saving makes it anew.</Banner>;
  return (
    <Banner tone="warn">
      {name} was saved elsewhere, and you have changes of your own.
      <button type="button" onClick={() => void takeTheirs()}>
        Show theirs (undo brings yours back)
      </button>
      <button type="button" onClick={() => void saveOver(name)}>
        Save mine over it
      </button>
      <button type="button" onClick={() => set({ dialog: { kind: "save" } })}>
        Save mine under another name
      </button>
    </Banner>
  );
}

function OtherTab() {
  const name = useEditor((now) => now.name);
  const others = useEditor((now) => (now.name ? Object.values(now.tabs).filter((tab) => tab.name === now.name).length : 0));
  const dirty = useEditor((now) => Object.values(now.tabs).some((tab) => tab.name === now.name && tab.dirty));
  if (others === 0) return null;
  return (
    <Banner tone="info">
      {name} is also open in {others === 1 ? "another tab" : `${others} other tabs`}
      {dirty && ", with changes that are not saved"}. Each tab keeps a draft of its own.
    </Banner>
  );
}

/** For who is here for the first time; it goes when they close it or open something else. */
function Welcome() {
  const welcome = useEditor((now) => now.welcome && now.name === "");
  if (!welcome) return null;
  return (
    <Banner tone="info">
      This workflow turns words into a picture. Change the prompt if you like, and press Run (Ctrl+Enter).
      <button type="button" onClick={() => void command("file.open").run()}>
        Other templates
      </button>
      <button type="button" onClick={() => void command("help.keys").run()}>
        Keys and gestures
      </button>
      <span className="space" />
      <button type="button" className="small" aria-label="Close the welcome" onClick={() => set({ welcome: false })}>
        ×
      </button>
    </Banner>
  );
}

function Missing() {
  const { nodes, subgraphs } = useEditor((now) => now.history.present);
  const catalog = useEditor((now) => now.catalog);
  const packs = useMemo(() => (catalog ? missingPacks({ nodes, subgraphs }, catalog) : []), [nodes, subgraphs, catalog]);
  if (packs.length === 0) return null;
  return (
    <Banner tone="warn">
      Nodes are missing here. Their values and wires are kept; to run them, install the plugins that bring: {packs.map((one) => `${one.pack} (${one.nodes === 1 ? "1 node" : `${one.nodes} nodes`})`).join(", ")}.
      <button type="button" onClick={() => set({ dialog: { kind: "missing" } })}>
        What to install
      </button>
    </Banner>
  );
}
