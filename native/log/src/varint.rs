//! Numbers of variable length, as rows of tables hold them: seven bits a byte, lowest first, the
//! top bit set on all but the last. See FORMAT.md, "Rows".

/// Appends a number.
pub(crate) fn put_varint(into: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        into.push(low_bits(value) | 0x80);
        value >>= 7;
    }
    into.push(low_bits(value));
}

fn low_bits(value: u64) -> u8 {
    u8::try_from(value & 0x7F).unwrap_or_default()
}

/// Appends bytes behind their count.
pub(crate) fn put_bytes(into: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(into, bytes.len() as u64);
    into.extend_from_slice(bytes);
}

/// Takes a row apart from its front; `None` where the bytes end early or say nonsense.
pub(crate) struct RowReader<'a> {
    rest: &'a [u8],
}

impl<'a> RowReader<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    pub fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    pub fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for nth in 0..10 {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if nth == 9 && bits > 1 {
                return None;
            }
            value |= bits << (7 * nth);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// A number that fits in a smaller type.
    pub fn small<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(self.varint()?).ok()
    }

    /// A count of things that take at least a byte each, so that nonsense asks for no memory.
    pub fn count(&mut self) -> Option<usize> {
        let count: usize = self.small()?;
        (count <= self.rest.len()).then_some(count)
    }

    pub fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*head)
    }

    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = self.count()?;
        let (head, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(head)
    }

    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_read_and_nonsense_is_nothing() {
        let values = [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX];
        let mut bytes = Vec::new();
        values.iter().for_each(|value| put_varint(&mut bytes, *value));
        put_bytes(&mut bytes, b"name");
        let mut reader = RowReader::new(&bytes);
        values.iter().for_each(|value| assert_eq!(reader.varint(), Some(*value)));
        assert_eq!(reader.bytes(), Some(&b"name"[..]));
        assert!(reader.is_at_end());
        assert_eq!(RowReader::new(&[0xFF; 11]).varint(), None);
        assert_eq!(RowReader::new(&[0x80]).varint(), None);
        assert_eq!(RowReader::new(&[5, 1]).bytes(), None);
    }
}
