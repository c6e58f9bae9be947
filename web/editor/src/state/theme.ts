/** Dark or light: as the system says, until a person says otherwise. */

import { set, state } from "./store";

const KEY = "graph-engine:theme";

export function startTheme(): void {
  const chosen = localStorage.getItem(KEY);
  const system = matchMedia("(prefers-color-scheme: light)").matches ? "light" : "dark";
  apply(chosen === "light" || chosen === "dark" ? chosen : system);
}

export function toggleTheme(): void {
  const theme = state().theme === "dark" ? "light" : "dark";
  localStorage.setItem(KEY, theme);
  apply(theme);
}

function apply(theme: "dark" | "light"): void {
  document.documentElement.dataset.theme = theme;
  set({ theme });
}
