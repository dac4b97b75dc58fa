//! Text archives whose preface says `with rustc`.

use crate::support::golden::assert_all;

#[test]
fn every_archive_with_rustc_says_what_happens() {
    assert_all(true);
}
