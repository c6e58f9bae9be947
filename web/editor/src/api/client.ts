/** The HTTP API as functions. The cookie that the link set is the token; nothing is asked of any other origin. */

import type { Workflow } from "../graph/document";
import type {
  Asset,
  Fits,
  KindInfo,
  Memory,
  ModelInfo,
  NodeInfo,
  Output,
  Place,
  Plan,
  PluginInfo,
  QueueState,
  Run,
  Revision,
  RunDetail,
  SavedWorkflow,
  ServerInfo,
  Template,
} from "./types";

const ROOT = "/api/v1";

/** An answer from 400 on: its status, one sentence, and each mistake with its place. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    message: string,
    readonly problems: Place[] = [],
  ) {
    super(message);
  }
}

async function refusal(answer: Response): Promise<ApiError> {
  try {
    const { error } = (await answer.json()) as { error: { type: string; message: string; problems?: Place[] } };
    return new ApiError(answer.status, error.type, error.message, error.problems);
  } catch {
    return new ApiError(answer.status, "Http", `the server answered ${answer.status} ${answer.statusText}`);
  }
}

async function ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const form = body instanceof FormData;
  const sent = body === undefined || form || typeof body === "string" ? body : JSON.stringify(body);
  if (body !== undefined && !form) headers = { "Content-Type": "application/json", ...headers };
  let answer: Response;
  try {
    answer = await fetch(ROOT + path, { method, headers, body: sent as BodyInit | undefined });
  } catch {
    throw new ApiError(0, "Offline", "the server cannot be reached; your changes are kept here");
  }
  if (!answer.ok) throw await refusal(answer);
  return answer;
}

async function get<T>(path: string): Promise<T> {
  return (await (await ask("GET", path)).json()) as T;
}

async function send<T>(method: string, path: string, body: unknown, headers?: Record<string, string>): Promise<T> {
  return (await (await ask(method, path, body, headers)).json()) as T;
}

const at = encodeURIComponent;

export interface Opened extends SavedWorkflow {
  text: string;
  document: Workflow | null;
}

export interface RunCall {
  workflow?: string;
  document?: Workflow;
  options?: { targets?: string[]; use_cache?: boolean; previews?: { size: number; per_second: number } };
  priority?: number;
}

/** Another place for a waiting run. */
export interface Move {
  priority?: number;
  before?: string;
  place?: "first" | "last";
}

export const api = {
  server: () => get<ServerInfo>("/server"),
  nodes: async (): Promise<NodeInfo[]> => {
    const found: NodeInfo[] = [];
    for (let after = ""; ; ) {
      const page = await get<{ nodes: NodeInfo[]; next: string }>(`/nodes?limit=1000&after=${at(after)}`);
      found.push(...page.nodes);
      if (!page.next) return found;
      after = page.next;
    }
  },
  kinds: () => get<{ kinds: KindInfo[]; fits: Fits }>("/kinds"),
  models: async () => (await get<{ models: ModelInfo[] }>("/models")).models,
  plugins: async () => (await get<{ plugins: PluginInfo[] }>("/plugins")).plugins,
  memory: () => get<Memory>("/memory"),
  freeMemory: () => send<Memory>("POST", "/memory/free", undefined),
  workflows: async () => (await get<{ workflows: SavedWorkflow[] }>("/workflows")).workflows,
  open: (name: string) => get<Opened>(`/workflows/${at(name)}`),
  /** etag: of what is replaced; null for a new one, so that nobody's file is overwritten. */
  save: (name: string, document: Workflow, etag: string | null) =>
    send<SavedWorkflow>("PUT", `/workflows/${at(name)}`, { document }, condition(etag)),
  rename: (name: string, to: string) => send<SavedWorkflow>("POST", `/workflows/${at(name)}/rename`, { name: to }),
  remove: async (name: string) => void (await ask("DELETE", `/workflows/${at(name)}`)),
  revisions: async (name: string) => (await get<{ revisions: Revision[] }>(`/workflows/${at(name)}/revisions`)).revisions,
  revision: async (name: string, id: string) => (await get<{ text: string }>(`/workflows/${at(name)}/revisions/${at(id)}`)).text,
  restore: (name: string, id: string) => send<SavedWorkflow>("POST", `/workflows/${at(name)}/revisions/${at(id)}/restore`, undefined),
  /** YAML as JSON, or JSON as YAML. */
  convert: (what: { text: string } | { document: Workflow }) => send<{ text: string; document: Workflow }>("POST", "/convert", what),
  templates: async () => (await get<{ templates: Template[] }>("/templates")).templates,
  template: async (name: string) => (await get<{ document: Workflow | null }>(`/templates/${at(name)}`)).document,
  run: (call: RunCall) => send<RunDetail>("POST", "/runs", call),
  readRun: (id: string) => get<RunDetail>(`/runs/${at(id)}`),
  cancel: (id: string) => send<RunDetail>("POST", `/runs/${at(id)}/cancel`, undefined),
  moveRun: (id: string, move: Move) => send<RunDetail>("PATCH", `/runs/${at(id)}`, move),
  resume: (id: string) => send<RunDetail>("POST", `/runs/${at(id)}/resume`, undefined),
  retry: (id: string) => send<RunDetail>("POST", `/runs/${at(id)}/retry`, {}),
  runDocument: (id: string) => get<Workflow>(`/runs/${at(id)}/document`),
  /** Newest first; `before` is the `next` of the page above, 0 for the first one. */
  runs: (filter: { state?: string; workflow?: string; before?: number; limit?: number }) =>
    get<{ runs: Run[]; next: number }>(`/runs?${new URLSearchParams(Object.entries(filter).map(([key, value]) => [key, String(value)]))}`),
  queue: () => get<QueueState>("/queue"),
  pause: (paused: boolean) => send<QueueState>("PATCH", "/queue", { paused }),
  cancelAll: () => send<{ cancelled: number }>("POST", "/queue/cancel", undefined),
  plan: (document: Workflow) => send<Plan>("POST", "/plan?draft=true", { document }),
  outputs: (query: Record<string, string>) => get<{ outputs: Output[]; next: string }>(`/outputs?${new URLSearchParams(query)}`),
  outputWorkflow: (id: string) => get<Workflow>(`/outputs/${at(id)}/workflow`),
  pictures: async () => (await get<{ pictures: { path: string }[] }>("/pictures")).pictures.map(({ path }) => path),
  deleteOutput: async (id: string) => void (await ask("DELETE", `/outputs/${at(id)}`)),
  /** Take an output back from the trash, where the newest deletion of it lies under its id. */
  restoreOutput: async (id: string) => {
    const { items } = await get<{ items: { kind: string; id: string }[] }>("/trash");
    const found = items.find((one) => one.kind === "outputs" && one.id.endsWith(`-${id}`));
    await ask("POST", `/trash/outputs/${at(found?.id ?? id)}/restore`);
  },
  assets: (after: string) => get<{ assets: Asset[]; next: string }>(`/assets?limit=60&after=${at(after)}`),
  upload: (file: File) => {
    const form = new FormData();
    form.append("file", file);
    return send<Asset>("POST", "/assets", form);
  },
};

function condition(etag: string | null): Record<string, string> {
  return etag === null ? { "If-None-Match": "*" } : { "If-Match": etag };
}

export const outputThumbnail = (id: string, size: number) => `${ROOT}/outputs/${at(id)}/thumbnail?size=${size}`;
export const assetUrl = (id: string, size = 0) => (size > 0 ? assetThumbnail(id, size) : `${ROOT}/assets/${at(id)}`);
/** A picture that lies beside the workflows, by the path that a file input is given. */
export const inputUrl = (path: string, size = 0) => `${ROOT}/picture?path=${at(path)}&size=${size}`;
export const assetThumbnail = (id: string, size: number) => `${ROOT}/assets/${at(id)}/thumbnail?size=${size}`;
export const templatePicture = (name: string) => `${ROOT}/templates/${at(name)}/picture`;
