"""Refuse to start when the installed library cannot do what the protocol promises."""

from __future__ import annotations

from cryptography import __version__ as library_version
from cryptography.hazmat.backends.openssl.backend import backend

from hamsaya.base.errors import OperatorError


def require_post_quantum() -> None:
    """Return when ML-KEM and ML-DSA work in this process.

    Raises:
        OperatorError: the installed ``cryptography`` lacks one of them (a distribution's build may).
    """
    missing = [
        name
        for name, supported in (("ML-KEM", backend.mlkem_supported()), ("ML-DSA", backend.mldsa_supported()))
        if not supported
    ]
    if missing:
        raise OperatorError(
            f"the installed cryptography {library_version} lacks {' and '.join(missing)}; "
            "install the wheel from PyPI (pip install --force-reinstall 'cryptography>=50') and start again",
            code="no-post-quantum",
        )
