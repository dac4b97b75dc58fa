//! What a program needs to be loaded: its loader, its libraries and their versions.

use crate::build::elf::{Elf, Segment, machine};

/// `PT_LOAD`, `PT_DYNAMIC`, `PT_INTERP`, and the tags of a dynamic section: `DT_NEEDED`, `DT_STRTAB`, `DT_RPATH`, `DT_RUNPATH`,
/// `DT_VERNEED`.
const LOAD: u64 = 1;
const DYNAMIC: u64 = 2;
const INTERPRETER: u64 = 3;
const NEEDED: u64 = 1;
const STRINGS: u64 = 5;
const OWN_PATH: [u64; 2] = [15, 29];
const VERSIONS: u64 = 0x6fff_fffe;
/// A version that may be missing: `VER_FLG_WEAK`.
const WEAK: u64 = 2;

/// More libraries than are named, and more versions of one than are looked at.
const MOST_LIBRARIES: usize = 64;
const MOST_VERSIONS: usize = 256;

/// What a program needs to be loaded.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Requirements {
    pub(crate) loader: Option<String>,
    /// Each with the versions of its symbols.
    pub(crate) libraries: Vec<(String, Vec<String>)>,
    /// The program says where its libraries are.
    pub(crate) has_own_path: bool,
}

impl<'a> Elf<'a> {
    /// The shared libraries it needs, and before them its loader if it has one.
    pub(crate) fn needs(self) -> Vec<String> {
        let Requirements { loader, libraries, .. } = self.requirements();
        loader.into_iter().chain(libraries.into_iter().map(|(name, _)| name)).collect()
    }

    /// What it needs to be loaded.
    pub(crate) fn requirements(self) -> Requirements {
        let segments = self.segments();
        let of = |kind: u64| segments.iter().find(|segment| segment.kind == kind);
        let loader = of(INTERPRETER).and_then(|segment| self.slice(segment.offset, segment.size)).map(text);
        let mut found = Requirements { loader, ..Requirements::default() };
        let Some(dynamic) = of(DYNAMIC) else { return found };
        let step = if self.is_wide { 16 } else { 8 };
        let entries = (0..dynamic.size / step).map_while(|index| {
            let at = dynamic.offset.checked_add(index * step)?;
            Some((self.word(at)?, self.word(at + step / 2)?)).filter(|(tag, _)| *tag != 0)
        });
        let entries: Vec<(u64, u64)> = entries.collect();
        let place = |wanted: u64| {
            let (_, address) = entries.iter().find(|(tag, _)| *tag == wanted)?;
            offset_of(&segments, *address)
        };
        let strings = place(STRINGS).and_then(|offset| self.bytes.get(usize::try_from(offset).ok()?..));
        let string = |at: u64| {
            let bytes = usize::try_from(at).ok().and_then(|at| strings?.get(at..));
            bytes.map_or_else(|| "a library".to_owned(), text)
        };
        found.has_own_path = entries.iter().any(|(tag, _)| OWN_PATH.contains(tag));
        let needed = entries.iter().filter(|(tag, _)| *tag == NEEDED).take(MOST_LIBRARIES);
        found.libraries = needed.map(|(_, name)| (string(*name), Vec::new())).collect();
        for (name, version) in place(VERSIONS).map(|at| self.versions(at)).unwrap_or_default() {
            let (name, version) = (string(name), string(version));
            if let Some((_, versions)) = found.libraries.iter_mut().find(|(known, _)| *known == name) {
                versions.push(version);
            }
        }
        found
    }

    /// Where the names of libraries and of their versions are, a pair each, in the strings.
    fn versions(self, mut at: u64) -> Vec<(u64, u64)> {
        let mut found = Vec::new();
        for _ in 0..MOST_LIBRARIES {
            let fields =
                || Some((self.number(at + 4, 4)?, self.number(at + 8, 4)?, self.number(at + 12, 4)?));
            let Some((library, first, next)) = fields() else { break };
            let mut version = at.saturating_add(first);
            for _ in 0..MOST_VERSIONS {
                let fields = || {
                    Some((
                        self.number(version + 4, 2)?,
                        self.number(version + 8, 4)?,
                        self.number(version + 12, 4)?,
                    ))
                };
                let Some((flags, name, next)) = fields() else { break };
                if flags & WEAK == 0 {
                    found.push((library, name));
                }
                if next == 0 {
                    break;
                }
                version = version.saturating_add(next);
            }
            if next == 0 {
                break;
            }
            at = at.saturating_add(next);
        }
        found
    }

    /// Whether a file is for the same kind of machine.
    pub(crate) fn is_kin(self, other: &[u8]) -> bool {
        let is_kin = |other: Elf<'_>| {
            (other.is_wide, other.is_little, other.number(18, 2))
                == (self.is_wide, self.is_little, self.number(18, 2))
        };
        Elf::parse(other).is_some_and(is_kin)
    }

    /// Whether it is for a target, as far as the kinds of machines are known.
    pub(crate) fn is_for(self, target: &str) -> bool {
        machine(target).is_none_or(|(number, ..)| self.number(18, 2) == Some(number))
    }
}

fn offset_of(segments: &[Segment], address: u64) -> Option<u64> {
    let is_there = |segment: &&Segment| {
        segment.kind == LOAD
            && (segment.address..segment.address.saturating_add(segment.size)).contains(&address)
    };
    let segment = segments.iter().find(is_there)?;
    segment.offset.checked_add(address - segment.address)
}

fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}
