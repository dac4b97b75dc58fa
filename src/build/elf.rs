//! ELF, as much of it as a note in a program takes: reading notes, an object file that holds one, a section added to a
//! program that is linked, and what a program needs to be loaded.
//!
//! A note that comes from an object file is part of what is loaded: linkers keep it (`--gc-sections` takes notes for
//! roots), and so does every `strip`. A section that is added afterwards is not: GNU's `strip` keeps it and LLVM's does not,
//! so that is for programs whose linker cannot be given an object.
//!
//! Whatever the bytes are, nothing here panics or loops: numbers are read through checked places, and lists are short.

pub(crate) mod requirements;

use std::collections::BTreeSet;

/// `SHT_NOTE` and `PT_NOTE`.
const SECTION_NOTE: u64 = 7;
const SEGMENT_NOTE: u64 = 4;

/// More sections or segments than are looked at for notes.
const MOST_NOTES: usize = 64;
/// The most notes that are read of a file, of whomever.
const MOST_NOTES_READ: usize = 100_000;

/// A program or an object file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Elf<'a> {
    bytes: &'a [u8],
    /// 64 bits.
    is_wide: bool,
    is_little: bool,
}

/// A part of the file that is loaded, or says how.
#[derive(Debug, Clone, Copy)]
struct Segment {
    kind: u64,
    offset: u64,
    address: u64,
    size: u64,
}

/// A named part of the file.
#[derive(Debug, Clone, Copy)]
struct Section {
    kind: u64,
    offset: u64,
    size: u64,
}

impl<'a> Elf<'a> {
    /// The file, if it is one.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Elf<'a>> {
        let is_wide = match (bytes.get(..4)? == b"\x7fELF", bytes.get(4)?) {
            (true, 1) => false,
            (true, 2) => true,
            _ => return None,
        };
        let is_little = match bytes.get(5)? {
            1 => true,
            2 => false,
            _ => return None,
        };
        let elf = Elf { bytes, is_wide, is_little };
        (bytes.len() >= elf.header_bytes()).then_some(elf)
    }

    fn header_bytes(self) -> usize {
        if self.is_wide { 64 } else { 52 }
    }

    fn number(self, at: u64, bytes: usize) -> Option<u64> {
        let at = usize::try_from(at).ok()?;
        let digits = self.bytes.get(at..at.checked_add(bytes)?)?;
        let join = |number: u64, digit: &u8| number << 8 | u64::from(*digit);
        Some(match self.is_little {
            true => digits.iter().rev().fold(0, join),
            false => digits.iter().fold(0, join),
        })
    }

    /// A number that is as long as an address.
    fn word(self, at: u64) -> Option<u64> {
        self.number(at, if self.is_wide { 8 } else { 4 })
    }

    fn slice(self, offset: u64, size: u64) -> Option<&'a [u8]> {
        let start = usize::try_from(offset).ok()?;
        self.bytes.get(start..start.checked_add(usize::try_from(size).ok()?)?)
    }

    /// A field of the header, by its place with 64 and with 32 bits, and whether it is an address.
    fn header(self, wide: u64, narrow: u64, is_word: bool) -> Option<u64> {
        let at = if self.is_wide { wide } else { narrow };
        if is_word { self.word(at) } else { self.number(at, 2) }
    }

    /// Where each entry of a table is.
    fn table(self, offset: Option<u64>, size: Option<u64>, count: Option<u64>, least: u64) -> Vec<u64> {
        match (offset, size, count) {
            (Some(offset @ 1..), Some(size), Some(count)) if size >= least => {
                let places = (0..count).map_while(|index| offset.checked_add(index * size));
                places.take_while(|at| self.slice(*at, size).is_some()).collect()
            }
            _ => Vec::new(),
        }
    }

    fn segments(self) -> Vec<Segment> {
        let (offset, size) = (self.header(32, 28, true), self.header(54, 42, false));
        let least = if self.is_wide { 56 } else { 32 };
        let entries = self.table(offset, size, self.header(56, 44, false), least).into_iter();
        let read = |at: u64| {
            let [offset, address, size] = if self.is_wide { [8, 16, 32] } else { [4, 8, 16] };
            Some(Segment {
                kind: self.number(at, 4)?,
                offset: self.word(at + offset)?,
                address: self.word(at + address)?,
                size: self.word(at + size)?,
            })
        };
        entries.filter_map(read).collect()
    }

    fn section_places(self) -> Vec<u64> {
        let (offset, size) = (self.header(40, 32, true), self.header(58, 46, false));
        self.table(offset, size, self.header(60, 48, false), if self.is_wide { 64 } else { 40 })
    }

    fn section(self, at: u64) -> Option<Section> {
        let [offset, size] = if self.is_wide { [24, 32] } else { [16, 20] };
        Some(Section {
            kind: self.number(at + 4, 4)?,
            offset: self.word(at + offset)?,
            size: self.word(at + size)?,
        })
    }

    /// What the notes of `owner` say, wherever they are.
    pub(crate) fn notes(self, owner: &[u8]) -> Vec<&'a [u8]> {
        let of_segments = self.segments().into_iter().filter(|segment| segment.kind == SEGMENT_NOTE);
        let of_segments = of_segments.map(|segment| (segment.offset, segment.size));
        let sections = self.section_places().into_iter().filter_map(|at| self.section(at));
        let of_sections = sections.filter(|section| section.kind == SECTION_NOTE);
        let of_sections = of_sections.map(|section| (section.offset, section.size));
        let mut found: Vec<&[u8]> = Vec::new();
        let mut left = MOST_NOTES_READ;
        // A section of notes is usually a segment too.
        let mut places = BTreeSet::new();
        for (offset, size) in of_segments.take(MOST_NOTES).chain(of_sections.take(MOST_NOTES)) {
            if !places.insert((offset, size)) {
                continue;
            }
            let mut rest = self.slice(offset, size).unwrap_or_default();
            while let Some((name, text, after)) = self.note(rest) {
                left -= 1;
                if left == 0 || found.len() == MOST_NOTES {
                    return found;
                }
                if name.strip_suffix(b"\0") == Some(owner) && !found.contains(&text) {
                    found.push(text);
                }
                rest = after;
            }
        }
        found
    }

    /// The first note: whose it is, what it says, and what comes after it.
    fn note(self, bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
        let within = Elf { bytes, ..self };
        let (name, text) = (within.number(0, 4)?, within.number(4, 4)?);
        let text_at = 12 + name.next_multiple_of(4);
        // Where files were cut, the last padding may be missing.
        let end = (text_at + text.next_multiple_of(4)).min(bytes.len() as u64);
        let after = bytes.get(usize::try_from(end).ok()?..)?;
        let slice = |at: u64, size: u64| {
            let at = usize::try_from(at).ok()?;
            bytes.get(at..at.checked_add(usize::try_from(size).ok()?)?)
        };
        Some((slice(12, name)?, slice(text_at, text)?, after))
    }

    /// The program with one more section, a note of `owner` that is not loaded. `None` if it has no sections at all, or if
    /// something comes after them: it may look for that at its own end.
    pub(crate) fn with_note(self, owner: &str, text: &[u8]) -> Option<Vec<u8>> {
        let places = self.section_places();
        let size = self.header(58, 46, false)?;
        let names_index = usize::try_from(self.header(62, 50, false)?).ok()?;
        let names = self.section(*places.get(names_index)?)?;
        let first = *places.first()?;
        let ends = places.iter().filter_map(|at| self.section(*at)).filter(|section| section.kind != 8);
        let ends = ends.map(|section| section.offset.saturating_add(section.size));
        let end = ends.chain([first + size * places.len() as u64]).max()?;
        // Go's linker fills up its last page.
        let after = self.bytes.get(usize::try_from(end).ok()?..)?;
        if after.iter().any(|byte| *byte != 0) || places.len() >= 0xff00 - 1 {
            return None;
        }
        let mut out = self.bytes.to_vec();
        let pad = |out: &mut Vec<u8>, to: usize| out.resize(out.len().next_multiple_of(to), 0);
        pad(&mut out, 4);
        let note_at = out.len();
        let note = self.rendered(owner, text);
        out.extend(&note);
        let names_at = out.len();
        out.extend(self.slice(names.offset, names.size)?);
        out.extend(section_name(owner).as_bytes());
        out.push(0);
        let names_end = out.len();
        pad(&mut out, 8);
        let table_at = out.len();
        out.extend(self.slice(first, size * places.len() as u64)?);
        let writer = Writer { is_wide: self.is_wide, is_little: self.is_little };
        let mut header = writer.section(names.size, SECTION_NOTE, 0, note_at, note.len(), 4);
        header.resize(usize::try_from(size).ok()?, 0);
        out.extend(header);
        let [offset, length] = if self.is_wide { [24, 32] } else { [16, 20] };
        let names_header = table_at + names_index * usize::try_from(size).ok()?;
        writer.patch(&mut out, names_header + offset, names_at);
        writer.patch(&mut out, names_header + length, names_end - names_at);
        writer.patch(&mut out, if self.is_wide { 40 } else { 32 }, table_at);
        let count = writer.number(places.len() as u64 + 1, 2);
        let at = if self.is_wide { 60 } else { 48 };
        out.get_mut(at..at + 2)?.copy_from_slice(&count);
        Some(out)
    }

    fn rendered(self, owner: &str, text: &[u8]) -> Vec<u8> {
        Writer { is_wide: self.is_wide, is_little: self.is_little }.note(owner, text)
    }
}

/// `.note.runner`
fn section_name(owner: &str) -> String {
    format!(".note.{owner}")
}

/// An object file for `target` (rustc's name of a machine) that holds one note and no code; `None` if it is not known how
/// objects for it are marked, or if its programs are not ELF.
pub(crate) fn object(target: &str, owner: &str, text: &[u8]) -> Option<Vec<u8>> {
    let (machine, flags, is_wide, is_little) = machine(target)?;
    let writer = Writer { is_wide, is_little };
    let header_bytes = if is_wide { 64 } else { 52 };
    let note = writer.note(owner, text);
    let names = format!("\0{}\0.shstrtab\0.note.GNU-stack\0", section_name(owner));
    let place = |name: &str| names.find(&format!("\0{name}\0")).unwrap_or_default() as u64 + 1;
    let names_at = header_bytes + note.len();
    let table_at = (names_at + names.len()).next_multiple_of(8);
    let mut out = vec![0x7f, b'E', b'L', b'F', 1 + u8::from(is_wide), 2 - u8::from(is_little), 1];
    out.resize(16, 0);
    // Relocatable; no entry, no segments.
    for (number, bytes) in [(1, 2), (machine, 2), (1, 4)] {
        out.extend(writer.number(number, bytes));
    }
    for word in [0, 0, table_at] {
        out.extend(writer.word(word as u64));
    }
    out.extend(writer.number(flags, 4));
    let section_bytes = if is_wide { 64 } else { 40 };
    for number in [header_bytes as u64, 0, 0, section_bytes, 4, 2] {
        out.extend(writer.number(number, 2));
    }
    out.extend(&note);
    out.extend(names.as_bytes());
    out.resize(table_at, 0);
    const LOADED: u64 = 2;
    out.resize(table_at + section_bytes as usize, 0);
    out.extend(writer.section(
        place(&section_name(owner)),
        SECTION_NOTE,
        LOADED,
        header_bytes,
        note.len(),
        4,
    ));
    out.extend(writer.section(place(".shstrtab"), 3, 0, names_at, names.len(), 1));
    // Without it a linker takes the object for one that needs an executable stack.
    out.extend(writer.section(place(".note.GNU-stack"), 1, 0, names_at, 0, 1));
    Some(out)
}

/// ELF's number of a machine, the flags its objects have to agree in, and its words: of those whose flags do not depend on
/// more than the name. Numbers and flags are those of LLVM's `BinaryFormat/ELF.h`.
fn machine(target: &str) -> Option<(u64, u64, bool, bool)> {
    let is_elf = ["-linux-", "bsd", "-illumos", "-solaris", "-fuchsia", "-haiku", "-redox", "-hurd-"];
    if !is_elf.iter().any(|system| target.contains(system)) || target.ends_with("x32") {
        return None;
    }
    Some(match target.split('-').next()? {
        "x86_64" => (62, 0, true, true),
        "i586" | "i686" => (3, 0, false, true),
        "aarch64" if !target.contains("ilp32") => (183, 0, true, true),
        "arm" | "armv5te" | "armv7" | "thumbv7neon" => (40, 0x0500_0000, false, true),
        // Compressed instructions, and floating point numbers in registers.
        "riscv64gc" => (243, 0x5, true, true),
        "powerpc64le" => (21, 2, true, true),
        "powerpc" => (20, 0, false, false),
        "s390x" => (22, 0, true, false),
        "loongarch64" => (258, 0x43, true, true),
        _ => return None,
    })
}

/// Writes numbers as a machine has them.
#[derive(Clone, Copy)]
struct Writer {
    is_wide: bool,
    is_little: bool,
}

impl Writer {
    fn number(self, number: u64, bytes: usize) -> Vec<u8> {
        match self.is_little {
            true => number.to_le_bytes()[..bytes].to_vec(),
            false => number.to_be_bytes()[8 - bytes..].to_vec(),
        }
    }

    fn word(self, number: u64) -> Vec<u8> {
        self.number(number, if self.is_wide { 8 } else { 4 })
    }

    fn patch(self, out: &mut [u8], at: usize, number: usize) {
        let word = self.word(number as u64);
        if let Some(place) = out.get_mut(at..at + word.len()) {
            place.copy_from_slice(&word);
        }
    }

    fn section(self, name: u64, kind: u64, flags: u64, at: usize, size: usize, align: u64) -> Vec<u8> {
        let mut out = [self.number(name, 4), self.number(kind, 4)].concat();
        for word in [flags, 0, at as u64, size as u64] {
            out.extend(self.word(word));
        }
        out.extend([0; 8]);
        out.extend(self.word(align));
        out.extend(self.word(0));
        out
    }

    fn note(self, owner: &str, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() + 32);
        for number in [owner.len() as u64 + 1, text.len() as u64, 1] {
            out.extend(self.number(number, 4));
        }
        out.extend(owner.as_bytes());
        out.resize((out.len() + 1).next_multiple_of(4), 0);
        out.extend(text);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TARGETS: [&str; 5] = [
        "x86_64-unknown-linux-gnu",
        "i686-unknown-linux-gnu",
        "powerpc-unknown-linux-gnu",
        "s390x-unknown-linux-gnu",
        "aarch64-unknown-linux-musl",
    ];

    #[test]
    fn a_note_reads_back_from_an_object_of_any_machine() {
        for target in TARGETS {
            for text in [&b""[..], b"x", b"text", b"longer\0text"] {
                let object = object(target, "runner", text).unwrap();
                let elf = Elf::parse(&object).unwrap();
                assert_eq!(elf.notes(b"runner"), [text], "{target}");
                assert!(elf.notes(b"other").is_empty() && elf.needs().is_empty());
            }
        }
        for target in [
            "x86_64-pc-windows-gnu",
            "aarch64-apple-darwin",
            "wasm32-wasip1",
            "x86_64-unknown-linux-gnux32",
            "",
        ] {
            assert!(object(target, "runner", b"").is_none(), "{target}");
        }
    }

    #[test]
    fn a_section_is_added_once_and_reads_back() {
        for target in TARGETS {
            let before = object(target, "other", b"first").unwrap();
            let after = Elf::parse(&before).unwrap().with_note("runner", b"second").unwrap();
            let elf = Elf::parse(&after).unwrap();
            assert_eq!(
                (elf.notes(b"other"), elf.notes(b"runner")),
                (vec![&b"first"[..]], vec![&b"second"[..]])
            );
            let followed = [before, b"read at the end".to_vec()].concat();
            assert!(Elf::parse(&followed).unwrap().with_note("runner", b"x").is_none());
        }
    }

    #[test]
    fn whatever_is_cut_or_flipped_nothing_panics() {
        for target in TARGETS {
            let whole = object(target, "runner", b"text").unwrap();
            for at in 0..whole.len() {
                for bytes in [whole[..at].to_vec(), {
                    let mut flipped = whole.clone();
                    flipped[at] = !flipped[at];
                    flipped
                }] {
                    let Some(elf) = Elf::parse(&bytes) else { continue };
                    let _ = (elf.notes(b"runner"), elf.needs(), elf.with_note("runner", b"x"));
                }
            }
        }
    }

    #[test]
    fn of_any_number_of_notes_a_few_are_read() {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(64, 0);
        let mut notes = Vec::new();
        for number in 0..60_000u32 {
            notes.extend([2u32, 4, 1].iter().flat_map(|field| field.to_le_bytes()));
            notes.extend(*b"o\0\0\0");
            notes.extend(number.to_le_bytes());
        }
        // Sixty-four segments that are all the same place.
        for (at, value) in [(32, 64u64), (54, 56), (56, 64)] {
            let width = if at == 32 { 8 } else { 2 };
            bytes[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
        }
        for _ in 0..64 {
            let mut segment = [0; 56];
            segment[0] = 4;
            segment[8..16].copy_from_slice(&(64 + 64 * 56u64).to_le_bytes());
            segment[32..40].copy_from_slice(&(notes.len() as u64).to_le_bytes());
            bytes.extend(segment);
        }
        bytes.extend(notes);
        let elf = Elf::parse(&bytes).unwrap();
        assert_eq!(elf.notes(b"o").len(), MOST_NOTES);
        assert_eq!(elf.notes(b"other").len(), 0);
    }
}
