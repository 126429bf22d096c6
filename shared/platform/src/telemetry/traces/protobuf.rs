//! As much of Protocol Buffers' wire format as a trace needs: it is written, never read, but for one number.

/// A message that is being written.
#[derive(Debug, Default)]
pub(super) struct Message(Vec<u8>);

const VARINT: u64 = 0;
const FIXED_64: u64 = 1;
const BYTES: u64 = 2;
const FIXED_32: u64 = 5;

impl Message {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// A whole number that is never negative, an enumeration's value or a boolean.
    pub(super) fn varint(&mut self, field: u64, number: u64) {
        self.raw_varint(field << 3 | VARINT);
        self.raw_varint(number);
    }

    pub(super) fn fixed64(&mut self, field: u64, number: u64) {
        self.raw_varint(field << 3 | FIXED_64);
        self.0.extend(number.to_le_bytes());
    }

    pub(super) fn fixed32(&mut self, field: u64, number: u32) {
        self.raw_varint(field << 3 | FIXED_32);
        self.0.extend(number.to_le_bytes());
    }

    /// Bytes or a text.
    pub(super) fn bytes(&mut self, field: u64, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        self.raw_varint(field << 3 | BYTES);
        self.raw_varint(bytes.len() as u64);
        self.0.extend(bytes);
    }

    /// A message within this one.
    pub(super) fn message(&mut self, field: u64, write: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        write(&mut inner);
        self.bytes(field, inner.0);
    }

    fn raw_varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.0.push(number.to_le_bytes()[0]);
    }
}

/// A field's content, as [`find`] gives it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<'m> {
    Number(u64),
    Bytes(&'m [u8]),
}

/// The first field of that number in `message`, where it is a varint or has a length; `None` also where the message
/// cannot be read that far.
pub(super) fn find(mut message: &[u8], wanted: u64) -> Option<Found<'_>> {
    while !message.is_empty() {
        let key = read_varint(&mut message)?;
        let found = match key & 7 {
            VARINT => Some(Found::Number(read_varint(&mut message)?)),
            BYTES => {
                let length = read_varint(&mut message)?.try_into().ok()?;
                Some(Found::Bytes(message.split_off(..length)?))
            }
            FIXED_64 => message.split_off(..8).map(|_| None)?,
            FIXED_32 => message.split_off(..4).map(|_| None)?,
            _ => return None,
        };
        if key >> 3 == wanted {
            return found;
        }
    }
    None
}

fn read_varint(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *message.split_off_first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_those_of_the_specification() {
        // The examples of the encoding guide: 150 in field 1, "testing" in field 2, a message of the first in field 3.
        let mut message = Message::default();
        message.varint(1, 150);
        message.bytes(2, "testing");
        message.message(3, |inner| inner.varint(1, 150));
        message.fixed32(4, 1);
        message.fixed64(5, 2);
        let bytes = message.into_bytes();
        let expected = [
            [0x08, 0x96, 0x01].as_slice(),
            &[0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67],
            &[0x1a, 0x03, 0x08, 0x96, 0x01],
            &[0x25, 1, 0, 0, 0],
            &[0x29, 2, 0, 0, 0, 0, 0, 0, 0],
        ];
        assert_eq!(bytes, expected.concat());
        assert_eq!(find(&bytes, 1), Some(Found::Number(150)));
        assert_eq!(find(&bytes, 2), Some(Found::Bytes(b"testing")));
        assert_eq!((find(&bytes, 4), find(&bytes, 9)), (None, None));
        for cut in 0..bytes.len() {
            // Whatever is cut off, nothing panics.
            let _ = find(&bytes[..cut], 9);
        }
        assert_eq!(find(&[0xff; 11], 1), None, "a number without an end");
    }
}
