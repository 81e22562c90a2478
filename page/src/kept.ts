// Choices that outlast the page: theme and language.

export function kept(name: string): string | null {
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
