"use strict";
(async () => {
  const root = document.documentElement;
  const $ = (id) => document.getElementById(id);
  const head = JSON.parse($("head").textContent);
  const { grid, vehicles, frames, scale, bounds } = head;
  const canvas = $("map");
  const ctx = canvas.getContext("2d");
  const NOWHERE = -(1 << 15);
  const [left, top, right, bottom] = bounds;

  const lang = () => (root.lang === "en" ? "en" : "zh");
  const say = (word, ...values) => {
    let text = head.words[lang()][word];
    for (const value of values) text = text.replace(/\{[^}]*\}/, value);
    return text;
  };
  const count = (number) => number.toLocaleString("en");
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  // The frames: differences, vehicle by vehicle; unpacked to whole values, frame by frame.
  async function unpack() {
    const coded = atob($("frames").textContent);
    const bytes = Uint8Array.from(coded, (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const all = new Uint8Array(await new Response(stream).arrayBuffer());
    const plane = vehicles * frames;
    let at = 0;
    const next = (size) => all.subarray(at, (at += size));
    const gather = (values, low, high) => {
      for (let v = 0; v < vehicles; v++) {
        let sum = 0;
        for (let f = 0, i = v * frames; f < frames; f++, i++) {
          sum += low[i] + (high ? high[i] << 8 : 0);
          values[f * vehicles + v] = sum; // typed arrays wrap as the differences do
        }
      }
      return values;
    };
    const whole = () => gather(new Int16Array(plane), next(plane), next(plane));
    const made = { x: whole(), y: whole(), goalX: whole(), goalY: whole() };
    made.heading = gather(new Uint8Array(plane), next(plane));
    made.mood = gather(new Uint8Array(plane), next(plane));
    const places = (all.length - at) / 2;
    made.visits = next(places);
    made.waiting = next(places);
    return made;
  }

  let data;
  try {
    data = await unpack();
  } catch {
    $("line").textContent = say("old browser");
    $("title").textContent = head.titles[lang()];
    return;
  }

  const seen = { frame: 0, playing: false, heat: head.show, goals: vehicles <= 200, follow: -1, hover: -1 };
  const view = { scale: 1, x: 0, y: 0 };
  const speeds = grid ? [1, 2, 5, 10, 20, 50] : [1, 5, 10, 30, 60, 120];
  let speed = grid ? 5 : 30;
  let pixels = 1;
  let palette = {};

  // What stays: walls as a picture of one pixel a cell, heat likewise.
  const colourOf = (text) => {
    const probe = document.createElement("canvas").getContext("2d");
    probe.fillStyle = text;
    probe.fillRect(0, 0, 1, 1);
    return probe.getImageData(0, 0, 1, 1).data;
  };
  function picture(paint) {
    const made = document.createElement("canvas");
    made.width = right - left;
    made.height = bottom - top;
    const pen = made.getContext("2d");
    const image = pen.createImageData(made.width, made.height);
    paint(image.data);
    pen.putImageData(image, 0, 0);
    return made;
  }
  let walls, hot;
  function repaint() {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : dark;
    for (const name of ["ink", "soft", "card", "ground", "wall", "way", "machine", "edge", "cell", "accent"]) {
      palette[name] = css(`--${name}`);
    }
    palette.shades = isDark ? [...head.shades].reverse() : head.shades;
    if (grid) {
      const [wall, ground] = [colourOf(palette.wall), colourOf(palette.ground)];
      walls = picture((rgba) => {
        head.rows.forEach((row, r) => {
          for (let c = 0; c < row.length; c++) rgba.set(row[c] === "#" ? wall : ground, 4 * (r * row.length + c));
        });
      });
      const heats = palette.shades.map(colourOf);
      hot = {};
      for (const kind of ["visits", "waiting"]) {
        hot[kind] = picture((rgba) => {
          let place = 0;
          head.rows.forEach((row, r) => {
            for (let c = 0; c < row.length; c++) {
              if (row[c] === "#") continue;
              const value = data[kind][place++];
              if (value) rgba.set(heats[(value * (heats.length - 1) / 255) | 0], 4 * (r * row.length + c));
            }
          });
        });
      }
    }
    words();
    ask();
  }

  function fit() {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    view.scale = 0.96 * Math.min(width / (right - left), height / (bottom - top));
    view.x = (left + right) / 2 - width / 2 / view.scale;
    view.y = (top + bottom) / 2 - height / 2 / view.scale;
    seen.follow = -1;
    ask();
  }

  // Where a vehicle is between two frames.
  function between(values, v, turn) {
    const f = Math.floor(seen.frame);
    const part = seen.frame - f;
    const one = values[f * vehicles + v];
    if (!part || f + 1 >= frames) return one;
    let more = values[(f + 1) * vehicles + v] - one;
    if (turn) more = ((more + 384) % 256) - 128;
    return one + part * more;
  }
  const placeOf = (v) => [between(data.x, v) / scale, between(data.y, v) / scale];
  const size = () => Math.max(head.length * view.scale, grid ? Math.min(view.scale, 3) : 9) * (grid ? 1 : 1.3);
  const moodAt = (v, f = Math.floor(seen.frame)) => data.mood[f * vehicles + v];

  function draw() {
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    ctx.setTransform(pixels, 0, 0, pixels, 0, 0);
    ctx.clearRect(0, 0, width, height);
    if (seen.follow >= 0) {
      const [x, y] = placeOf(seen.follow);
      view.x = x - width / 2 / view.scale;
      view.y = y - height / 2 / view.scale;
    }
    const s = view.scale;
    const px = (x) => (x - view.x) * s;
    const py = (y) => (y - view.y) * s;
    if (grid) drawGrid(px, py, s);
    else drawFloor(px, py, s);
    if (seen.goals) drawGoals(px, py, s);
    drawVehicles(px, py, width, height);
    drawChosen(px, py, s);
    tell();
  }

  function drawGrid(px, py, s) {
    ctx.imageSmoothingEnabled = false;
    const place = [px(left), py(top), (right - left) * s, (bottom - top) * s];
    ctx.drawImage(walls, ...place);
    if (seen.heat !== "off") ctx.drawImage(hot[seen.heat], ...place);
    ctx.strokeStyle = palette.edge;
    ctx.lineWidth = 1;
    ctx.strokeRect(...place);
    if (s < 12) return;
    ctx.strokeStyle = palette.cell;
    ctx.beginPath();
    for (let x = left; x <= right; x++) ctx.moveTo(px(x), py(top)), ctx.lineTo(px(x), py(bottom));
    for (let y = top; y <= bottom; y++) ctx.moveTo(px(left), py(y)), ctx.lineTo(px(right), py(y));
    ctx.stroke();
  }

  function drawFloor(px, py, s) {
    ctx.fillStyle = palette.machine;
    ctx.strokeStyle = palette.edge;
    ctx.lineWidth = 1;
    for (const [a, b, c, d] of head.machines) {
      ctx.beginPath();
      ctx.roundRect(px(a), py(b), (c - a) * s, (d - b) * s, Math.min(4, s));
      ctx.fill();
      ctx.stroke();
    }
    ctx.fillStyle = palette.soft;
    ctx.textAlign = "center";
    ctx.textBaseline = "middle";
    head.machines.forEach(([a, b, c, d], m) => {
      const high = Math.min(((c - a) * s) / 3.4, ((d - b) * s) / 1.8, 13);
      if (high < 5) return;
      ctx.font = `${high}px system-ui, sans-serif`;
      ctx.fillText(head.machineNames[m], px((a + c) / 2), py((b + d) / 2));
    });
    ctx.strokeStyle = palette.way;
    ctx.lineWidth = Math.max(1, 0.18 * s);
    ctx.beginPath();
    for (const [a, b, c, d] of head.ways) ctx.moveTo(px(a), py(b)), ctx.lineTo(px(c), py(d));
    ctx.stroke();
    const half = 0.9 * s;
    for (const [places, colour] of [[head.parking, palette.edge], [head.charging, "#e69f00"]]) {
      ctx.strokeStyle = colour;
      ctx.lineWidth = 1;
      for (const [x, y] of places) ctx.strokeRect(px(x) - half, py(y) - half, 2 * half, 2 * half);
    }
    if (seen.heat === "off") return;
    const top256 = palette.shades.length - 1;
    head.places.forEach(([x, y], place) => {
      const value = data[seen.heat][place];
      if (!value) return;
      ctx.fillStyle = palette.shades[(value * top256 / 255) | 0];
      ctx.beginPath();
      ctx.arc(px(x), py(y), 1.2 * s, 0, 7);
      ctx.fill();
    });
  }

  function diamond(x, y, r) {
    ctx.moveTo(x, y - r), ctx.lineTo(x + r, y), ctx.lineTo(x, y + r), ctx.lineTo(x - r, y), ctx.closePath();
  }
  function goalOf(v) {
    const i = Math.floor(seen.frame) * vehicles + v;
    return data.goalX[i] === NOWHERE ? null : [data.goalX[i] / scale, data.goalY[i] / scale];
  }
  function drawGoals(px, py, s) {
    ctx.strokeStyle = palette.ink;
    ctx.lineWidth = 1;
    ctx.globalAlpha = 0.7;
    ctx.beginPath();
    const r = Math.max(2, (grid ? 0.2 : 0.7) * s);
    for (let v = 0; v < vehicles; v++) {
      const goal = goalOf(v);
      if (goal) diamond(px(goal[0]), py(goal[1]), r);
    }
    ctx.stroke();
    ctx.globalAlpha = 1;
  }

  function arrow(x, y, long, angle) {
    const [c, n] = [Math.cos(angle) * long, Math.sin(angle) * long];
    const at = (u, w) => [x + u * c - w * n, y + u * n + w * c];
    ctx.moveTo(...at(-0.5, -0.42)), ctx.lineTo(...at(0.1, -0.42)), ctx.lineTo(...at(0.5, 0));
    ctx.lineTo(...at(0.1, 0.42)), ctx.lineTo(...at(-0.5, 0.42)), ctx.closePath();
  }
  function drawVehicles(px, py, width, height) {
    const long = size();
    const paths = head.moods.map(() => []);
    for (let v = 0; v < vehicles; v++) {
      const x = px(between(data.x, v) / scale);
      const y = py(between(data.y, v) / scale);
      if (x > -long && y > -long && x < width + long && y < height + long) paths[moodAt(v)].push(v, x, y);
    }
    const veiled = seen.heat !== "off"; // the heat map has the colours
    ctx.globalAlpha = veiled ? 0.3 : 1;
    head.moods.forEach((mood, m) => {
      ctx.fillStyle = veiled ? palette.ink : mood.colour;
      ctx.beginPath();
      const path = paths[m];
      for (let i = 0; i < path.length; i += 3) {
        const [v, x, y] = [path[i], path[i + 1], path[i + 2]];
        if (long < 5) ctx.rect(x - long / 2, y - long / 2, long, long);
        else arrow(x, y, long, (between(data.heading, v, true) * Math.PI) / 128);
      }
      ctx.fill();
      if (long >= 8) {
        ctx.strokeStyle = palette.card;
        ctx.lineWidth = 1;
        ctx.stroke();
      }
    });
    ctx.globalAlpha = 1;
  }
  function drawChosen(px, py, s) {
    const v = seen.follow >= 0 ? seen.follow : seen.hover;
    if (v < 0) return;
    const [x, y] = placeOf(v);
    const now = Math.floor(seen.frame);
    ctx.strokeStyle = palette.accent;
    ctx.lineWidth = 2;
    ctx.beginPath();
    for (let f = Math.max(0, now - 120); f <= now; f++) {
      const i = f * vehicles + v;
      ctx.lineTo(px(data.x[i] / scale), py(data.y[i] / scale));
    }
    ctx.lineTo(px(x), py(y));
    ctx.globalAlpha = 0.5;
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.beginPath();
    ctx.arc(px(x), py(y), Math.max(size() * 0.8, 6), 0, 7);
    const goal = goalOf(v);
    if (goal) {
      ctx.moveTo(px(x), py(y)), ctx.lineTo(px(goal[0]), py(goal[1]));
      diamond(px(goal[0]), py(goal[1]), Math.max(4, (grid ? 0.3 : 0.9) * s));
    }
    ctx.stroke();
  }

  // What is said.
  function clock(frame) {
    const at = head.first + head.tick * frame;
    if (grid) return say("step", count(Math.floor(at)));
    const two = (number) => String(Math.floor(number)).padStart(2, "0");
    return `${two(at / 3600)}:${two((at / 60) % 60)}:${two(at % 60)}`;
  }
  function tell() {
    const now = Math.floor(seen.frame);
    const fleet = say(grid ? "robots" : "vehicles", count(vehicles));
    const done = say(grid ? "errands" : "moves", count(head.done[now]));
    $("line").textContent = `${fleet} · ${clock(now)} · ${done}`;
    $("clock").textContent = clock(now);
    $("time").value = seen.frame;
    const counts = head.moods.map(() => 0);
    for (let v = 0; v < vehicles; v++) counts[moodAt(v)]++;
    document.querySelectorAll("#legend b").forEach((place, m) => (place.textContent = count(counts[m])));
    tip();
  }
  function tip() {
    const v = seen.follow >= 0 ? seen.follow : seen.hover;
    $("tip").hidden = v < 0;
    if (v < 0) return;
    const now = Math.floor(seen.frame);
    const mood = moodAt(v);
    let same = 0;
    while (same < now && moodAt(v, now - same - 1) === mood) same++;
    const goal = goalOf(v);
    const place = (x, y) =>
      grid ? `${say("row")} ${Math.floor(y)}, ${say("column")} ${Math.floor(x)}`.replaceAll(/\s*[（(][^）)]*[）)]/g, "")
        : `${x.toFixed(1)}, ${(head.top - y).toFixed(1)} m`;
    const name = head.names[v] || `${say("robot")} ${v}`;
    $("tip").textContent = [
      `${name} · ${place(...placeOf(v))}`,
      `${say(head.moods[mood].word)} ${say("since", clock(now - same))}`,
      goal ? `${say("goal")}: ${place(...goal)}` : say("no goal"),
    ].join("\n");
    const [x, y] = placeOf(v);
    const [at, below] = [(x - view.x) * view.scale + 14, (y - view.y) * view.scale + 14];
    $("tip").style.left = `${Math.max(4, Math.min(at, canvas.clientWidth - $("tip").offsetWidth - 8))}px`;
    $("tip").style.top = `${Math.max(4, Math.min(below, canvas.clientHeight - $("tip").offsetHeight - 8))}px`;
  }
  function words() {
    $("title").textContent = head.titles[lang()];
    canvas.setAttribute("aria-label", head.titles[lang()]);
    document.querySelectorAll("[data-word]").forEach((place) => (place.textContent = say(place.dataset.word)));
    $("language").textContent = lang() === "en" ? "中文" : "English";
    $("play").textContent = seen.playing ? `❚❚ ${say("pause")}` : `▶ ${say("play")}`;
    $("legend").replaceChildren(
      ...head.moods.map((mood) => sign(mood.word, mood.colour, true)),
      ...(head.parking.length ? [sign("parking", palette.edge, false)] : []),
      ...(head.charging.length ? [sign("charger", "#e69f00", false)] : []),
    );
    const kind = grid ? "cells" : "nodes";
    const heats = { off: "heat off", waiting: "heat waiting", visits: `heat visits ${kind}` };
    $("heat").replaceChildren(...Object.entries(heats).map(([value, word]) => new Option(say(word), value)));
    $("heat").value = seen.heat;
    $("bar").hidden = seen.heat === "off";
    if (seen.heat !== "off") {
      const end = head.heat[seen.heat];
      const ramp = document.createElement("div");
      ramp.className = "scale";
      ramp.style.background = `linear-gradient(to right, ${palette.shades.join(",")})`;
      const ends = document.createElement("div");
      ends.className = "ends";
      ends.append(spanOf("0"), spanOf(end >= 10 ? count(Math.round(end)) : String(end)));
      $("bar").replaceChildren(spanOf(say(heats[seen.heat])), ramp, ends);
    }
  }
  function spanOf(text) {
    const made = document.createElement("span");
    made.textContent = text;
    return made;
  }
  function sign(word, colour, counted) {
    const item = document.createElement("li");
    const mark = document.createElement("i");
    if (counted) mark.style.background = colour;
    else mark.className = "place", (mark.style.borderColor = colour);
    item.append(mark, spanOf(say(word)));
    if (counted) item.append(document.createElement("b"));
    return item;
  }

  // Time, and hands.
  let asked = false;
  let last = 0;
  function ask() {
    if (!asked) (asked = true), requestAnimationFrame(tick);
  }
  function tick(now) {
    asked = false;
    if (seen.playing) {
      const perSecond = grid ? speed : speed / head.tick;
      seen.frame += (Math.max(0, Math.min(now - last, 100)) / 1000) * perSecond;
      if (seen.frame >= frames - 1) (seen.frame = frames - 1), play(false);
      else ask();
    }
    last = now;
    draw();
  }
  function play(on) {
    if (on && seen.frame >= frames - 1) seen.frame = 0;
    seen.playing = on;
    last = performance.now();
    words();
    ask();
  }
  function go(frame) {
    play(false);
    seen.frame = Math.max(0, Math.min(frames - 1, frame));
    ask();
  }
  function nearest(event) {
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let [found, best] = [-1, Math.max(size(), 9) ** 2];
    for (let v = 0; v < vehicles; v++) {
      const [vx, vy] = placeOf(v);
      const far = ((vx - view.x) * view.scale - x) ** 2 + ((vy - view.y) * view.scale - y) ** 2;
      if (far < best) (best = far), (found = v);
    }
    return found;
  }
  let drag = null;
  canvas.addEventListener("pointerdown", (event) => {
    drag = { x: event.clientX, y: event.clientY, moved: false };
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (drag) {
      const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
      if (!drag.moved && Math.hypot(dx, dy) < 4) return;
      Object.assign(drag, { x: event.clientX, y: event.clientY, moved: true });
      seen.follow = -1;
      view.x -= dx / view.scale;
      view.y -= dy / view.scale;
      ask();
    } else {
      const found = nearest(event);
      if (found !== seen.hover) (seen.hover = found), ask();
    }
  });
  canvas.addEventListener("pointerup", (event) => {
    if (drag && !drag.moved) {
      const found = nearest(event);
      seen.follow = found === seen.follow ? -1 : found;
      ask();
    }
    drag = null;
  });
  canvas.addEventListener("pointerleave", () => ((seen.hover = -1), ask()));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const before = [view.x + x / view.scale, view.y + y / view.scale];
    view.scale = Math.max(0.5, Math.min(200, view.scale * Math.exp(-event.deltaY / 500)));
    [view.x, view.y] = [before[0] - x / view.scale, before[1] - y / view.scale];
    ask();
  }, { passive: false });
  document.addEventListener("keydown", (event) => {
    if (["SELECT", "INPUT", "BUTTON"].includes(event.target.tagName)) return;
    if (event.key === " ") event.preventDefault(), play(!seen.playing);
    else if (event.key === "ArrowRight") go(Math.floor(seen.frame) + 1);
    else if (event.key === "ArrowLeft") go(Math.ceil(seen.frame) - 1);
  });
  $("play").addEventListener("click", () => play(!seen.playing));
  $("fit").addEventListener("click", fit);
  $("time").max = frames - 1;
  $("time").addEventListener("input", () => go(Number($("time").value)));
  $("goals").checked = seen.goals;
  $("goals").addEventListener("change", () => ((seen.goals = $("goals").checked), ask()));
  $("heat").addEventListener("change", () => ((seen.heat = $("heat").value), words(), ask()));
  $("speed").replaceChildren(...speeds.map((value) => new Option(grid ? `${value}/s` : `${value} ×`, value)));
  $("speed").value = speed;
  $("speed").addEventListener("change", () => (speed = Number($("speed").value)));
  $("language").addEventListener("click", () => ((root.lang = lang() === "en" ? "zh-CN" : "en"), words(), ask()));
  $("theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    repaint();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  repaint();
  new ResizeObserver(() => {
    pixels = devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * pixels);
    canvas.height = Math.round(canvas.clientHeight * pixels);
    fit();
    draw(); // at once: a canvas of a new size is blank
  }).observe(canvas);
  if (!matchMedia("(prefers-reduced-motion: reduce)").matches) play(true);
})();
