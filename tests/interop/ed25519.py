"""Ed25519 from RFC 8032's formulas, with the hedged nonce of SPEC §5.3.

Slow and not constant time: it makes and checks test vectors, and holds no secret worth keeping.
"""

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
IDENTITY = (0, 1, 1, 0)


def add(a, b):
    """RFC 8032 §5.1.4, extended homogeneous coordinates."""
    aa = (a[1] - a[0]) * (b[1] - b[0]) % P
    bb = (a[1] + a[0]) * (b[1] + b[0]) % P
    cc, dd = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = bb - aa, dd - cc, dd + cc, bb + aa
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar, point):
    result = IDENTITY
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def equal(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def encode(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(bytes32, strict=True):
    """The point, or None. Not strict: y is taken modulo P and the sign of x = 0 is ignored."""
    y = int.from_bytes(bytes32, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        if strict:
            return None
        y -= P
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (v * x * x - u) % P:
        return None
    if x == 0 and sign and strict:
        return None
    if x & 1 != sign:
        x = -x % P
    return (x, y, 1, x * y % P)


def low_order(point):
    return equal(multiply(8, point), IDENTITY)


BASE = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def expand(seed):
    """The clamped scalar and the nonce prefix of a seed (RFC 8032 §5.1.5)."""
    h = hashlib.sha512(seed).digest()
    return int.from_bytes(h[:32], "little") & (1 << 254) - 8 | 1 << 254, h[32:]


def public(seed):
    return encode(multiply(expand(seed)[0], BASE))


def sign_with_prefix(seed, prefix, message):
    """RFC 8032 §5.1.6 with the nonce prefix given."""
    scalar, key = expand(seed)[0], public(seed)
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % L
    big_r = encode(multiply(r, BASE))
    k = int.from_bytes(hashlib.sha512(big_r + key + message).digest(), "little") % L
    return big_r + ((r + k * scalar) % L).to_bytes(32, "little")


def verify_strict(key, message, signature):
    """SPEC §5.3: canonical A, R and S; A and R not of low order; the equation without the cofactor."""
    a, r = decode(key), decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or a is None or r is None or s >= L or low_order(a) or low_order(r):
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    return equal(multiply(s, BASE), add(r, multiply(k, a)))
