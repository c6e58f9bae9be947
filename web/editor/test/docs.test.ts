import { expect, it } from "vitest";
import { GESTURES } from "../src/commands/gestures";
import { COMMANDS } from "../src/commands/table";

const row = (...cells: string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;

/** All commands by group, and all gestures, as tables. */
function page(): string {
  const groups = [...new Set(COMMANDS.map((one) => one.group))];
  const tables = groups.map((group) => {
    const rows = COMMANDS.filter((one) => one.group === group).map((one) => row(one.title, one.keys.map((key) => `\`${key}\``).join(" ")));
    return [`## ${group}`, "", row("command", "keys"), row("---", "---"), ...rows, ""].join("\n");
  });
  const head = "# Keys and gestures of the editor\n\nWritten by `npm run docs` in web/editor from the table of commands; `Ctrl+K` finds a command by its name.\n";
  const gestures = ["## Pointer", "", row("gesture", "what it does"), row("---", "---"), ...GESTURES.map(([gesture, meaning]) => row(gesture, meaning)), ""].join("\n");
  return [head, ...tables, gestures].join("\n");
}

it("lists every command and gesture on a page in docs/", async () => {
  await expect(page()).toMatchFileSnapshot("../../../docs/editor-keys.md");
});
