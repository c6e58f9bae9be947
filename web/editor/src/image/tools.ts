/** The tools of the mask painter. */

export type Tool = "brush" | "eraser" | "lasso" | "rectangle" | "fill" | "hand";

/** What the mask painter is set to; the mask itself is no part of the store. */
export interface PainterState {
  tool: Tool;
  /** Across, in pixels of the picture. */
  size: number;
  hardness: number;
  opacity: number;
  /** By how many pixels grow, shrink and feather go. */
  amount: number;
  /** The mask alone, white on black, in place of the picture under it. */
  alone: boolean;
  /** Counts the steps, so that what shows them is drawn anew. */
  steps: number;
  /** The person was asked whether what was painted may go. */
  leaving: boolean;
}

export const PAINTER: PainterState = { tool: "brush", size: 12, hardness: 0.8, opacity: 1, amount: 2, alone: false, steps: 0, leaving: false };
