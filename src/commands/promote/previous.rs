//! The executable that an upgrade replaced, for `runner rollback`: its program and its receipt, one of each name.
//!
//! `<data directory>/runner/previous/DIGEST-OF-PATH` is the receipt, `DIGEST-OF-PATH.program` beside it the program. The
//! program is written first: a receipt without its program does not count.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::base::digest::Digest;
use crate::base::error::Result;
use crate::base::fs::{UNFINISHED_PREFIX, cannot, create_directory};
use crate::commands::promote::receipt::Receipt;

/// What was installed before.
pub(crate) struct Previous {
    pub(crate) receipt: Receipt,
    pub(crate) program: PathBuf,
}

fn directory(receipts: &Path) -> PathBuf {
    receipts.with_file_name("previous")
}

fn program_of(receipts: &Path, path: &Path) -> PathBuf {
    directory(receipts).join(format!("{}.program", Receipt::id(path).hex()))
}

/// What was installed before at `path`, if it is kept whole.
pub(crate) fn find(receipts: &Path, path: &Path) -> Option<Previous> {
    let receipt = Receipt::find(&directory(receipts), path)?;
    let program = program_of(receipts, path);
    let is_whole = Digest::of_file(&program).is_ok_and(|digest| digest == receipt.binary_digest);
    is_whole.then_some(Previous { receipt, program })
}

/// Keeps what is installed, which is about to be replaced.
///
/// # Errors
/// [`crate::Step::Install`].
pub(crate) fn keep(receipts: &Path, receipt: &Receipt) -> Result<()> {
    let directory = directory(receipts);
    let program = program_of(receipts, &receipt.path);
    create_directory(&directory)
        .and_then(|()| copy(&receipt.path, &program))
        .map_err(|error| cannot("keep the previous program in", &directory, error))?;
    receipt.write(&directory)
}

/// Forgets what was installed before at `path`.
pub(crate) fn forget(receipts: &Path, path: &Path) {
    let _ = fs::remove_file(directory(receipts).join(Receipt::id(path).hex()));
    let _ = fs::remove_file(program_of(receipts, path));
}

/// Copies a program, whole or not at all.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let directory = to.parent().unwrap_or(Path::new("/"));
    let mut file = NamedTempFile::with_prefix_in(UNFINISHED_PREFIX, directory)?;
    io::copy(&mut fs::File::open(from)?, &mut file)?;
    file.as_file().set_permissions(Permissions::from_mode(0o755))?;
    file.as_file().sync_all()?;
    file.into_temp_path().persist(to).map_err(|error| error.error)
}
