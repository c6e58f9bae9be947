import { useState } from "react";
import { api } from "../api/client";
import type { OutputFile, Run, RunDetail } from "../api/types";
import { filesIn } from "../graph/look";
import { duration } from "../graph/numbers";
import { tellError } from "../state/notes";
import { showPictures } from "../state/viewer";

const PICTURE = /\.(png|jpe?g|webp)$/i;

/** What a run was given, what each node took, what came of it: read when it is opened. */
export function PastRun({ run }: { run: Run }) {
  const [detail, setDetail] = useState<RunDetail | null>(null);
  return (
    <details
      aria-label={`Details of run ${run.seq}`}
      onToggle={(event) => {
        if (event.currentTarget.open && !detail) api.readRun(run.id).then(setDetail, tellError);
      }}
    >
      <summary>Details</summary>
      {detail && <Detail detail={detail} />}
    </details>
  );
}

function Detail({ detail }: { detail: RunDetail }) {
  const files = Object.values(detail.outputs ?? {}).flatMap(filesIn);
  const pictures = files.filter((file) => PICTURE.test(file.name));
  const targets = detail.options?.targets ?? [];
  return (
    <>
      {pictures.length > 0 && <Pictures files={pictures} />}
      {targets.length > 0 && <p>Only to {targets.join(", ")}</p>}
      <Pairs label="Inputs" pairs={Object.entries(detail.inputs ?? {}).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)])} />
      <Pairs label="Nodes" pairs={Object.entries(detail.nodes ?? {}).map(([name, node]) => [name, node.state === "ran" ? duration(node.seconds) : WORDS[node.state] ?? node.state])} />
      {detail.error?.traceback && (
        <details className="trace">
          <summary>Traceback</summary>
          <pre>{detail.error.traceback}</pre>
        </details>
      )}
    </>
  );
}

const WORDS: Record<string, string> = { memory: "cached in memory", disk: "cached on disk" };

function Pictures({ files }: { files: OutputFile[] }) {
  return (
    <p className="thumbs">
      {files.slice(0, 8).map((file) => (
        <button key={file.id} type="button" className="picture" aria-label={`Look at ${file.name}`} onClick={() => showPictures(files, file.id)}>
          <img src={file.url} alt={file.name} loading="lazy" />
        </button>
      ))}
    </p>
  );
}

function Pairs({ label, pairs }: { label: string; pairs: [string, string][] }) {
  if (pairs.length === 0) return null;
  return (
    <dl className="pairs" aria-label={label}>
      {pairs.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
