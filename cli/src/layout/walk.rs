//! A walk over bytes that notes each field it passes.

use serde_json::{Value, json};

use crate::output::hex;

/// One field.
pub(crate) struct Field {
    pub(crate) offset: usize,
    pub(crate) bytes: Vec<u8>,
    pub(crate) name: &'static str,
    pub(crate) meaning: String,
}

/// All fields of an object, without holes and to its last byte.
pub(crate) struct Layout {
    pub(crate) fields: Vec<Field>,
    /// What was expected where the bytes stop fitting.
    pub(crate) wrong: Option<&'static str>,
}

impl Layout {
    /// For `--json`.
    pub(crate) fn json(&self) -> Value {
        self.fields
            .iter()
            .map(|field| {
                json!({ "offset": field.offset, "length": field.bytes.len(), "name": field.name,
                        "hex": hex(&field.bytes), "meaning": field.meaning })
            })
            .collect()
    }

    /// For people, a line per field.
    pub(crate) fn table(&self) -> String {
        let mut table = format!("{:>8} {:>8}  {:<22} bytes\n", "offset", "length", "field");
        for Field { offset, bytes, name, meaning } in &self.fields {
            let shown = bytes.get(..SHOWN.min(bytes.len())).unwrap_or_default();
            let dots = if bytes.len() > SHOWN { "…" } else { "" };
            let value = format!("{}{dots}  {meaning}", hex(shown));
            table.push_str(&format!("{offset:>8} {:>8}  {name:<22} {}\n", bytes.len(), value.trim_end()));
        }
        table.push_str(&format!("{:>8} {:>8}  in all\n", "", self.length()));
        table
    }

    /// The sum of all fields.
    pub(crate) fn length(&self) -> usize {
        self.fields.iter().map(|field| field.bytes.len()).sum()
    }

    /// The bytes of the first field with this name.
    pub(crate) fn find(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|field| field.name == name).map(|field| field.bytes.as_slice())
    }
}

/// Where we are.
pub(super) struct Walk<'b> {
    rest: &'b [u8],
    offset: usize,
    fields: Vec<Field>,
    expected: &'static str,
}

impl<'b> Walk<'b> {
    /// Walks `bytes` with `path`, and notes as one field whatever the path does not reach.
    pub(super) fn run(bytes: &'b [u8], path: impl FnOnce(&mut Self) -> Option<()>) -> Layout {
        let mut walk = Self { rest: bytes, offset: 0, fields: Vec::new(), expected: "" };
        let done = path(&mut walk).is_some();
        let wrong = match (done, walk.rest.is_empty()) {
            (true, true) => None,
            (true, false) => Some("the end"),
            (false, _) => Some(walk.expected),
        };
        if let Some(expected) = wrong {
            let rest = walk.rest.len();
            walk.note(rest, "not explained", format!("expected here: {expected}"));
        }
        Layout { fields: walk.fields, wrong }
    }

    /// Passes exactly these bytes.
    pub(super) fn exactly(&mut self, bytes: &[u8], name: &'static str, meaning: &str) -> Option<()> {
        self.expected = name;
        self.rest.strip_prefix(bytes)?;
        self.note(bytes.len(), name, meaning.into())
    }

    /// Passes `length` bytes, whatever they are.
    pub(super) fn any(
        &mut self,
        length: usize,
        name: &'static str,
        meaning: impl Into<String>,
    ) -> Option<()> {
        self.expected = name;
        self.note(length, name, meaning.into())
    }

    /// Passes an unsigned integer.
    pub(super) fn uint(&mut self, name: &'static str, meaning: impl FnOnce(u64) -> String) -> Option<u64> {
        self.expected = name;
        let (length, value) = self.head(0)?;
        self.note(length, name, meaning(value))?;
        Some(value)
    }

    /// Passes the head of a byte string, text, array or map, and gives its length.
    pub(super) fn length(&mut self, major: u8, name: &'static str) -> Option<usize> {
        self.expected = name;
        let (length, value) = self.head(major)?;
        let value = usize::try_from(value).ok()?;
        let kind = match major {
            BYTES => "bytes",
            TEXT => "text, bytes",
            ARRAY => "array of",
            _ => "map of",
        };
        self.note(length, name, format!("{kind} {value}"))?;
        Some(value)
    }

    /// What comes next, unpassed.
    pub(super) fn peek(&self, length: usize) -> Option<&'b [u8]> {
        self.rest.get(..length)
    }

    /// The head of an item of this kind, in its shortest form: its length and its argument.
    fn head(&self, major: u8) -> Option<(usize, u64)> {
        let (first, rest) = self.rest.split_first()?;
        if first >> 5 != major {
            return None;
        }
        let (extra, least) = match first & 31 {
            small @ 0..24 => return Some((1, small.into())),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            _ => return None,
        };
        let value = rest.get(..extra)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
        (value >= least).then_some((extra + 1, value))
    }

    fn note(&mut self, length: usize, name: &'static str, meaning: String) -> Option<()> {
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.fields.push(Field { offset: self.offset, bytes: bytes.into(), name, meaning });
        self.offset = self.offset.checked_add(length)?;
        self.rest = rest;
        Some(())
    }
}

pub(super) const BYTES: u8 = 2;
pub(super) const TEXT: u8 = 3;
pub(super) const ARRAY: u8 = 4;
/// Bytes shown to people.
const SHOWN: usize = 32;

#[cfg(test)]
mod tests {
    use crate::layout::{card, envelope, inside};

    #[test]
    fn any_bytes_are_covered_once_and_to_the_end() {
        let mut random = 0x2545_f491_4f6c_dd1d_u64;
        let starts = [
            &b""[..],
            b"\xd0\x83\x44\xa1\x01\x18\x2a\xa2\x04\x48",
            b"\xd2\x84\x43\xa1\x01\x32",
            b"\x84\x43\xa1\x01\x32",
        ];
        for round in 0..4_000_usize {
            let mut bytes = starts[round % 4].to_vec();
            for _ in 0..round % 97 {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                bytes.push(random as u8);
            }
            for layout in [envelope(&bytes), card(&bytes), inside(&bytes)] {
                let whole: Vec<u8> = layout.fields.iter().flat_map(|field| field.bytes.clone()).collect();
                assert_eq!(whole, bytes);
                assert_eq!(layout.length(), bytes.len());
                assert!(layout.wrong.is_some());
            }
        }
    }
}
