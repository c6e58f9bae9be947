/** What every widget is given. */

import type { Widget } from "../api/types";
import type { FilePlace } from "../graph/pictures";

export interface FieldProps {
  /** Of the element that a label points at. */
  id: string;
  /** For people who do not see where it stands: the node and the input. */
  label: string;
  widget: Widget;
  value: unknown;
  /** Which input of which node it is of, where it is of one on the canvas. */
  place?: FilePlace;
  /** Names that a text may be, for completion. */
  names?: readonly string[];
  invalid?: boolean;
  onChange: (value: unknown) => void;
  /** The value stands: what follows is another step to undo. */
  onDone: () => void;
}
