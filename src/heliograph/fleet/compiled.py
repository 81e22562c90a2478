"""How the kernels are compiled: `entry` for those that Python calls, `inner` for those that only kernels call.

Inner kernels get no wrapper for calls from Python: unpacking the world's arrays anew in each of them would be most of
what the compiler has to do. Both are kept on disk after the first time.
"""

from __future__ import annotations

from numba import njit

__all__ = ["entry", "inner"]

entry = njit(cache=True, error_model="numpy", no_cfunc_wrapper=True)
inner = njit(cache=True, error_model="numpy", no_cfunc_wrapper=True, no_cpython_wrapper=True, _nrt=False)
