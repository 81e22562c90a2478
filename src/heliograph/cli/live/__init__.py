"""`heliograph run --live`: the run here, and a process of its own for the page, so that viewers cost it nothing.

    this process: the run ──► spool (a file) ──► the other one: series, record so far ──► browsers
                       ◄── orders (a socket) ◄──

The other one ends when the socket closes, whatever has become of this one.
"""
