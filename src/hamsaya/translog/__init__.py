"""The transparency log: leaves, tree, proofs, checkpoints, cosignatures, witnesses, policies and audits. No IO."""

from hamsaya.translog.audit import audit_log
from hamsaya.translog.checkpoint import Checkpoint, parse_checkpoint
from hamsaya.translog.cosignature import (
    cosign,
    log_vkeys,
    open_checkpoint,
    sign_checkpoint,
    verify_note,
    witness_vkeys,
)
from hamsaya.translog.leaf import leaf_entry
from hamsaya.translog.note import Note, NoteSignature, VKey, add_signatures, parse_note, parse_vkey
from hamsaya.translog.policy import Policy, parse_policy, policy_text, quorum
from hamsaya.translog.proof import Proof, parse_proof, verify_proof
from hamsaya.translog.tiles import Tile, entry_bundle, hash_tile, layout, parse_bundle, parse_path
from hamsaya.translog.tree import EMPTY_ROOT, Tree, leaf_hash, node_hash, verify_consistency, verify_inclusion
from hamsaya.translog.witness import (
    NEVER,
    AddCheckpoint,
    Answer,
    Seen,
    accept_cosignatures,
    add_checkpoint,
    encode_add_checkpoint,
    malformed,
    parse_add_checkpoint,
    parse_conflict,
)

__all__ = [
    "EMPTY_ROOT", "NEVER", "AddCheckpoint", "Answer", "Checkpoint", "Note", "NoteSignature", "Policy", "Proof", "Seen",
    "Tile", "Tree", "VKey", "accept_cosignatures", "add_checkpoint", "add_signatures", "audit_log", "cosign",
    "encode_add_checkpoint", "entry_bundle", "hash_tile", "layout", "leaf_entry", "leaf_hash", "log_vkeys", "malformed",
    "node_hash", "open_checkpoint", "parse_add_checkpoint", "parse_bundle", "parse_checkpoint", "parse_conflict",
    "parse_note", "parse_path", "parse_policy", "parse_proof", "parse_vkey", "policy_text", "quorum", "sign_checkpoint",
    "verify_consistency", "verify_inclusion", "verify_note", "verify_proof", "witness_vkeys",
]
