//! `runner inspect`: reads the build record in a program without running the program.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::base::environment::absolute;
use crate::base::error::{Error, Result, Step};
use crate::base::fs::cannot;
use crate::build::elf::Elf;
use crate::build::record::BuildRecord;
use crate::commands::promote::receipt::{self, Receipt};
use crate::engine::context::Context;

/// The build record in a program: a file, or what was promoted under that name. Returns its path, too.
///
/// # Errors
/// [`Step::Install`] if there is no such file, or no record in it.
pub(crate) fn inspect(context: &Context, file: &OsStr) -> Result<(PathBuf, BuildRecord)> {
    let path = program_called(context, file)?;
    let record = read(&path).map_err(|error| error.about(file.to_string_lossy()))?;
    Ok((path, record))
}

/// Gives a program the record whose lines are `text`, unless it has one.
pub(crate) fn add_record(context: &Context, file: &OsStr, text: &str) -> Result<()> {
    let record = BuildRecord::from_lines(text)
        .ok_or_else(|| Error::message(Step::Install, "the lines on standard input are no build record"))?;
    let path = program_called(context, file)?;
    record.add_to(&path).map_err(|error| cannot("add a build record to", &path, error))?;
    read(&path).map(drop).map_err(|error| error.about(file.to_string_lossy()))
}

/// Where the program is that is called so: at this path, or promoted under this name.
pub(crate) fn program_called(context: &Context, file: &OsStr) -> Result<PathBuf> {
    let path = absolute(PathBuf::from(file));
    if path.exists() {
        return Ok(path);
    }
    let is_name = !file.as_bytes().contains(&b'/');
    let receipts = receipt::directory(context.environment()).map(|place| Receipt::all(&place));
    let promoted = receipts.unwrap_or_default().into_iter().find(|receipt| is_name && receipt.name == file);
    promoted.map(|receipt| receipt.path).ok_or_else(|| {
        let what =
            if is_name { "no such file, and nothing was promoted under that name" } else { "no such file" };
        Error::message(Step::Install, what)
            .not_found()
            .about(file.to_string_lossy())
            .hint("give the path of a program, or a name that `runner list` tells")
    })
}

fn read(path: &Path) -> Result<BuildRecord> {
    // What is no file may never end.
    if !path.is_file() {
        return Err(Error::message(Step::Install, "it is not a file"));
    }
    let bytes = read_program(path).map_err(|error| cannot("read", path, error))?;
    if let Some(record) = BuildRecord::read(&bytes) {
        return Ok(record);
    }
    let hint = "programs that `runner build` writes and `runner promote` installs have one";
    let what = match bytes.get(..4) {
        Some([b'#', b'!', ..]) => "it is a script, and only programs have a build record",
        _ if Elf::parse(&bytes).is_some() => "there is no build record in it",
        _ => "it is not a program in which there could be a build record",
    };
    Err(Error::message(Step::Install, what).hint(hint))
}

/// The whole of what may be a program, and the beginning of anything else, which may be of any length.
fn read_program(path: &Path) -> io::Result<Vec<u8>> {
    /// More than any program has.
    const MOST_BYTES: u64 = 1 << 30;
    let mut file = File::open(path)?;
    let mut bytes = Vec::new();
    (&mut file).take(64).read_to_end(&mut bytes)?;
    if Elf::parse(&bytes).is_some() && file.metadata()?.len() <= MOST_BYTES {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}
