// What is wrong with how the page looks now: for tests, which expect nothing of each kind.
//
// cut: text that its box hides, and no title tells; bare: controls without a word; over: text or boxes on one another;
// beyond: what reaches out of the window; wide: the page can be scrolled sideways.
() => {
  const shown = (e) => e.checkVisibility({ visibilityProperty: true });
  const all = (what) => [...document.querySelectorAll(what)].filter(shown);
  const told = (text) => text.trim().replace(/\s+/g, " ").slice(0, 60);
  const apart = (a, b, by = 1) => a.left >= b.right - by || b.left >= a.right - by || a.top >= b.bottom - by || b.top >= a.bottom - by;
  const pairs = (list, wrong) => list.flatMap((a, i) => list.slice(i + 1).filter((b) => wrong(a, b)).map((b) => `${a.text} | ${b.text}`));
  const modal = document.querySelector("dialog[open]");

  // ---- text in boxes
  const hides = (e) => getComputedStyle(e).overflowX !== "visible" && !/auto|scroll/.test(getComputedStyle(e).overflowX);
  const cut = all("#app *, dialog *")
    .filter((e) => e.tagName !== "INPUT" && e.tagName !== "SELECT" && e.scrollWidth > e.clientWidth + 1 && hides(e))
    .filter((e) => e.textContent.trim() && !e.closest("[title]") && !e.querySelector("[title]"))
    .map((e) => told(e.textContent));
  const pen = document.createElement("canvas").getContext("2d");
  for (const e of all("select, input.clock, input.moment")) {
    const { font, paddingLeft, paddingRight } = getComputedStyle(e);
    pen.font = font;
    const text = e.tagName === "SELECT" ? (e.selectedOptions[0]?.text ?? "") : e.value;
    const arrow = e.tagName === "SELECT" ? 14 : 0;
    if (pen.measureText(text).width > e.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight) - arrow + 1) cut.push(told(text));
  }
  const bare = all("button, select, input").filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim())).map((e) => e.outerHTML);

  // ---- text on text, box on box
  const over = [];
  for (const area of all("header, .live, .controls, .notes, .panel, .figures, .warmth, dialog")) {
    if (modal && area !== modal) continue;
    if (area.matches(".panel, .warmth") && document.querySelector(".figures:not([hidden])")) continue;
    const view = area.getBoundingClientRect();
    const lines = [];
    const walker = document.createTreeWalker(area, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      if (!node.data.trim() || !shown(node.parentElement) || node.parentElement.closest(".hits, option")) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const box = node.parentElement.closest(".brand strong, .where, .notes p, .live .state, .tip *, .card h2, h1")?.getBoundingClientRect() ?? view;
      for (const { left, top, right, bottom } of range.getClientRects()) {
        const high = (bottom - top) / 4; // lines may be closer than their letters are high
        const part = { text: told(node.data), left: Math.max(left, box.left), right: Math.min(right, box.right), top: Math.max(top + high, box.top, view.top), bottom: Math.min(bottom - high, box.bottom, view.bottom), node };
        if (part.left < part.right && part.top < part.bottom) lines.push(part);
      }
    }
    over.push(...pairs(lines, (a, b) => a.node !== b.node && !apart(a, b)));
  }
  const boxes = all("header > *, .controls > *, .live > *").map((e) => {
    const { left, top, right, bottom } = e.getBoundingClientRect();
    return { text: told(e.getAttribute("aria-label") || e.textContent || e.className), left, top, right, bottom };
  });
  over.push(...pairs(boxes.filter((b) => b.left < b.right && b.top < b.bottom), (a, b) => !apart(a, b)));
  const beyond = boxes.filter((b) => b.right > innerWidth + 1 || b.bottom > innerHeight + 1 || b.left < -1).map((b) => b.text);

  // ---- what lies over the floor, while that is seen whole
  const { view, canvas } = heliograph.scene;
  if (view.untouched && !document.querySelector(".figures:not([hidden])")) {
    const at = canvas.getBoundingClientRect();
    const [[left, top], [right, bottom]] = [view.onScreen(view.bounds.slice(0, 2)), view.onScreen(view.bounds.slice(2))];
    const floor = { left: at.left + left, top: at.top + top, right: at.left + right, bottom: at.top + bottom };
    for (const e of all(".zooms, .warmth")) if (!apart(floor, e.getBoundingClientRect())) over.push(`the floor | ${e.className}`);
    if (floor.left < at.left + 30 || floor.right > at.right + 1 || floor.top < at.top - 1 || floor.bottom > at.bottom + 1) beyond.push("the floor");
  }

  // ---- letters in charts
  for (const plot of all(".plot")) {
    if (!plot.chart) continue;
    const name = plot.closest(".card").querySelector("h2").textContent;
    const letters = plot.chart.getZr().storage.getDisplayList(true).filter((e) => e.type === "tspan" && e.style.text && !e.ignore && !e.invisible);
    const level = letters.filter((e) => !(Math.abs(e.getComputedTransform()?.[1] ?? 0) > 1e-6)).map((e) => {
      const box = e.getBoundingRect().clone();
      if (e.getComputedTransform()) box.applyTransform(e.getComputedTransform());
      return { text: `${name}: ${e.style.text}`, left: box.x, top: box.y, right: box.x + box.width, bottom: box.y + box.height };
    });
    over.push(...pairs(level, (a, b) => !apart(a, b, 2)));
    const out = level.filter((b) => b.left < -1 || b.top < -1 || b.right > plot.clientWidth + 1 || b.bottom > plot.clientHeight + 1);
    beyond.push(...out.map((b) => b.text));
    cut.push(...level.filter((b) => b.text.endsWith("...") || b.text.endsWith("…")).map((b) => b.text));
  }
  return { cut, bare, over, wide: document.documentElement.scrollWidth > innerWidth, beyond };
}
