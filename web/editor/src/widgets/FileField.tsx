import { useState } from "react";
import { api } from "../api/client";
import { isPicture } from "../graph/pictures";
import { tellError } from "../state/notes";
import { canBeSeen, fileUrl } from "../state/pictures";
import { set, useEditor } from "../state/store";
import type { FieldProps } from "./field";
import { TextField } from "./TextField";

/** A picture: uploaded from this machine, painted as a mask, or named when it lies beside the workflow. */
export function FileField(props: FieldProps) {
  const { label, widget, value, place, onChange, onDone } = props;
  const [busy, setBusy] = useState(false);
  const names = useEditor((now) => now.pictures);
  const pictures = (widget.suffixes ?? []).length === 0 || widget.suffixes!.some(isPicture);

  async function take(file: File | undefined) {
    if (!file) return;
    setBusy(true);
    try {
      onChange((await api.upload(file)).id);
      onDone();
    } catch (error) {
      tellError(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <span
      className="file"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        event.stopPropagation();
        void take(event.dataTransfer.files[0]);
      }}
    >
      <TextField {...props} names={pictures ? names : undefined} widget={{ type: "text", rows: 1 }} />
      {pictures && place && (
        <button type="button" className="small nodrag" aria-label={`${label}: choose a picture`} title="Choose a picture" onClick={() => set({ dialog: { kind: "file", place } })}>
          ▦
        </button>
      )}
      {pictures && place && (
        <button type="button" className="small nodrag" aria-label={`${label}: paint a mask`} title="Paint a mask" onClick={() => set({ dialog: { kind: "mask", place } })}>
          ✎
        </button>
      )}
      {!(pictures && place) && (
        <label className="small button nodrag" title="Upload a picture">
          {busy ? "..." : "↑"}
          <input type="file" className="hidden" aria-label={`${label}: upload`} accept={widget.suffixes?.join(",")} onChange={(event) => void take(event.target.files?.[0])} />
        </label>
      )}
      {pictures && typeof value === "string" && canBeSeen(value, names) && <img src={fileUrl(value, 256)} alt="" draggable={false} />}
    </span>
  );
}
