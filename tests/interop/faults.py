"""Encoding faults for vectors: finds every head of a CBOR item and writes it longer or without an end."""


def heads(data, at=0):
    """Every head below `at`, in order: (offset, size of the head, major type, argument, end of the item)."""
    first = data[at]
    major, info = first >> 5, first & 31
    size = {24: 2, 25: 3, 26: 5, 27: 9}.get(info, 1)
    argument = info if size == 1 else int.from_bytes(data[at + 1 : at + size], "big")
    here, end = [], at + size
    if major in (2, 3):
        end += argument
    for _ in range({4: argument, 5: 2 * argument, 6: 1}.get(major, 0)):
        below = heads(data, end)
        here += below
        end = below[0][4]
    return [(at, size, major, argument, end), *here]


def longer(data, head, width=None):
    """The same item with this head one step longer, or `width` argument bytes long."""
    at, size, major, argument, _ = head
    width = width or {1: 1, 2: 2, 3: 4, 5: 8}[size]
    wide = bytes([major << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[width]]) + argument.to_bytes(width, "big")
    return data[:at] + wide + data[at + size :]


def indefinite(data, head):
    """The same string, array or map with an indefinite length."""
    at, size, major, _, end = head
    content = data[at:end] if major in (2, 3) else data[at + size : end]
    return data[:at] + bytes([major << 5 | 31]) + content + b"\xff" + data[end:]


def encoding_faults(data, names):
    """(name, what, bytes) of every head written one step longer, and every string, array and map unended."""
    found = heads(data)
    assert len(found) == len(names), (len(found), names)
    for head, name in zip(found, names):
        if head[2] == 7:
            continue
        yield f"longer-{name}", f"the head of {name} is not the shortest", longer(data, head)
        if 2 <= head[2] <= 5:
            yield f"indefinite-{name}", f"{name} has an indefinite length", indefinite(data, head)
