//! A short name for a long content, by SHA-256 (FIPS 180-4).
//!
//! Two contents with the same digest are taken for the same. Half of the 32 bytes are kept: even somebody who
//! tries on purpose would need some 2^64 attempts to find two contents that share them.
//!
//! Every field goes in with its length in front, so that what stands at the end of one field cannot be moved to
//! the beginning of the next. The order of the fields belongs to the content.
//! Tested in `tests/chat/resend.rs`.

use aws_lc_rs::digest::{Context, SHA256};

/// Bytes of a digest.
pub const DIGEST_BYTES: usize = 16;

/// The first half of a SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; DIGEST_BYTES]);

impl Digest {
    /// The digest of some fields.
    ///
    /// ```
    /// use karez::base::digest::Digest;
    ///
    /// assert_ne!(Digest::of([&b"ab"[..], b"c"]), Digest::of([&b"a"[..], b"bc"]));
    /// ```
    #[must_use]
    pub fn of<'a>(fields: impl IntoIterator<Item = &'a [u8]>) -> Digest {
        let mut context = Context::new(&SHA256);
        for field in fields {
            context.update(&(field.len() as u64).to_le_bytes());
            context.update(field);
        }
        let mut half = [0; DIGEST_BYTES];
        half.iter_mut().zip(context.finish().as_ref()).for_each(|(byte, of)| *byte = *of);
        Digest(half)
    }
}
