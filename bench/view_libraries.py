"""What draws the floor cheapest without a graphics card: the browser's 2D canvas, PixiJS, or Konva.

    python bench/view_libraries.py [--vehicles 186,10000] [--seconds 4]

Each draws the same in headless Chromium: a floor of 300 lines, kept as a picture, and over it vehicles that move and
turn in every frame, on 980 x 660 pixels. Told is the processor time of all of Chromium's processes for a frame, and the
frames shown in a second. The libraries are fetched by npm into a folder that goes afterwards; node is needed.

- canvas: pictures made beforehand, drawn at each place; above 1,200 vehicles rectangles, as the page does; and the same
  with pictures alone.
- pixi: a sprite for each vehicle, its canvas renderer (WebGL is not there without a card).
- pixi by SwiftShader: the same by WebGL, which Chromium then computes, and composes the page by.
- konva: an image for each vehicle, on a layer of their own.

Not measured: a graphics card; text, names and everything else on the page.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from view_cells import FLAGS
from view_page import used_by_browser

PACKAGES = ("esbuild@0.28.2", "pixi.js@8.22.0", "konva@10.9.1")
SWIFTSHADER = ["--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
RIVALS: dict[str, tuple[str, list[str]]] = {
    "canvas": ("canvas.html?", []),
    "canvas, pictures alone": ("canvas.html?pictures=1&", []),
    "pixi": ("pixi.html?", []),
    "pixi by SwiftShader": ("pixi.html?webgl=1&", SWIFTSHADER),
    "konva": ("konva.html?", []),
}

COMMON = """
const asked = new URLSearchParams(location.search);
const [count, width, height] = [Number(asked.get("vehicles")), 980, 660];
const chance = () => Math.random();
const spot = () => [chance() * width, chance() * height];
const lines = Array.from({ length: 300 }, () => [...spot(), ...spot()]);
const x = Float32Array.from({ length: count }, () => chance() * width);
const y = Float32Array.from({ length: count }, () => chance() * height);
const turn = Float32Array.from({ length: count }, () => chance() * 2 * Math.PI);
const ground = "#f6f7f9", grey = "#888888", blue = "#0072b2";
const [long, high] = [14, 8];
function go(draw) {
  window.frames_ = 0;
  const frame = () => {
    for (let v = 0; v < count; v++) {
      turn[v] += 0.02;
      x[v] = (x[v] + 0.6 * Math.cos(turn[v]) + width) % width;
      y[v] = (y[v] + 0.6 * Math.sin(turn[v]) + height) % height;
    }
    draw();
    window.frames_++;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}
"""

CANVAS = """
const made = (wide, tall) => Object.assign(document.createElement("canvas"), { width: wide, height: tall });
const [shown, floor] = [made(width, height), made(width, height)];
document.body.append(shown);
const pen = shown.getContext("2d", { alpha: false });
const floorPen = floor.getContext("2d");
floorPen.fillStyle = ground;
floorPen.fillRect(0, 0, width, height);
floorPen.strokeStyle = grey;
for (const [a, b, c, d] of lines) {
  floorPen.moveTo(a, b);
  floorPen.lineTo(c, d);
}
floorPen.stroke();
const pictures = await Promise.all(Array.from({ length: 64 }, (_, i) => {
  const picture = made(20, 20);
  const brush = picture.getContext("2d");
  brush.translate(10, 10);
  brush.rotate((i * Math.PI) / 32);
  brush.fillStyle = blue;
  brush.fillRect(-long / 2, -high / 2, long, high);
  return createImageBitmap(picture);
}));
go(() => {
  pen.drawImage(floor, 0, 0);
  pen.fillStyle = blue;
  for (let v = 0; v < count; v++) {
    if (count > 1200 && !asked.get("pictures")) pen.fillRect(Math.round(x[v]), Math.round(y[v]), 4, 3);
    else pen.drawImage(pictures[Math.round((turn[v] * 32) / Math.PI) & 63], x[v] - 10, y[v] - 10);
  }
});
"""

PIXI = """
import { Application, Container, Graphics, Sprite } from "pixi.js";
const app = new Application();
const preference = asked.get("webgl") ? "webgl" : "canvas";
const once = { antialias: false, autoStart: false, sharedTicker: false };
await app.init({ preference, width, height, background: ground, ...once });
app.ticker.stop();
document.body.append(app.canvas);
const still = new Graphics();
for (const [a, b, c, d] of lines) still.moveTo(a, b).lineTo(c, d);
still.stroke({ color: grey, width: 1 });
const floor = new Container();
floor.addChild(still);
floor.cacheAsTexture(true);
app.stage.addChild(floor);
const texture = app.renderer.generateTexture(new Graphics().rect(0, 0, long, high).fill(blue));
const sprites = Array.from(x, () => {
  const sprite = new Sprite(texture);
  sprite.anchor.set(0.5);
  app.stage.addChild(sprite);
  return sprite;
});
go(() => {
  sprites.forEach((sprite, v) => {
    sprite.position.set(x[v], y[v]);
    sprite.rotation = turn[v];
  });
  app.render();
});
"""

KONVA = """
import Konva from "konva";
Konva.autoDrawEnabled = false;
const container = document.createElement("div");
document.body.append(container);
const stage = new Konva.Stage({ container, width, height });
const [floor, moving] = [new Konva.Layer({ listening: false }), new Konva.Layer({ listening: false })];
stage.add(floor, moving);
for (const points of lines) floor.add(new Konva.Line({ points, stroke: grey, strokeWidth: 1 }));
floor.draw();
const image = Object.assign(document.createElement("canvas"), { width: long, height: high });
const brush = image.getContext("2d");
brush.fillStyle = blue;
brush.fillRect(0, 0, long, high);
const middle = { offsetX: long / 2, offsetY: high / 2 };
const shape = { image, width: long, height: high, ...middle, listening: false, perfectDrawEnabled: false };
const vehicles = Array.from(x, () => {
  const vehicle = new Konva.Image(shape);
  moving.add(vehicle);
  return vehicle;
});
go(() => {
  vehicles.forEach((vehicle, v) => {
    vehicle.position({ x: x[v], y: y[v] });
    vehicle.rotation((turn[v] * 180) / Math.PI);
  });
  moving.draw();
});
"""


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--vehicles", default="186,10000")
    words.add_argument("--seconds", type=float, default=4)
    asked = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bundle(Path(folder))
        address = serving(Path(folder))
        with sync_playwright() as play:
            for rival, (query, flags) in RIVALS.items():
                browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS + flags)
                for count in asked.vehicles.split(","):
                    told = measured(browser, f"{address}/{query}vehicles={count}", asked.seconds)
                    print(f"{rival}, {count} vehicles: {told}")
                browser.close()


def bundle(folder: Path) -> None:
    """A page for each way to draw."""
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", *PACKAGES], cwd=folder, check=True)
    for name, script in (("canvas", CANVAS), ("pixi", PIXI), ("konva", KONVA)):
        imports = "".join(line + "\n" for line in script.splitlines() if line.startswith("import "))
        rest = "\n".join(line for line in script.splitlines() if not line.startswith("import "))
        (folder / f"{name}.src.js").write_text(imports + COMMON + rest)
        (folder / f"{name}.html").write_text(f'<body style="margin:0"><script type="module" src="{name}.js"></script>')
        words = [
            f"{name}.src.js",
            "--bundle",
            "--format=esm",
            "--minify",
            "--log-level=warning",
            f"--outfile={name}.js",
        ]
        subprocess.run(["npx", "esbuild", *words], cwd=folder, check=True)


def serving(folder: Path) -> str:
    """Serve a folder from a thread of this process; the address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def measured(browser: Browser, address: str, seconds: float) -> str:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(address)
    page.wait_for_function("window.frames_ > 3")
    before, began, first = used_by_browser(), time.perf_counter(), page.evaluate("frames_")
    page.wait_for_timeout(1000 * seconds)
    frames = page.evaluate("frames_") - first
    cpu, wall = used_by_browser() - before, time.perf_counter() - began
    page.close()
    return f"{1000 * cpu / frames:.1f} ms of processor a frame, {frames / wall:.0f} a second"


if __name__ == "__main__":
    main()
