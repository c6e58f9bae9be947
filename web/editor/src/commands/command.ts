/** What a command is. */

import type { Dialog } from "../state/store";

export interface Command {
  id: string;
  title: string;
  group: "Run" | "Edit" | "Wire" | "Arrange" | "Subgraph" | "Select" | "View" | "File" | "Help" | "Mask" | "Viewer" | "Compare" | "Gallery";
  keys: readonly string[];
  run: () => unknown;
  /** Whether it can be done now; left out for what always can. */
  when?: () => boolean;
  /** The dialog, or the part of the page with the focus, that it is a command of; its keys mean something else outside. */
  within?: Dialog["kind"] | "gallery" | "queue";
  /** Also while a text is typed. */
  always?: boolean;
  /** The browser's own event does it (copy, cut, paste); the keys are for the help sheet alone. */
  native?: boolean;
}
