//! The interpreter that the kernel itself opens to execute a file, without a call of the program's.
//!
//! That is the program on a `#!` line, or the loader that an ELF file names. (What `binfmt_misc` is told to start for other
//! files is machine state, and not looked for.)

use std::io::{Read, Seek, SeekFrom};

/// As much of a file as the kernel looks at for `#!`.
const LINE_BYTES: usize = 256;

/// The interpreter that a file asks for, as it is spelled there.
pub(crate) fn interpreter(file: &mut (impl Read + Seek)) -> Option<Vec<u8>> {
    let mut head = Vec::with_capacity(LINE_BYTES);
    file.by_ref().take(LINE_BYTES as u64).read_to_end(&mut head).ok()?;
    if let Some(line) = head.strip_prefix(b"#!") {
        return of_line(line);
    }
    if head.starts_with(b"\x7fELF") {
        return of_elf(&head, file);
    }
    None
}

fn of_line(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.split(|byte| *byte == b'\n').next()?;
    let word = line.split(|byte| matches!(byte, b' ' | b'\t' | 0)).find(|word| !word.is_empty())?;
    Some(word.to_vec())
}

/// The file's `PT_INTERP`: 32 or 64 bits, in this machine's order of bytes; no other can be executed.
fn of_elf(head: &[u8], file: &mut (impl Read + Seek)) -> Option<Vec<u8>> {
    const PT_INTERP: u64 = 3;
    let wide = match head.get(4)? {
        1 => false,
        2 => true,
        _ => return None,
    };
    let number = |bytes: &[u8], at: usize, size: usize| -> Option<u64> {
        let bytes = bytes.get(at..at + size)?;
        Some(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    };
    if cfg!(target_endian = "big") || head.get(5) != Some(&1) {
        return None;
    }
    let (table, entry_size, entries) = match wide {
        true => (number(head, 32, 8)?, number(head, 54, 2)?, number(head, 56, 2)?),
        false => (number(head, 28, 4)?, number(head, 42, 2)?, number(head, 44, 2)?),
    };
    let mut headers = vec![0; (entry_size * entries) as usize];
    file.seek(SeekFrom::Start(table)).ok()?;
    file.read_exact(&mut headers).ok()?;
    let header = headers
        .chunks_exact(usize::try_from(entry_size).ok().filter(|size| *size != 0)?)
        .find(|header| number(header, 0, 4) == Some(PT_INTERP))?;
    let (offset, size) = match wide {
        true => (number(header, 8, 8)?, number(header, 32, 8)?),
        false => (number(header, 4, 4)?, number(header, 16, 4)?),
    };
    let mut path = vec![0; usize::try_from(size).ok().filter(|size| *size <= libc::PATH_MAX as usize)?];
    file.seek(SeekFrom::Start(offset)).ok()?;
    file.read_exact(&mut path).ok()?;
    path.truncate(path.iter().position(|byte| *byte == 0)?);
    Some(path).filter(|path| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_line_names_its_first_word() {
        let cases: [(&[u8], Option<&[u8]>); 7] = [
            (b"#!/bin/sh\n", Some(b"/bin/sh")),
            (b"#! /bin/sh -e\necho", Some(b"/bin/sh")),
            (b"#!\t/usr/bin/env\tperl\n", Some(b"/usr/bin/env")),
            (b"#!/bin/sh", Some(b"/bin/sh")),
            (b"#!\n/bin/sh", None),
            (b"#! \n", None),
            (b"text", None),
        ];
        for (text, expected) in cases {
            assert_eq!(interpreter(&mut Cursor::new(text)).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_program_names_its_loader() {
        let own = std::fs::read("/bin/sh").unwrap();
        let found = interpreter(&mut Cursor::new(&own)).unwrap();
        assert!(found.starts_with(b"/lib"), "{found:?}");
        // However it is cut.
        for length in (0..own.len().min(4096)).step_by(7) {
            let _ = interpreter(&mut Cursor::new(&own[..length]));
        }
    }
}
