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

    /// The digest of the program at `path`, which then is on the disk; begun only now, if it is not this one as it was.
    pub(crate) fn digest_of(mut self, path: &Path) -> io::Result<Digest> {
        let ended = self.0.take().and_then(|thread| thread.join().ok()?.ok());
        let now = Stamp::of(&std::fs::metadata(path)?);
        match ended {
            Some((digest, stamp)) if stamp == now => Ok(digest),
            _ => ready(path).map(|(digest, _)| digest),
        }
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
        assert_eq!(Readied::begin(&path).digest_of(&path).unwrap(), Digest::of(b"one"));
        let readied = Readied::begin(&path);
        let ended = readied.0.as_ref().unwrap();
        while !ended.is_finished() {
            std::thread::yield_now();
        }
        std::fs::write(&path, "another").unwrap();
        assert_eq!(readied.digest_of(&path).unwrap(), Digest::of(b"another"));
        assert_eq!(Readied::default().digest_of(&path).unwrap(), Digest::of(b"another"));
        let none = directory.path().join("none");
        assert_eq!(Readied::begin(&none).digest_of(&path).unwrap(), Digest::of(b"another"));
        assert!(Readied::begin(&path).digest_of(&none).is_err());
    }
}
