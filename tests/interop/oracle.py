"""A second Zegel, in Python on python-cwt and pyhpke: writes and reads every form of SPEC §4 to §12.

It shares no line with the Rust code. What both accept and both refuse is what SPEC.md says. This face gathers
what its users need; each form has a file of its own.
"""

from card import (
    LABEL, STATUS, Card, claims, issue_card, read_card, sig_structure, signing_key, verifying_key,
)
from envelope import (
    HPKE_INFO, envelope_aad, group_aad, read_statement, seal, seal_group, sign, statement_aad,
)
from evidence import (
    evidence, introduction, manifest_proof, read_introduction, verify_evidence,
)
from guard import UNLIMITED, Guard, Policy
from names import Identity, KemKey, ZegelError, ed25519_id, x25519_thumbprint
from receiver import Receiver
from session import manifest_aad, message_aad
from shape import ALG_CHACHA, ALG_ED25519, ALG_HPKE_4, ALG_HPKE_4_KE
