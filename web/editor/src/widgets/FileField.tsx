import { useState } from "react";
import { api, assetThumbnail } from "../api/client";
import { tellError } from "../state/notes";
import type { FieldProps } from "./field";
import { TextField } from "./TextField";

const UPLOADED = /^[0-9a-f]{32,}\.\w+$/;

/** A picture: chosen from this machine and uploaded, or named when it lies beside the workflow. */
export function FileField(props: FieldProps) {
  const { label, widget, value, onChange, onDone } = props;
  const [busy, setBusy] = useState(false);

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
      <TextField {...props} widget={{ type: "text", rows: 1 }} />
      <label className="small button nodrag" title="Upload a picture">
        {busy ? "..." : "↑"}
        <input type="file" className="hidden" aria-label={`${label}: upload`} accept={widget.suffixes?.join(",")} onChange={(event) => void take(event.target.files?.[0])} />
      </label>
      {typeof value === "string" && UPLOADED.test(value) && <img src={assetThumbnail(value, 256)} alt="" draggable={false} />}
    </span>
  );
}
