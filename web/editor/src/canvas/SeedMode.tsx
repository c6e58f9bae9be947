import { SEED_MODES, seedMode, setSeedMode, type SeedMode as Mode } from "../graph/seeds";
import { edit } from "../state/document";
import { bodyOf, useEditor } from "../state/store";

const WORDS: Record<Mode, string> = { keep: "stays", next: "+1", random: "random" };

/** What becomes of a seed after each run. */
export function SeedMode({ node, input, label }: { node: string; input: string; label: string }) {
  const mode = useEditor((now) => seedMode(bodyOf(now), node, input));
  return (
    <select
      className={`seed-mode nodrag${mode === "keep" ? "" : " on"}`}
      aria-label={`${label}: after each run`}
      title="What becomes of the seed after each run"
      value={mode}
      onChange={(event) => edit((body) => setSeedMode(body, node, input, event.target.value as Mode))}
    >
      {SEED_MODES.map((one) => (
        <option key={one} value={one}>
          {WORDS[one]}
        </option>
      ))}
    </select>
  );
}
