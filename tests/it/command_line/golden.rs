//! Text archives, `tests/golden/*.txt`: see [`crate::support::golden`].

use crate::support::golden::assert_all;

#[test]
fn every_archive_says_what_happens() {
    assert_all(false);
}
