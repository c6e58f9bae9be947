/** What does the same as the form: a line for curl, and one for the shell. */

import type { InputDecl, Workflow } from "./document";

/** The values of a form that are not what the saved file says already. */
export function changedInputs(now: Workflow, saved: Workflow): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [name, decl] of Object.entries(now.inputs ?? {}))
    if (decl.default !== undefined && JSON.stringify(decl.default) !== JSON.stringify(saved.inputs?.[name]?.default)) found[name] = decl.default;
  return found;
}

/** Whether two documents are the same but for the values of their inputs and the places of their nodes. */
export function sameWorkflow(a: Workflow, b: Workflow): boolean {
  const bare = ({ ui: _, inputs, ...rest }: Workflow) => JSON.stringify([rest, Object.entries(inputs ?? {}).map(([name, { default: __, ...decl }]) => [name, decl])]);
  return bare(a) === bare(b);
}

/** A text as one word of a shell. */
export function quoted(text: string): string {
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

const SECONDS = 120;

export function curlLine(origin: string, name: string, values: Record<string, unknown>): string {
  const body = quoted(JSON.stringify({ inputs: values, wait: SECONDS }));
  return `curl -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d ${body} ${quoted(`${origin}/api/v1/workflows/${encodeURIComponent(name)}/run`)}`;
}

export function shellLine(name: string, values: Record<string, unknown>, decls: Record<string, InputDecl>): string {
  const flags = Object.entries(values).flatMap(([input, value]) => flagsOf(input, value, decls[input]?.type ?? ""));
  return ["graph-engine run", quoted(`${name}.yaml`), ...flags].join(" ");
}

function flagsOf(input: string, value: unknown, type: string): string[] {
  const flag = `--${input.replaceAll("_", "-")}`;
  if (type === "bool") return [value === true ? flag : flag.replace("--", "--no-")];
  return (Array.isArray(value) ? value : [value]).map((one: unknown) => {
    const text = typeof one === "string" ? one : JSON.stringify(one);
    return text.startsWith("-") || text === "" ? `${flag}=${quoted(text)}` : `${flag} ${quoted(text)}`;
  });
}
