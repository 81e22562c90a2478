// Ask for the floor, and show the page; while a record is still being read, the floor alone.

import { fill, h } from "./dom";
import { chosenLanguage } from "./kept";
import { Page } from "./page";
import { Refused, askFloor, askSketch } from "./protocol";
import { drawSketch } from "./sketch";
import { speak } from "./words";

const root = document.getElementById("app") as HTMLElement;
const wishes = new URLSearchParams(location.hash.slice(1));
try {
  speak(chosenLanguage(wishes));
  const sketch = await askSketch();
  if (sketch.reading) drawSketch(root, sketch);
  const page = new Page(sketch.reading ? await askFloor() : sketch, wishes);
  await page.start(root, wishes);
  Object.assign(window, { heliograph: page });
} catch (wrong) {
  fill(root, h("p", { class: "broken" }, wrong instanceof Refused ? wrong.message : String(wrong)));
  throw wrong;
}
