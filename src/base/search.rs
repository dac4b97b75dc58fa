//! Bytes within bytes.

/// Whether a text holds another.
pub(crate) fn contains(text: &[u8], wanted: &[u8]) -> bool {
    find(text, wanted).is_some()
}

/// Where a text holds another first.
pub(crate) fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = wanted.first()?;
    let mut from = 0;
    loop {
        from += text.get(from..)?.iter().position(|byte| byte == first)?;
        if text.get(from..)?.starts_with(wanted) {
            return Some(from);
        }
        from += 1;
    }
}
