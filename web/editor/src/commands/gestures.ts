/** What is done with the pointer, for the help sheet and the page in docs/. */
export const GESTURES: readonly [string, string][] = [
  ["Drag on empty canvas, or with the middle button", "Pan"],
  ["Wheel, pinch", "Zoom at the pointer"],
  ["Shift+drag", "Select with a box"],
  ["Ctrl+click", "Add to or remove from the selection"],
  ["Double-click on empty canvas", "Add a node"],
  ["Drag from a port", "Draw a wire; only ports where it fits light up"],
  ["Drop a wire on empty canvas", "Add a node that fits, wired"],
  ["Drop a wire on a node", "Wire its first fitting port"],
  ["Drag the end of a wire", "Move it; dropped on empty canvas it is deleted"],
  ["Alt+click on a port", "Delete its wires"],
  ["Double-click on a wire", "Add a node into it"],
  ["Drop a node on a wire", "Put it into the wire (hold Alt to avoid it)"],
  ["Double-click on a title", "Rename"],
  ["Drag on a number", "Change it; Shift fine, Ctrl coarse"],
  ["Right-click on a value", "Back to its default"],
  ["Drop a file on the canvas", "Open a workflow (JSON, YAML), or add a picture as a node"],
];
