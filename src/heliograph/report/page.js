"use strict";
(() => {
  const root = document.documentElement;
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const chosen = {};

  function dressed(axis) {
    return Object.assign(
      { gridcolor: css("--grid"), linecolor: css("--line"), zeroline: false, automargin: true, tickfont: { size: 12 } },
      axis,
    );
  }

  function draw(place) {
    const lang = root.lang === "en" ? "en" : "zh";
    let figure = figures[lang][place.id];
    if (figure.views) {
      figure = figure.views[chosen[place.id] || 0];
    }
    const layout = Object.assign({}, figure.layout, {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 13, color: css("--ink") },
      margin: Object.assign({ l: 56, r: 16, t: 10, b: 44 }, figure.layout.margin || {}),
      hoverlabel: { bgcolor: css("--card"), bordercolor: css("--line"), font: { color: css("--ink") } },
      legend: Object.assign(
        { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, traceorder: "normal", font: { size: 12 } },
        figure.layout.legend || {},
      ),
    });
    for (const key of Object.keys(figure.layout)) {
      if (/^[xy]axis\d*$/.test(key)) layout[key] = dressed(figure.layout[key]);
    }
    for (const key of ["xaxis", "yaxis"]) layout[key] = layout[key] || dressed({});
    for (const shape of layout.shapes || []) shape.line.color = css("--ink");
    const config = { displayModeBar: false, responsive: true };
    globalThis.Plotly.react(place, structuredClone(figure.data), layout, config);
  }

  function drawAll() {
    document.querySelectorAll(".plot").forEach(draw);
  }

  document.getElementById("language").addEventListener("click", () => {
    root.lang = root.lang === "en" ? "zh-CN" : "en";
    drawAll();
  });
  document.getElementById("theme").addEventListener("click", () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    drawAll();
  });
  document.querySelectorAll("select[data-plot]").forEach((select) => {
    select.addEventListener("change", () => {
      const place = document.getElementById(select.dataset.plot);
      chosen[place.id] = select.selectedIndex;
      draw(place);
    });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  drawAll();
})();
