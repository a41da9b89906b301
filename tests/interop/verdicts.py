"""The form in which a vector says how something ended."""

from names import ZegelError


def error(name):
    return {"error": name, "code": ZegelError.number_of(name)}


def hexed(value):
    """JSON-ready: bytes in hex, all the way down."""
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, dict):
        return {k: hexed(v) for k, v in value.items()}
    return [hexed(v) for v in value] if isinstance(value, (list, tuple)) else value


def verdict(call, *arguments):
    """`{"ok": ...}` or the error of SPEC §14."""
    try:
        return {"ok": hexed(call(*arguments))}
    except ZegelError as err:
        return error(err.name)
