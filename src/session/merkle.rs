//! The Merkle tree over a block of a session (RFC 9162 §2.1, SPEC §10.4): the frontier for who signs, which keeps no
//! message, and inclusion paths for who proves.

use crate::crypto::kdf::sha256_of_kind;
use crate::error::{Error, Result};
use crate::limits::MAX_BLOCK;

/// The hash of a leaf or a node.
pub(crate) type Hash = [u8; 32];

/// Most hashes of a path: the levels of a tree of 64 leaves.
pub(crate) const MAX_PATH: usize = 6;
/// Leaves of the largest tree.
const LEAVES: usize = 64;

/// The leaf of a statement: SHA-256(0x00 || what a one-shot signature would have covered).
pub(crate) fn leaf(signed: &[&[u8]]) -> Hash {
    sha256_of_kind(0, signed)
}

fn node(left: &Hash, right: &Hash) -> Hash {
    sha256_of_kind(1, &[left, right])
}

/// The complete subtrees of a growing tree: one hash for each level, and no leaf.
pub(crate) struct Frontier {
    nodes: [Hash; MAX_PATH + 1],
    count: u64,
}

impl Frontier {
    pub(crate) const fn new() -> Self {
        Self { nodes: [[0; 32]; MAX_PATH + 1], count: 0 }
    }

    /// How many leaves were added.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// Adds a leaf; [`Error::ManifestDue`] when the tree has 64.
    pub(crate) fn push(&mut self, leaf: Hash) -> Result<()> {
        if self.count >= MAX_BLOCK {
            return Err(Error::ManifestDue);
        }
        let mut hash = leaf;
        for (level, place) in self.nodes.iter_mut().enumerate() {
            if self.count >> level & 1 == 0 {
                *place = hash;
                break;
            }
            hash = node(place, &hash);
        }
        self.count = self.count.saturating_add(1);
        Ok(())
    }

    /// The root of the leaves so far; `None` without any.
    pub(crate) fn root(&self) -> Option<Hash> {
        let complete = self.nodes.iter().enumerate().filter(|(level, _)| self.count >> level & 1 == 1);
        complete.fold(None, |right, (_, left)| Some(right.map_or(*left, |right| node(left, &right))))
    }
}

/// The hashes beside the way from a leaf to the root.
#[derive(Clone, Copy)]
pub(crate) struct Path {
    hashes: [Hash; MAX_PATH],
    length: usize,
}

impl Path {
    pub(crate) const fn empty() -> Self {
        Self { hashes: [[0; 32]; MAX_PATH], length: 0 }
    }

    /// The path of the leaf at `index` of the leaves that `leaf` gives, `count` of them.
    pub(crate) fn new(index: u64, count: u64, mut leaf: impl FnMut(u64) -> Result<Hash>) -> Result<Self> {
        let mut nodes = [[0; 32]; LEAVES];
        let mut left = usize::try_from(count).map_err(|_| Error::TooLarge)?;
        for (place, number) in nodes.get_mut(..left).ok_or(Error::TooLarge)?.iter_mut().zip(0..) {
            *place = leaf(number)?;
        }
        let (mut index, mut path) = (usize::try_from(index).map_err(|_| Error::TooLarge)?, Self::empty());
        while left > 1 {
            if let Some(sibling) = nodes.get(..left).and_then(|level| level.get(index ^ 1)) {
                path.push(*sibling)?;
            }
            left = level_up(&mut nodes, left)?;
            index /= 2;
        }
        Ok(path)
    }

    pub(crate) fn push(&mut self, hash: Hash) -> Result<()> {
        *self.hashes.get_mut(self.length).ok_or(Error::Malformed)? = hash;
        self.length = self.length.saturating_add(1);
        Ok(())
    }

    pub(crate) fn hashes(&self) -> &[Hash] {
        self.hashes.get(..self.length).unwrap_or_default()
    }

    /// The root that this path gives for `leaf` at `index` of `count` (RFC 9162 §2.1.3.2); `None` when it has
    /// not exactly the hashes that belong there.
    pub(crate) fn root(&self, leaf: Hash, index: u64, count: u64) -> Option<Hash> {
        let (mut index, mut last) = (index, count.checked_sub(1)?);
        if index > last {
            return None;
        }
        let mut hash = leaf;
        for sibling in self.hashes() {
            if last == 0 {
                return None;
            }
            if index & 1 == 1 || index == last {
                hash = node(sibling, &hash);
                while index & 1 == 0 && index != 0 {
                    (index, last) = (index >> 1, last >> 1);
                }
            } else {
                hash = node(&hash, sibling);
            }
            (index, last) = (index >> 1, last >> 1);
        }
        (last == 0).then_some(hash)
    }
}

/// Replaces a level of a tree by the one above it, and gives how many nodes that has.
fn level_up(nodes: &mut [Hash; LEAVES], count: usize) -> Result<usize> {
    let above = count.div_ceil(2);
    for place in 0..above {
        let left = place.checked_mul(2).ok_or(Error::TooLarge)?;
        let pair = nodes.get(left..count).and_then(|rest| rest.first_chunk::<2>());
        let hash = match pair {
            Some([left, right]) => node(left, right),
            // The last one without a partner goes up as it is.
            None => *nodes.get(left).ok_or(Error::TooLarge)?,
        };
        *nodes.get_mut(place).ok_or(Error::TooLarge)? = hash;
    }
    Ok(above)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::kdf::sha256;
    use serde_json::Value;
    use std::string::String;
    use std::vec::Vec;
    use std::{format, fs};

    /// RFC 9162 §2.1.1, as it is written there.
    fn mth(leaves: &[Hash]) -> Hash {
        match leaves {
            [leaf] => *leaf,
            _ => {
                let k = leaves.len().next_power_of_two() / 2;
                let (left, right) = leaves.split_at(k);
                node(&mth(left), &mth(right))
            }
        }
    }

    fn leaves(count: u8) -> Vec<Hash> {
        (0..count).map(|i| sha256(&[&[i]])).collect()
    }

    #[test]
    fn the_frontier_is_the_tree() {
        let mut frontier = Frontier::new();
        assert_eq!(frontier.root(), None);
        for (i, leaf) in leaves(64).into_iter().enumerate() {
            frontier.push(leaf).unwrap();
            assert_eq!(frontier.root(), Some(mth(&leaves(64)[..=i])), "{i}");
        }
        assert_eq!(frontier.push([0; 32]), Err(Error::ManifestDue));
    }

    #[test]
    fn every_path_leads_to_the_root_from_its_place_alone() {
        for count in 1..=64u8 {
            let all = leaves(count);
            for index in 0..u64::from(count) {
                let path = Path::new(index, u64::from(count), |i| Ok(all[i as usize])).unwrap();
                let root = |leaf, index, count| path.root(leaf, index, count);
                let leaf = all[index as usize];
                assert_eq!(root(leaf, index, u64::from(count)), Some(mth(&all)));
                assert_ne!(root([9; 32], index, u64::from(count)), Some(mth(&all)));
                for other in (0..u64::from(count)).filter(|other| *other != index) {
                    assert_ne!(root(leaf, other, u64::from(count)), Some(mth(&all)));
                }
                let mut longer = path;
                if longer.push([0; 32]).is_ok() {
                    assert_eq!(longer.root(leaf, index, u64::from(count)), None);
                }
            }
        }
    }

    #[test]
    fn merkle_vectors() {
        let run = |input: &Value| {
            let leaves = hashes(&input["leaves"]);
            let mut frontier = Frontier::new();
            leaves.iter().for_each(|leaf| frontier.push(*leaf).unwrap());
            let place = input["place"].as_u64().unwrap();
            let path = Path::new(place, frontier.count(), |i| Ok(leaves[i as usize])).unwrap();
            (frontier.root().unwrap(), Vec::from(path.hashes()))
        };
        for_each("merkle", 14, |input, expect| {
            let ok = &expect["ok"];
            assert_eq!(run(input), (hash(&ok["root"]), hashes(&ok["path"])));
        });
    }

    #[test]
    fn inclusion_vectors() {
        let run = |input: &Value| {
            let mut path = Path::empty();
            hashes(&input["path"]).into_iter().try_for_each(|hash| path.push(hash))?;
            let number = |field: &str| input[field].as_u64().unwrap();
            let root = path.root(hash(&input["leaf"]), number("place"), number("count"));
            if root == Some(hash(&input["root"])) { Ok(()) } else { Err(Error::Rejected) }
        };
        for_each("inclusion", 15, |input, expect| match run(input) {
            Ok(()) => assert_eq!(expect["ok"], Value::Object(Default::default())),
            Err(error) => assert_eq!(expect["error"], error.name()),
        });
    }

    /// Shows each vector of a kind; `tests/vectors/README.md` says what is in them.
    fn for_each(kind: &str, least: usize, check: impl Fn(&Value, &Value)) {
        let folder = format!("{}/tests/vectors/{kind}", env!("CARGO_MANIFEST_DIR"));
        let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(files.len() >= least, "{} of at least {least} {kind} vectors", files.len());
        for file in files {
            let vector: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
            std::println!("{}", vector["name"]);
            check(&vector["input"], &vector["expect"]);
        }
    }

    fn hashes(value: &Value) -> Vec<Hash> {
        value.as_array().unwrap().iter().map(hash).collect()
    }

    fn hash(value: &Value) -> Hash {
        let digits: String = value.as_str().unwrap().into();
        core::array::from_fn(|i| u8::from_str_radix(&digits[2 * i..2 * i + 2], 16).unwrap())
    }
}
