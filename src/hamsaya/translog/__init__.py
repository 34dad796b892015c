"""The transparency log, without IO: C2SP tlog formats over RFC 9162 trees.

``tree`` and ``leaf`` hash, ``tiles`` names files, ``note``, ``checkpoint`` and ``cosignature`` sign,
``witness`` decides whether to cosign, ``proof`` is the receipt, ``policy`` the quorum, ``audit`` checks a
whole log.
"""
