"""Pictures of traffic: a still, a heat map, a film, a page that plays it."""

from __future__ import annotations

from heliograph.drawing.film import write_film
from heliograph.drawing.floor import floor_scene
from heliograph.drawing.grid import grid_scene
from heliograph.drawing.page import write_page
from heliograph.drawing.scene import Scene
from heliograph.drawing.still import write_heat, write_still

__all__ = ["Scene", "floor_scene", "grid_scene", "write_film", "write_heat", "write_page", "write_still"]
