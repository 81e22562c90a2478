"""The plant: what a workshop is made of, where everything stands, and whether that makes sense."""

from __future__ import annotations

from heliograph.plant.model import Plant
from heliograph.plant.read import PlantFiles, read_plant
from heliograph.plant.roadmap import Roadmap

__all__ = ["Plant", "PlantFiles", "Roadmap", "read_plant"]
