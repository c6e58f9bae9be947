import { useEffect, useState } from "react";
import { api } from "../api/client";
import type { Memory, ModelInfo, PluginInfo } from "../api/types";
import { size } from "../graph/numbers";
import { tell, tellError } from "../state/notes";
import { loadModels } from "../state/models";
import { useEditor } from "../state/store";

/** The server: what it holds in memory, which plugins and models are installed and what is wrong with them. */
export function System() {
  const queue = useEditor((now) => now.queue);
  const version = useEditor((now) => now.version);
  const [memory, setMemory] = useState<Memory | null>(null);
  const [plugins, setPlugins] = useState<readonly PluginInfo[]>([]);
  const models = useEditor((now) => now.models);
  const [freed, setFreed] = useState(0);
  useEffect(() => {
    api.memory().then(setMemory, tellError);
    loadModels(); // a run may have warmed one
  }, [queue, freed]);
  useEffect(() => void api.plugins().then(setPlugins, tellError), []);

  async function free() {
    try {
      setMemory(await api.freeMemory());
      setFreed((old) => old + 1);
      tell("Warm models and values in memory were let go; what is on disk stays");
    } catch (error) {
      tellError(error);
    }
  }

  return (
    <div className="result">
      <section>
        <h3>Memory</h3>
        {memory && <InMemory memory={memory} />}
        <button type="button" disabled={!memory?.worker} onClick={() => void free()}>
          Free the memory
        </button>
      </section>
      <section>
        <h3>Plugins</h3>
        <ul className="runs" aria-label="Plugins">
          {plugins.map((plugin) => (
            <Plugin key={plugin.name} plugin={plugin} />
          ))}
        </ul>
      </section>
      <section>
        <h3>Models</h3>
        {models.length === 0 && <p className="nothing">There are no models. docs/models.md says where they are looked for.</p>}
        <ul className="runs" aria-label="Models">
          {models.map((model) => (
            <Model key={model.name} model={model} />
          ))}
        </ul>
      </section>
      <p className="about">graph-engine {version}</p>
    </div>
  );
}

function InMemory({ memory: { server_bytes, worker } }: { memory: Memory }) {
  const rows: [string, string][] = [["Server process", size(server_bytes)]];
  if (worker) {
    rows.push(["Worker process", size(worker.resident_bytes)], ["Computes on", `${worker.device}, ${worker.dtype}`]);
    rows.push(["Warm models", worker.warm.length > 0 ? `${size(worker.warm_bytes)}: ${worker.warm.join(", ")}` : "none"], ["Values in memory", size(worker.cached_bytes)]);
  }
  return (
    <dl className="pairs" aria-label="Memory">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      {!worker && <p className="nothing">No worker yet; it begins with the first run.</p>}
    </dl>
  );
}

const SIGNS = { ok: ["✓", "works"], problems: ["⚠", "some of it was refused"], broken: ["✕", "broken: its nodes are missing"] } as const;

function Plugin({ plugin }: { plugin: PluginInfo }) {
  const [sign, word] = SIGNS[plugin.state];
  return (
    <li>
      <p className="run-line">
        <span className={`run-state ${plugin.state === "ok" ? "ok" : "failed"}`} aria-hidden="true">
          {sign}
        </span>
        <span className="what">
          {plugin.name} <small>{plugin.version}</small>
        </span>
      </p>
      <small>
        {word} · {plugin.nodes} nodes · {plugin.models} models · {plugin.distribution}
      </small>
      {plugin.problems.map((problem, index) => (
        <p key={index} className="error">
          {problem}
        </p>
      ))}
      {plugin.tracebacks.map((text, index) => (
        <details key={index}>
          <summary>Traceback</summary>
          <pre>{text}</pre>
        </details>
      ))}
    </li>
  );
}

function Model({ model }: { model: ModelInfo }) {
  const problem = model.problem || (model.bytes > 0 ? "" : "its files are not here");
  return (
    <li>
      <p className="run-line">
        <span className={`run-state ${problem ? "failed" : "ok"}`} aria-hidden="true">
          {problem ? "✕" : "✓"}
        </span>
        <span className="what">{model.name}</span>
      </p>
      <small>
        {problem || size(model.bytes)}
        {model.warm && " · warm"}
        {model.description && ` · ${model.description}`}
      </small>
    </li>
  );
}
