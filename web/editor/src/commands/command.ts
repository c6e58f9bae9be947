/** What a command is. */

export interface Command {
  id: string;
  title: string;
  group: "Run" | "Edit" | "Wire" | "Arrange" | "Subgraph" | "Select" | "View" | "File" | "Help";
  keys: readonly string[];
  run: () => unknown;
  /** Whether it can be done now; left out for what always can. */
  when?: () => boolean;
  /** Also while a text is typed. */
  always?: boolean;
  /** The browser's own event does it (copy, cut, paste); the keys are for the help sheet alone. */
  native?: boolean;
}
