// The buttons over the floor: nearer, farther, the whole of it, and the heat map.

import { button, h } from "./dom";
import type { Scene } from "./scene";
import { said } from "./words";

/** For a floor on which nothing moves yet the heat map is not there to be turned on. */
export function zooms(scene: Scene, heat: { on: boolean; turn: () => void } | null): HTMLElement {
  return h(
    "div",
    { class: "zooms" },
    button("plus", said("zoom_in"), () => scene.zoom(1.4)),
    button("minus", said("zoom_out"), () => scene.zoom(1 / 1.4)),
    button("fit", said("fit"), () => scene.fit()),
    button("heat", said("heat"), () => heat?.turn(), { class: "to-heat", "aria-pressed": String(heat?.on ?? false), disabled: heat === null }),
  );
}
