// Ask for the floor, and show the page.

import { fill, h } from "./dom";
import { Page } from "./page";
import { Refused, askFloor } from "./protocol";

const root = document.getElementById("app") as HTMLElement;
const wishes = new URLSearchParams(location.hash.slice(1));
try {
  const page = new Page(await askFloor(), wishes);
  await page.start(root, wishes);
  Object.assign(window, { heliograph: page });
} catch (wrong) {
  fill(root, h("p", { class: "broken" }, wrong instanceof Refused ? wrong.message : String(wrong)));
  throw wrong;
}
