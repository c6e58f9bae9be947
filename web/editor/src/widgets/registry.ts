/** The widget for each word that the catalog has. Plugins choose by that word and bring no code of their own. */

import type { ComponentType } from "react";
import type { Widget } from "../api/types";
import { ChoiceField } from "./ChoiceField";
import { ColorField } from "./ColorField";
import { DataField } from "./DataField";
import type { FieldProps } from "./field";
import { FileField } from "./FileField";
import { NumberField } from "./NumberField";
import { SeedField } from "./SeedField";
import { SliderField } from "./SliderField";
import { TextField } from "./TextField";
import { ToggleField } from "./ToggleField";

type Shown = Exclude<Widget["type"], "link">;

const WIDGETS: Record<Shown, ComponentType<FieldProps>> = {
  text: TextField,
  number: NumberField,
  toggle: ToggleField,
  choice: ChoiceField,
  slider: SliderField,
  seed: SeedField,
  file: FileField,
  color: ColorField,
  list: DataField,
  data: DataField,
};

/** null for an input that only a link can feed; a word from a newer server is entered as data. */
export function widgetFor(widget: Widget | undefined): ComponentType<FieldProps> | null {
  if (!widget || widget.type === "link") return null;
  return WIDGETS[widget.type] ?? DataField;
}
