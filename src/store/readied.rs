//! A program that is written to the disk and hashed while what it was built from is still being recorded: the processor's time
//! for a program in Rust is as long as that of its inputs.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread::JoinHandle;

use crate::base::digest::Digest;
use crate::store::stamp::Stamp;

/// What is done to it meanwhile. Dropped, it waits for the end.
#[derive(Debug, Default)]
pub(crate) struct Readied(Option<JoinHandle<io::Result<(Digest, Stamp)>>>);

impl Readied {
    /// Begins with the program at `path`, which nobody changes any more.
    pub(crate) fn begin(path: &Path) -> Readied {
        let path = path.to_owned();
        Readied(std::thread::Builder::new().spawn(move || ready(&path)).ok())
    }

    /// The digest of an open file, which is on the disk, if it is this one.
    pub(crate) fn digest_of(mut self, file: &File) -> Option<Digest> {
        let (digest, stamp) = self.0.take()?.join().ok()?.ok()?;
        (Stamp::of(&file.metadata().ok()?) == stamp).then_some(digest)
    }
}

impl Drop for Readied {
    fn drop(&mut self) {
        drop(self.0.take().map(JoinHandle::join));
    }
}

fn ready(path: &Path) -> io::Result<(Digest, Stamp)> {
    let mut file = File::open(path)?;
    file.set_permissions(Permissions::from_mode(0o700))?;
    file.sync_data()?;
    let digest = Digest::of_reader(&mut file)?;
    Ok((digest, Stamp::of(&file.metadata()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_of_the_file_that_it_began_with_and_as_that_was() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("program");
        std::fs::write(&path, "one").unwrap();
        let file = File::open(&path).unwrap();
        assert_eq!(Readied::begin(&path).digest_of(&file), Some(Digest::of(b"one")));
        let readied = Readied::begin(&path);
        let ended = readied.0.as_ref().unwrap();
        while !ended.is_finished() {
            std::thread::yield_now();
        }
        std::fs::write(&path, "another").unwrap();
        assert_eq!(readied.digest_of(&file), None);
        assert_eq!(Readied::default().digest_of(&file), None);
        assert_eq!(Readied::begin(&directory.path().join("none")).digest_of(&file), None);
    }
}
