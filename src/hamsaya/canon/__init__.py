"""Values to and from the exact bytes that are hashed or signed."""

from hamsaya.canon.cbor import decode, digest, encode, tagged

__all__ = ["decode", "digest", "encode", "tagged"]
