"""A run that is watched: it tells what happens, goes at the pace that is asked for, and knows nothing of who looks."""
