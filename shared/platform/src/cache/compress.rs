//! Packing of values for Redis: one tag byte, then the value as it is or as an LZ4 block. What comes back from Redis
//! may be anything, so the size that a block declares is checked before a byte of it is unpacked.

use bytes::Bytes;
use lz4_flex::block::{compress_into, decompress_into, get_maximum_output_size};

/// Values below this size, in bytes, are stored as they are. `cargo xtask bench l1`: of the first 1 KB of a life LZ4
/// saves a sixth, for 2 µs; of less even less; of 2 KB more than a third, of a whole life more than half.
pub const THRESHOLD: usize = 1024;

const RAW: u8 = 0;
const LZ4: u8 = 1;
/// Tag, then the unpacked size, little endian.
const LZ4_HEADER: usize = 1 + size_of::<u32>();

/// Whether values of a class are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compress {
    /// Never.
    Never,
    /// LZ4, from [`THRESHOLD`] bytes, if it makes the value smaller.
    Lz4,
}

/// A packed value that cannot be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnpackError {
    /// Nothing of ours: no tag, one that is not known, or a block that is damaged.
    #[error("not a packed value")]
    Malformed,
    /// More bytes than the caller takes.
    #[error("unpacks to {0} bytes, more than allowed")]
    TooLong(usize),
}

/// Packs `value`. A value of 4 GiB or more is stored as it is.
pub fn pack(value: &[u8], how: Compress) -> Bytes {
    let packed = match how {
        Compress::Lz4 if value.len() >= THRESHOLD => lz4(value),
        Compress::Lz4 | Compress::Never => None,
    };
    packed.unwrap_or_else(|| [&[RAW], value].concat()).into()
}

/// The value as an LZ4 block, if that is smaller.
fn lz4(value: &[u8]) -> Option<Vec<u8>> {
    let size = u32::try_from(value.len()).ok()?;
    let mut packed = vec![0; LZ4_HEADER + get_maximum_output_size(value.len())];
    let (header, block) = packed.split_at_mut(LZ4_HEADER);
    header[0] = LZ4;
    header[1..].copy_from_slice(&size.to_le_bytes());
    let length = LZ4_HEADER + compress_into(value, block).ok()?;
    // A new buffer of the right size: the value may lie in a cache for long.
    (length <= value.len()).then(|| packed[..length].to_vec())
}

/// Unpacks what [`pack`] made, if it is at most `max_len` bytes. Nothing is allocated for one that claims more.
///
/// # Errors
/// When it is too long, or nothing that [`pack`] made.
pub fn unpack(packed: &[u8], max_len: usize) -> Result<Bytes, UnpackError> {
    let bounded = |size| if size <= max_len { Ok(size) } else { Err(UnpackError::TooLong(size)) };
    match packed.split_first() {
        Some((&RAW, value)) => bounded(value.len()).map(|_| Bytes::copy_from_slice(value)),
        Some((&LZ4, rest)) => {
            let (size, block) = rest.split_first_chunk().ok_or(UnpackError::Malformed)?;
            let size = bounded(usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX))?;
            let mut value = vec![0; size];
            match decompress_into(block, &mut value) {
                Ok(written) if written == size => Ok(value.into()),
                Ok(_) | Err(_) => Err(UnpackError::Malformed),
            }
        }
        _ => Err(UnpackError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_long_repetitive_value_shrinks_and_a_short_one_does_not() {
        let value = "the same again and ".repeat(200);
        let packed = pack(value.as_bytes(), Compress::Lz4);
        assert!(packed[0] == LZ4 && packed.len() < value.len() / 10, "{}", packed.len());
        assert_eq!(pack(value.as_bytes(), Compress::Never).len(), value.len() + 1);
        assert_eq!(pack(&value.as_bytes()[..THRESHOLD - 1], Compress::Lz4)[0], RAW);
        assert_eq!(pack(&value.as_bytes()[..THRESHOLD], Compress::Lz4)[0], LZ4);
    }

    #[test]
    fn what_does_not_shrink_is_stored_as_it_is() {
        // A linear congruential generator's high bytes: nothing in them repeats.
        let noise = (0..4096).scan(1_u32, |state, _| {
            *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Some(state.to_be_bytes()[0])
        });
        let noise = noise.collect::<Vec<_>>();
        let packed = pack(&noise, Compress::Lz4);
        assert_eq!((packed[0], packed.len()), (RAW, noise.len() + 1));
    }

    #[test]
    fn a_block_may_not_claim_more_than_the_caller_takes() {
        let bomb = [&[LZ4], u32::MAX.to_le_bytes().as_slice(), &[0x1f; 64]].concat();
        assert_eq!(unpack(&bomb, 1 << 20), Err(UnpackError::TooLong(u32::MAX as usize)));
        let packed = pack(&[7; 5000], Compress::Lz4);
        assert_eq!(unpack(&packed, 4999), Err(UnpackError::TooLong(5000)));
        assert_eq!(unpack(&pack(&[7; 50], Compress::Never), 49), Err(UnpackError::TooLong(50)));
    }

    #[test]
    fn a_block_holds_exactly_what_it_declares() {
        let packed = pack(&[7; 5000], Compress::Lz4);
        for declared in [0_u32, 4999, 5001] {
            let mut forged = packed.to_vec();
            forged[1..LZ4_HEADER].copy_from_slice(&declared.to_le_bytes());
            assert_eq!(unpack(&forged, 10_000), Err(UnpackError::Malformed), "{declared}");
        }
    }

    #[test]
    fn nothing_and_unknown_tags_are_malformed() {
        for packed in [&[][..], &[2, 1, 2, 3], &[LZ4], &[LZ4, 1, 0, 0]] {
            assert_eq!(unpack(packed, 100), Err(UnpackError::Malformed), "{packed:?}");
        }
    }

    /// Values of every size around the threshold, some with much and some with nothing to squeeze.
    fn values() -> impl Strategy<Value = Vec<u8>> {
        (prop::collection::vec(any::<u8>(), 0..64), 0..80_usize, prop::collection::vec(any::<u8>(), 0..2048))
            .prop_map(|(part, times, tail)| [part.repeat(times), tail].concat())
    }

    proptest! {
        #[test]
        fn what_was_packed_unpacks(value in values(), lz4 in any::<bool>()) {
            let how = if lz4 { Compress::Lz4 } else { Compress::Never };
            let packed = pack(&value, how);
            prop_assert!(packed.len() <= value.len() + 1);
            prop_assert_eq!(unpack(&packed, value.len()).unwrap(), value);
        }

        /// Anything may come back; none of it may panic or exceed the bound.
        #[test]
        fn garbage_never_exceeds_the_bound(mut garbage in prop::collection::vec(any::<u8>(), 0..512), tag in 0..3_u8) {
            garbage.insert(0, tag);
            if let Ok(value) = unpack(&garbage, 4096) {
                prop_assert!(value.len() <= 4096);
            }
        }
    }
}
