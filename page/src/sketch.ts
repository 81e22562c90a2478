// The floor of a plant while its record is still being read: nothing moves on it, and nothing can be chosen yet.

import { fill, h } from "./dom";
import { chosenTheme } from "./kept";
import type { Floor } from "./protocol";
import { Scene } from "./scene";
import { language, said } from "./words";
import { World } from "./world";
import { zooms } from "./zooms";

/** What tells the workshop's name, at the left of the top. */
export function brand(floor: Floor): HTMLElement {
  const title = language() === "zh" ? floor.title_zh : floor.title;
  document.title = `${title} · Heliograph`;
  return h("div", { class: "brand" }, h("img", { src: "static/sun.svg", alt: "", width: "22px" }), h("div", {}, h("small", {}, "HELIOGRAPH"), h("strong", {}, title)));
}

/** Draw it where the page will draw it, so that nothing jumps when that comes. */
export function drawSketch(root: HTMLElement, floor: Floor): void {
  const stage = h("main", { class: "stage", "aria-label": said("floor") });
  const theme = chosenTheme();
  document.documentElement.dataset.theme = theme;
  fill(
    root,
    h("header", {}, brand(floor), h("span", { class: "where" }, floor.where)),
    h("div", { class: "notes" }),
    h("div", { class: "middle" }, stage, h("aside", { class: "panel" }, h("p", { class: "soft", role: "status" }, said("reading_record")))),
    h("footer", {}, h("div", { class: "controls" }), h("div", { class: "timeline" })),
  );
  const scene = new Scene(floor, new World(floor), stage);
  scene.start(theme);
  stage.append(zooms(scene, null));
  scene.keepClear();
  scene.render();
  document.documentElement.dataset.sketched = "";
}
