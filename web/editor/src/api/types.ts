/** What the server says: the catalog, saved workflows, runs and events. The words are those of docs/http-api.md. */

export interface Widget {
  type: "text" | "number" | "toggle" | "choice" | "slider" | "seed" | "file" | "color" | "list" | "data" | "link";
  low?: number;
  high?: number;
  step?: number;
  whole?: boolean;
  rows?: number;
  suffixes?: string[];
  choices?: unknown[];
  /** Whether a colour may also be a name. */
  names?: boolean;
}

export interface Socket {
  name: string;
  type: string;
  variable?: string;
  list?: boolean;
  required?: boolean;
  optional?: boolean;
  default?: unknown;
  widget?: Widget;
  /** For people, where the catalog or a declared input has one. */
  description?: string;
}

export interface NodeInfo {
  id: string;
  title: string;
  category: string;
  pack: string;
  version: number;
  summary: string;
  doc: string;
  inputs: Socket[];
  outputs: Socket[];
}

export interface KindInfo {
  name: string;
  color: string;
  description: string;
  preview: boolean;
}

/** For each type that an input wants, the types of outputs that may be linked to it. */
export type Fits = Record<string, string[]>;

export interface Place {
  message: string;
  where?: string;
}

export interface SavedWorkflow {
  name: string;
  title: string;
  description: string;
  etag: string;
  modified: number;
  problem?: string;
  problems?: Place[];
}

/** A workflow that comes with the program. */
export interface Template {
  name: string;
  title: string;
  description: string;
  system: string;
  picture: boolean;
  models: { name: string; installed: boolean }[];
  problem?: string;
}

/** An earlier text of a saved workflow; created is when it was replaced, in seconds since 1970. */
export interface Revision {
  id: string;
  created: number;
  bytes: number;
}

export interface OutputFile {
  id: string;
  name: string;
  url: string;
  bytes: number;
}

export interface Output extends Omit<OutputFile, "name"> {
  run: string;
  workflow: string;
  name: string;
  path: string;
  created: number;
  picture: boolean;
  missing: boolean;
}

export type RunStatus = "queued" | "running" | "interrupted" | "ok" | "failed" | "cancelled";

export interface RunError {
  type: string;
  message: string;
  node?: string;
  where?: string;
  traceback?: string;
}

export interface Run {
  id: string;
  seq: number;
  state: RunStatus;
  title: string;
  workflow: string;
  priority: number;
  attempts: number;
  created: number;
  started?: number;
  finished?: number;
  error?: RunError;
}

export interface RunDetail extends Run {
  inputs?: Record<string, unknown>;
  options?: { targets?: string[]; use_cache?: boolean };
  outputs?: Record<string, unknown>;
  nodes?: Record<string, { state: string; seconds: number }>;
  seconds?: number;
  last_event?: number;
}

/** The running runs and then the waiting ones, in the order in which they go. */
export interface QueueState {
  paused: boolean;
  running: number;
  waiting: number;
  runs: Run[];
}

export interface Plan {
  nodes: Record<string, { state: string; reason: string }>;
  to_run: number;
  /** Of a document that cannot run yet. */
  problems: Place[];
}

export interface ServerInfo {
  version: string;
  read_only: boolean;
  paused: boolean;
  latest_event: number;
  notices: string[];
}

export interface ModelInfo {
  name: string;
  description: string;
  plugin: string;
  /** Of its files; 0 when they are not there. */
  bytes: number;
  /** Whether the worker holds weights of it; null when no worker says. */
  warm: boolean | null;
  /** Why it cannot be read; empty when it can. */
  problem: string;
}

export interface PluginInfo {
  name: string;
  distribution: string;
  version: string;
  state: "ok" | "problems" | "broken";
  nodes: number;
  models: number;
  problems: string[];
  tracebacks: string[];
}

/** What the server process and its worker hold; no worker before the first run. */
export interface Memory {
  server_bytes: number;
  worker: WorkerStatus | null;
}

export interface WorkerStatus {
  device: string;
  dtype: string;
  pid: number;
  warm: string[];
  warm_bytes: number;
  cached_bytes: number;
  resident_bytes: number;
}

export interface Asset {
  id: string;
  name: string;
}

/** One stored event; which fields there are depends on the type. */
export interface RunEvent {
  seq: number;
  type: string;
  run?: string;
  node?: string;
  state?: RunStatus;
  seconds?: number;
  step?: number;
  total?: number;
  source?: string;
  message?: string;
  to_run?: number;
  cached?: number;
  nodes?: number;
  error?: RunError;
  title?: string;
  workflow?: string;
  /** Seconds since 1970. */
  at?: number;
  paused?: boolean;
  /** Of a saved workflow that changed. */
  name?: string;
  etag?: string;
  renamed?: string;
}

export interface PreviewHeader {
  run: string;
  node: string;
  format: string;
  width: number;
  height: number;
}
