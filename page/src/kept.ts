// Choices that outlast the page: theme and language.

import type { Theme } from "./theme";
import type { Lang } from "./words";

/** The language that the address asks for, that was chosen before, or the browser's own. */
export function chosenLanguage(wishes: URLSearchParams): Lang {
  const wished = wishes.get("lang") ?? kept("lang") ?? (navigator.language.startsWith("zh") ? "zh" : "en");
  return wished === "zh" ? "zh" : "en";
}

/** The theme that was chosen before, or the system's own. */
export function chosenTheme(): Theme {
  const dark = window.matchMedia?.("(prefers-color-scheme: dark)").matches;
  return (kept("theme") as Theme) ?? (dark ? "dark" : "light");
}

function kept(name: string): string | null {
  try {
    return localStorage.getItem(`heliograph.${name}`);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string): void {
  try {
    localStorage.setItem(`heliograph.${name}`, value);
  } catch {
    // private windows may forbid it: then the choice lasts as long as the page
  }
}
