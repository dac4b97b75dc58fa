//! The age and the size that a trim of the cache keeps to.

use crate::base::error::{Result, usage_error};

/// What a cache may keep.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Limits {
    /// Days without use after which an entry is evicted.
    pub unused_days: u32,
    /// Bytes beyond which the least recently used are evicted.
    pub most_bytes: u64,
}

impl Default for Limits {
    /// 30 days and 5 GB, as ccache and Go keep theirs within a small factor.
    fn default() -> Limits {
        Limits { unused_days: 30, most_bytes: 5_000_000_000 }
    }
}

impl Limits {
    /// These limits, with the days that `--older` says.
    ///
    /// # Errors
    /// [`crate::Step::Arguments`] if it says none.
    pub fn older(self, text: &str) -> Result<Limits> {
        let unused_days = days(text).ok_or_else(|| {
            usage_error(format!("`--older {text}` is not a number of days"))
                .with_hint("for example `--older 7d`")
        })?;
        Ok(Limits { unused_days, ..self })
    }

    /// These limits, with the bytes that `--max-size` says.
    ///
    /// # Errors
    /// [`crate::Step::Arguments`] if it says none.
    pub fn max_size(self, text: &str) -> Result<Limits> {
        let most_bytes = bytes(text).ok_or_else(|| {
            usage_error(format!("`--max-size {text}` is not a size")).with_hint("for example `--max-size 2G`")
        })?;
        Ok(Limits { most_bytes, ..self })
    }
}

/// `30d`, or `30`.
pub(crate) fn days(text: &str) -> Option<u32> {
    text.strip_suffix('d').unwrap_or(text).parse().ok()
}

/// `500M`, `2G`, or bytes.
pub(crate) fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor: u64 = match text[digits.len()..].to_ascii_uppercase().trim_end_matches('B') {
        "" => 1,
        "K" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}
