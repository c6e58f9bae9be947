import { COLORS, setColor } from "../graph/looks";
import { edit, selectedItems } from "../state/document";
import { closeDialog, Modal } from "./Modal";

/** A colour for what is selected: nodes, frames, notes. */
export function ColorDialog() {
  const give = (color: string | undefined) => {
    closeDialog();
    edit((body) => setColor(body, selectedItems(), color));
  };
  return (
    <Modal label="Colour" className="colors">
      <h2>Colour</h2>
      <div className="swatches">
        {COLORS.map((color) => (
          <button key={color} type="button" onClick={() => give(color)}>
            <span className="swatch" style={{ background: `var(--tint-${color})` }} aria-hidden="true" />
            {color}
          </button>
        ))}
        <button type="button" onClick={() => give(undefined)}>
          <span className="swatch none" aria-hidden="true" />
          none
        </button>
      </div>
    </Modal>
  );
}
