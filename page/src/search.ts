// The search box: things whose ids hold what is typed, and a way to each.

import { fill, h } from "./dom";
import { askSearch } from "./protocol";
import type { Thing } from "./scene";
import { said } from "./words";

export interface Around {
  /** Whether a trace is shown now. */
  tracing(): boolean;
  trace(id: string): void;
  seek(time: number): void;
  select(thing: Thing): void;
}

export function searchBox(around: Around): HTMLElement {
  const input = h("input", { type: "search", placeholder: said("search"), "aria-label": said("search"), spellcheck: "false", autocomplete: "off" });
  const list = h("div", { class: "hits", hidden: true });
  let asking: AbortController | null = null;
  const pick = (kind: string, id: string, at: number | null, traced: boolean): void => {
    list.hidden = true;
    input.value = "";
    (document.activeElement as HTMLElement | null)?.blur(); // at once: a hidden button would keep the next key
    // With shift, and while a trace is shown, it is the trace of the thing that is wanted.
    if ((traced || around.tracing()) && ["cell", "lot", "machine"].includes(kind)) return around.trace(id);
    if (at !== null) around.seek(at);
    around.select({ kind: kind as Thing["kind"], id });
  };
  input.addEventListener("input", () => {
    asking?.abort();
    asking = new AbortController();
    const text = input.value.trim();
    if (!text) {
      list.hidden = true;
      return;
    }
    askSearch(text, asking.signal)
      .then((hits) => {
        list.hidden = false;
        fill(
          list,
          ...(hits.length
            ? hits.slice(0, 10).map((hit) =>
                h("button", { type: "button", click: (event: MouseEvent) => pick(hit.kind, hit.id, hit.at_ms, event.shiftKey) }, h("small", {}, said(hit.kind)), h("span", { title: hit.id }, hit.id)),
              )
            : [h("p", { class: "soft" }, said("nothing_found"))]),
        );
      })
      .catch(() => undefined);
  });
  input.addEventListener("keydown", (event) => {
    const first = list.querySelector("button");
    if (event.key === "Enter" && first) first.dispatchEvent(new MouseEvent("click", { shiftKey: event.shiftKey, bubbles: true }));
    else if (event.key === "ArrowDown" && first) first.focus();
    else if (event.key === "Escape") {
      asking?.abort();
      input.value = "";
      list.hidden = true;
      input.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  });
  list.addEventListener("keydown", (event) => {
    const now = document.activeElement;
    const next = event.key === "ArrowDown" ? now?.nextElementSibling : event.key === "ArrowUp" ? (now?.previousElementSibling ?? input) : null;
    if (!next) return;
    (next as HTMLElement).focus();
    event.preventDefault();
    event.stopPropagation();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!box.contains(event.target as Node)) list.hidden = true;
  });
  const box = h("div", { class: "search" }, input, list);
  return box;
}
