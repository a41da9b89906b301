"""What every reader of the oracle says of a shape: one line that holds, or the error of SPEC §14."""

import cbor2

from names import MAX_NUMBER, ZegelError, cbor, strict

ALG_HPKE_4 = cbor({1: 42})
ALG_HPKE_4_KE = cbor({1: 50})
ALG_CHACHA = cbor({1: 24})
ALG_ED25519 = cbor({1: -19})


def require(condition, error, why=""):
    if not condition:
        raise ZegelError(error, why)


def is_uint(value, most=MAX_NUMBER, least=0):
    return type(value) is int and least <= value <= most


def is_bytes(value, length=None):
    return type(value) is bytes and (length is None or len(value) == length)


def is_list(value, least, most=None):
    return type(value) is list and least <= len(value) <= (least if most is None else most)


def tagged(data, number, items, error="Malformed"):
    """The array of `items` items under tag `number` whose one encoding `data` is."""
    tag = strict(data, error)
    require(isinstance(tag, cbor2.CBORTag) and tag.tag == number, error, f"tag {number}")
    require(is_list(tag.value, items), error, f"{items} items")
    return tag.value


def headers(value, lengths, error="Malformed"):
    """An unprotected header with exactly these labels, each a byte string of a length that is listed."""
    require(type(value) is dict and set(value) == set(lengths), error, "unprotected header")
    for label, allowed in lengths.items():
        require(is_bytes(value[label]) and len(value[label]) in allowed, error, f"header {label}")
    return value


def sign1(value, error):
    """The kid, payload and signature of a COSE_Sign1's four items (SPEC §4.2, §8.1, §10.4)."""
    require(is_list(value, 4), error, "COSE_Sign1")
    require(value[0] == ALG_ED25519 and type(value[0]) is bytes, error, "protected header")
    headers(value[1], {4: [8]}, error)
    require(is_bytes(value[2]) and is_bytes(value[3], 64), error, "payload, signature")
    return value[1][4], value[2], value[3]


def ascending(ids):
    """Byte strings of 32 bytes in ascending order, each once."""
    return all(is_bytes(i, 32) for i in ids) and all(a < b for a, b in zip(ids, ids[1:]))
