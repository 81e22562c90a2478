"""The file systems of an image: `image` draws them, `footprint` counts their sectors, `lookup` finds files in them."""
