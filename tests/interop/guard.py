"""What a receiver takes once, and what it wants at all: SPEC §7.3 (the exact guard) and §7.5."""

import hashlib
from dataclasses import dataclass, field

from names import ZegelError, cbor
from shape import require


def stream(sender, audience):
    """SPEC §6.2."""
    return sender, hashlib.sha256(cbor(list(audience))).digest()


@dataclass
class Guard:
    """One stream: the digests taken, by number."""

    taken: dict = field(default_factory=dict)
    next: int = 0

    def look(self, number, digest):
        """Raises what the guard would say; changes nothing."""
        if number in self.taken:
            raise ZegelError("Duplicate" if self.taken[number] == digest else "Conflict")

    def take(self, number, digest):
        self.look(number, digest)
        self.taken[number] = digest
        late = number < self.next
        missing = [self.next, number - 1] if number > self.next else None
        self.next = max(self.next, number + 1)
        return {"missing": missing, "late": late}


@dataclass(frozen=True)
class Policy:
    """SPEC §7.5; None does not limit."""

    max_age: int | None = 31 * 86400
    max_skew: int | None = 300
    max_jump: int | None = 1 << 20

    def ask(self, now, time, next, number):
        if now is not None and time is not None:
            require(self.max_age is None or now - time <= self.max_age, "Stale")
            require(self.max_skew is None or time - now <= self.max_skew, "Ahead")
        require(self.max_jump is None or number - next <= self.max_jump, "Jump")


UNLIMITED = Policy(None, None, None)
