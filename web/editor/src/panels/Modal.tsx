import { useEffect, useRef, type ReactNode } from "react";
import { set } from "../state/store";
import { Notes } from "./Notes";

interface ModalProps {
  label: string;
  className?: string;
  /** Where its top left corner is to be, as near as the window lets it; else in the middle. */
  at?: { x: number; y: number };
  /** The focus begins on the dialog itself, whose keys do most: not on its first button. */
  still?: boolean;
  /** What Esc does, where closing would lose something; a click outside does nothing then. */
  onLeave?: () => void;
  children: ReactNode;
}

export const closeDialog = () => set({ dialog: null });

/** A dialog of the browser's own: the focus stays inside, Esc and a click outside close it. */
export function Modal({ label, className = "", at, still, onLeave, children }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current!;
    element.showModal();
    if (still) element.focus();
    if (at) {
      const { width, height } = element.getBoundingClientRect();
      element.style.left = `${Math.max(8, Math.min(at.x, innerWidth - width - 8))}px`;
      element.style.top = `${Math.max(8, Math.min(at.y, innerHeight - height - 8))}px`;
    }
    return () => element.close();
  }, [at, still]);
  return (
    <dialog
      ref={dialog}
      aria-label={label}
      tabIndex={-1}
      className={`${className}${at ? " placed" : ""}`}
      onCancel={(event) => {
        event.preventDefault();
        (onLeave ?? closeDialog)();
      }}
      onClose={closeDialog}
      onPointerDown={(event) => {
        if (event.target === dialog.current && !onLeave) closeDialog();
      }}
    >
      {children}
      <Notes />
    </dialog>
  );
}
