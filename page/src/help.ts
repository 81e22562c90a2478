// Which keys do what.

import { button, h } from "./dom";
import { said } from "./words";

export function help(): void {
  const rows: [string, string][] = [
    ["space", "key_space"],
    ["← →", "key_arrows"],
    ["home end", "key_ends"],
    ["[ ]", "key_speed"],
    ["+ −", "key_zoom"],
    ["0", "key_fit"],
    ["f", "key_follow"],
    ["h", "key_heat"],
    ["g", "key_charts"],
    ["t", "key_trace"],
    ["/", "key_search"],
    ["esc", "key_escape"],
  ];
  const dialog = h(
    "dialog",
    { class: "help", close: () => dialog.remove() },
    h("h2", {}, said("help")),
    h("dl", {}, ...rows.flatMap(([key, text]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, said(text))])),
    h("p", { class: "soft" }, said("key_mouse")),
    button("close", said("close"), () => dialog.close(), { class: "quiet corner" }),
  );
  document.body.append(dialog);
  dialog.showModal();
}
