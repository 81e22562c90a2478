// Elements. Whatever a plant or a record calls its things is set as text, never read as markup.

type Child = Node | string | null | undefined | false;

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number | boolean | ((event: any) => void)> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (name === "class") element.className = String(value);
    else if (name === "colour") element.style.setProperty("--colour", String(value));
    else if (name === "width") element.style.width = String(value);
    else if (name === "left") element.style.left = String(value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false) element.setAttribute(name, String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

const PATHS: Record<string, string> = {
  play: "M7 4.5v15l13-7.5z",
  pause: "M6 5h4.2v14H6zM13.8 5H18v14h-4.2z",
  back: "M12 6v5l8-6v14l-8-6v5L3 12z",
  ahead: "M12 6v5L4 5v14l8-6v5l9-6z",
  fit: "M4 9V4h5v2H6v3zM15 4h5v5h-2V6h-3zM4 15h2v3h3v2H4zM18 15h2v5h-5v-2h3z",
  plus: "M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z",
  minus: "M5 11h14v2H5z",
  follow: "M11 2h2v3.1A7 7 0 0 1 18.9 11H22v2h-3.1A7 7 0 0 1 13 18.9V22h-2v-3.1A7 7 0 0 1 5.1 13H2v-2h3.1A7 7 0 0 1 11 5.1zM12 7a5 5 0 1 0 0 10 5 5 0 0 0 0-10zm0 3a2 2 0 1 1 0 4 2 2 0 0 1 0-4z",
  theme: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 2.2v13.6a6.8 6.8 0 0 1 0-13.6z",
  help: "M11 17h2v2h-2zM12 4.5a5 5 0 0 0-5 5h2.2a2.8 2.8 0 1 1 4.5 2.2c-1.4 1-2.7 1.8-2.7 3.8h2.1c0-1 .8-1.6 1.9-2.4A5 5 0 0 0 12 4.5z",
  close: "M6.4 5 12 10.6 17.6 5 19 6.4 13.4 12l5.6 5.6-1.4 1.4-5.6-5.6L6.4 19 5 17.6l5.6-5.6L5 6.4z",
  save: "M11 4h2v8l3-3 1.4 1.4L12 15.8 6.6 10.4 8 9l3 3zM5 17h14v2.5H5z",
  charts: "M4 4h2v14h14v2H4zM8 11h3v6H8zm4.5-5h3v11h-3zM17 9h3v8h-3z",
  heat: "M12 2.5c1 3.4 5.5 5.6 5.5 11a5.5 5.5 0 0 1-11 0c0-2 .9-3.4 2-4.6.3 1.5 1 2.300 2 2.600C10.200 8.500 10.300 5.200 12 2.5z",
  trace: "M6 3a2.5 2.5 0 0 1 1 4.8V11h6.2a4 4 0 0 1 4-3.8V5.5L21 8.6l-3.8 3.1v-1.7a1.5 1.5 0 0 0-1.400 1.5c0 1-.9 1.8-1.900 1.8H7v2.9A2.5 2.5 0 1 1 5 16.2V7.8A2.5 2.5 0 0 1 6 3z",
  left: "M14.5 5 16 6.5 10.5 12l5.5 5.5-1.5 1.5-7-7z",
};

export function icon(name: keyof typeof PATHS): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

export function button(name: string, label: string, act: () => void, more: Record<string, string | boolean> = {}): HTMLButtonElement {
  return h("button", { type: "button", "aria-label": label, title: label, click: act, ...more }, icon(name));
}

/** Replace what an element holds. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter((child): child is Node | string => Boolean(child)));
}
