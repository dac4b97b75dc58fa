//! Texts that a hit reads.
//!
//! `scripts/static.ld` puts them beside the code that a hit executes. As plain literals they would lie among thousands of others,
//! here and there in 400 KiB, and each place costs a page fault, which is as much as four files to ask about.

/// A literal of bytes, or with `str` of text, that a hit reads. A mark after it keeps the compiler from taking an equal literal
/// elsewhere for it.
macro_rules! hit_text {
    (str $text:expr) => {{
        const TEXT: &str = $text;
        static MARKED: [u8; TEXT.len() + 1] = $crate::base::hit_text::marked(TEXT.as_bytes());
        const SAME: &str = match MARKED.split_last() {
            Some((_, bytes)) => match std::str::from_utf8(bytes) {
                Ok(text) => text,
                Err(_) => TEXT,
            },
            None => TEXT,
        };
        SAME
    }};
    ($bytes:expr) => {{
        const LENGTH: usize = $bytes.len();
        static MARKED: [u8; LENGTH + 1] = $crate::base::hit_text::marked($bytes);
        const SAME: &[u8; LENGTH] = match MARKED.first_chunk() {
            Some(bytes) => bytes,
            None => $bytes,
        };
        SAME
    }};
}

/// Bytes, and a mark after them.
pub(crate) const fn marked<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let (mut marked, mut at) = ([0xff; N], 0);
    while at < bytes.len() {
        marked[at] = bytes[at];
        at += 1;
    }
    marked
}

pub(crate) use hit_text;

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_what_the_literal_is() {
        assert_eq!(hit_text!(str "a\u{e9}"), "a\u{e9}");
        assert_eq!(hit_text!(b"/v1/"), b"/v1/");
    }
}
