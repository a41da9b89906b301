"""Writes tests/vectors/ anew from the oracle; every expected result is stated here and checked there."""

import vectors
import vectors_card
import vectors_custody
import vectors_evidence
import vectors_group
import vectors_inner
import vectors_manifest
import vectors_open
import vectors_pairing
import vectors_session
import vectors_small


def make():
    """All vectors: a text for each path."""
    vectors.made.clear()
    for module in (
        vectors_open, vectors_inner, vectors_card, vectors_small, vectors_group, vectors_session, vectors_manifest,
        vectors_evidence, vectors_custody, vectors_pairing,
    ):
        module.make()
    return dict(vectors.made)


def main():
    made = make()
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for stale in set(vectors.ROOT.glob("*/*.json")) - made.keys():
        stale.unlink()
    negative = sum('"error":' in text for text in made.values())
    print(f"{len(made)} vectors, {100 * negative // len(made)} % negative")


if __name__ == "__main__":
    main()
