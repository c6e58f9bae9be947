import { canRun, COMMANDS } from "../commands/table";
import { search } from "../graph/fuzzy";
import { keysOf } from "../state/settings";
import { closeDialog, Modal } from "./Modal";
import { Keys } from "./Keys";
import { SearchList } from "./SearchList";

/** Every command by name. */
export function Commands() {
  return (
    <Modal label="Find a command" className="palette commands">
      <SearchList
        label="Find a command"
        placeholder="What do you want to do?"
        find={(query) => search(query, COMMANDS.filter((one) => !one.within && canRun(one) && one.id !== "help.commands"), (one) => [one.title, one.group, one.id])}
        keyOf={(one) => one.id}
        nothing="No command is called this."
        onPick={(one) => {
          closeDialog();
          setTimeout(() => void one.run());
        }}
        show={(one) => (
          <>
            <span className="what">{one.title}</span>
            <Keys keys={keysOf(one)} />
          </>
        )}
      />
    </Modal>
  );
}
