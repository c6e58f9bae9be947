/** What a person can do about a run that failed, and the report that helps somebody else to help. */

import type { RunError } from "../api/types";

const STEPS: readonly [pattern: RegExp, step: string][] = [
  [/OutOfMemory|MemoryError/, "Free the memory in the System panel, or make less at once: smaller pictures, a smaller count."],
  [/WorkerDied/, "A new worker begins with the next run. Run again; if it dies again, make less at once."],
  [/Poison/, "It ended its server several times and is not begun again by itself. Make less at once, and run it anew."],
  [/ModuleNotFound|ImportError/, "Install the package that is missing, and start the server again."],
  [/FileNotFound|NotADirectory/, "Upload the file on the node, or correct its name."],
];

const USUAL = "Change the inputs of this node and run again: what was computed before it is kept.";

export function nextStep(error: RunError): string {
  return STEPS.find(([pattern]) => pattern.test(error.type))?.[1] ?? (error.node ? USUAL : "Correct what it names, and run again.");
}

export interface About {
  run: string;
  title: string;
  version: string;
  nodeType: string;
}

/** Everything about a failure as text, for an issue or for a colleague. */
export function report(error: RunError, { run, title, version, nodeType }: About): string {
  const lines = [
    `Workflow: ${title}`,
    `Run: ${run}`,
    error.node && `Node: ${error.node}${nodeType && ` (${nodeType})`}`,
    error.where && `Place: ${error.where}`,
    `Error: ${error.type}: ${error.message}`,
    `graph-engine ${version}`,
    error.traceback && `\n${error.traceback.trim()}`,
  ];
  return `${lines.filter(Boolean).join("\n")}\n`;
}
