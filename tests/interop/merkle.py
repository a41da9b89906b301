"""Merkle trees of RFC 9162 §2.1 over leaves that are hashed already (SPEC §10.4, §11.1)."""

import hashlib

from shape import require


def leaf(to_be_signed):
    """SPEC §10.3: the leaf of what a one-shot signature would have covered."""
    return hashlib.sha256(b"\x00" + to_be_signed).digest()


def node(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(count):
    """The largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1


def root(leaves):
    """RFC 9162 §2.1.1."""
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node(root(leaves[:k]), root(leaves[k:]))


def path(leaves, place):
    """RFC 9162 §2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if place < k:
        return [*path(leaves[:k], place), root(leaves[k:])]
    return [*path(leaves[k:], place - k), root(leaves[:k])]


def climb(hash_, place, count, steps):
    """RFC 9162 §2.1.3.2: the root of `count` leaves from the one at `place` and its path."""
    require(place < count, "Rejected", "place beyond the block")
    last = count - 1
    for step in steps:
        require(last > 0, "Rejected", "path too long")
        if place & 1 or place == last:
            hash_ = node(step, hash_)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            hash_ = node(hash_, step)
        place, last = place >> 1, last >> 1
    require(last == 0, "Rejected", "path too short")
    return hash_
