//! Fuzz targets: parsers of bytes that somebody else wrote must not panic and must keep their laws.
//!
//! Compiled for tests and under `cargo fuzz` only (`tests/fuzz/`, whose targets call these). The test below runs each on a
//! bounded number of inputs made from the same seeds by a simple mutator, so that every `cargo test` does a little of it.

#![allow(clippy::print_stdout)] // A test says how much it tried.

use std::path::Path;

use crate::base::digest::Digest;
use crate::base::shell_words;
use crate::build::depfile;
use crate::build::elf::Elf;
use crate::build::record::BuildRecord;
use crate::commands::fmt::diff;
use crate::languages::metadata::Head;
use crate::languages::{detect, table};
use crate::request::options::Harness;
use crate::rust::dep_info::DepInfo;
use crate::rust::manifest::Manifest;
use crate::rust::profile;
use crate::rust::source::main_wrapper::{self, Code};
use crate::rust::source::outline::Outline;
use crate::script::script_file::Script;
use crate::script::tool_call::ToolCall;
use crate::script::{crate_name, dialect_detection, first_line, header, polyglot, shebang, toml_position};
use crate::store::seal::sealed;
use crate::store::sealed_record::Record;
use crate::store::trace::Trace;

/// The head of a script, its metadata, and the arguments for the compiler that come of it.
pub fn metadata(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(header) = header::parse(text) else { return };
    let _ = header.shebang.and_then(shebang::read);
    let _ = polyglot::read(text, true);
    let _ = header.build_command.as_deref().and_then(ToolCall::among);
    let dialect =
        dialect_detection::detect(header.metadata.as_ref().map(|metadata| metadata.form), None, None);
    let Ok(manifest) = Manifest::read(header.metadata, dialect) else { return };
    let _ = manifest.notes();
    if let Ok(settings) = manifest.settings() {
        let flags = settings.rust_flags.unwrap_or_default();
        assert!(!flags.iter().any(|flag| flag.starts_with('@') || flag == "-o"), "{flags:?}");
    }
    let cargo = manifest.to_cargo("/base".as_ref(), "2024", "src/main.rs");
    assert!(cargo.parse::<toml::Table>().is_ok(), "cargo cannot read {cargo}");
    let mut arguments = profile::features(&manifest, &crate::request::package_spec::Selection::default());
    for name in ["release", "dev", "quick"] {
        arguments.extend(profile::arguments(&manifest, name).unwrap_or_default());
    }
    arguments.extend(profile::lints(&manifest).unwrap_or_default());
    for argument in arguments {
        assert!(!argument.starts_with('@'), "rustc takes it for a file of arguments: {argument}");
        assert!(!argument.contains('\0'), "{argument:?}");
    }
}

/// A whole script, whose first byte chooses its extension: which language it is in, what each language reads in it, the
/// `main` it is given, and the tables of what compilers say of it.
pub fn script(bytes: &[u8]) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let _ = depfile::parse(bytes);
    let _ = depfile::parse_rustc(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let extensions: Vec<&str> = detect::extensions().chain([""]).collect();
    let extension = extensions[usize::from(*choice) % extensions.len()];
    let script = Script::from_text(format!("x.{extension}").as_ref(), Path::new("/nowhere"), text);
    let _ = detect::of(&script, text, None);
    for language in table::LANGUAGES {
        let _ = Head::read(text, language);
    }
    let _ = toml_position::keys_at(text, text.len() / 2);
    let shown = diff::show("x", text, &text.replace('a', ""), false);
    assert!(shown.is_empty() != text.contains('a'), "{shown}");
    let package = crate_name::package_name(text);
    let name = crate_name::crate_name(&package);
    assert!(name.starts_with(|c: char| unicode_ident::is_xid_start(c) || c == '_'), "{name}");
    assert!(name.chars().all(unicode_ident::is_xid_continue), "{name}");

    let Ok(header) = header::parse(text) else { return };
    let _ = first_line::tool_call(&header, text);
    let plain = main_wrapper::without_head(text, &header);
    assert_eq!(plain.len(), text.len(), "positions have moved");
    assert_eq!(plain.matches('\n').count(), text.matches('\n').count(), "lines have moved");
    let dialect =
        dialect_detection::detect(header.metadata.as_ref().map(|metadata| metadata.form), None, None);
    let Ok(again) = header::parse(text) else { return };
    let Ok(manifest) = Manifest::read(again.metadata, dialect) else { return };
    for harness in [None, Some(Harness::Test)] {
        let code = Code::read(text, &header, &manifest, harness);
        if let Some(wrapped) = code.text {
            assert!(Outline::read(&wrapped).is_some(), "these are no tokens any more: {wrapped}");
        }
    }
}

/// A trace: as it is, where the seal has to refuse it, and sealed anew, where its lines have to.
pub fn trace(bytes: &[u8]) {
    let id = Digest::of(b"fuzz");
    let _ = Trace::parse(&id, bytes);
    let sealed = sealed("trace", &id, bytes.to_vec());
    let Some(trace) = Trace::parse(&id, &sealed) else { return };
    for variant in &trace.variants {
        // In the cache, or in the system's, which is named in full; whether it is that is asked where it is used.
        let is_inside = variant.binary.path.starts_with(b"bin/") || variant.binary.path.starts_with(b"/");
        assert!(is_inside, "{variant:?}");
        assert!(!variant.binary.path.windows(3).any(|part| part == b"/.."), "{variant:?}");
    }
    let rendered = trace.render(&id);
    assert_eq!(Trace::parse(&id, &rendered), Some(trace), "it reads back as another");
}

/// A record, likewise.
pub fn record(bytes: &[u8]) {
    let id = Digest::of(b"fuzz");
    let _ = Record::parse(&id, bytes);
    let _ = Record::read_any(bytes);
    let _ = DepInfo::parse(&String::from_utf8_lossy(bytes));
    let Some(record) = Record::parse(&id, &sealed("record", &id, bytes.to_vec())) else {
        return;
    };
    assert_eq!(Record::parse(&id, &record.render(&id)), Some(record), "it reads back as another");
}

/// A program: what is read of it, and a note that it is given, which reads back and leaves its others where they were.
pub fn program(bytes: &[u8]) {
    let _ = BuildRecord::read(bytes);
    let Some(elf) = Elf::parse(bytes) else { return };
    assert!(elf.needs().len() <= 65);
    let others = elf.notes(b"GNU");
    let Some(with_note) = elf.with_note("runner", b"text") else { return };
    let elf = Elf::parse(&with_note);
    assert!(elf.is_some_and(|elf| elf.notes(b"runner").contains(&&b"text"[..])), "it is lost");
    assert!(elf.is_some_and(|elf| others.iter().all(|note| elf.notes(b"GNU").contains(note))));
}

/// A `#!` line: its words, quoted and split again, are its words.
pub fn shebang(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let words = shell_words::split(text);
    let quoted: Vec<String> = words.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''"))).collect();
    assert_eq!(shell_words::split(&quoted.join(" ")), words);
    let _ = shebang::read(text);
}

#[cfg(test)]
mod tests {
    use super::Path;

    /// A small generator of numbers (xorshift64*): the same inputs in every run.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: usize) -> usize {
            self.0 ^= self.0 >> 12;
            self.0 ^= self.0 << 25;
            self.0 ^= self.0 >> 27;
            (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides.max(1)
        }
    }

    /// What inputs are made of, apart from pieces of the seeds.
    const WORDS: &[&str] = &[
        "---",
        "\n",
        "```",
        "```cargo\n",
        "//! ",
        "/*! ",
        " */",
        "#!",
        "= ",
        "\"",
        "'",
        "\\",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "variant\n",
        "binary ",
        "about ",
        "file ",
        "directory ",
        "absent ",
        "link ",
        "variable ",
        "command ",
        "tool ",
        "end ",
        "-",
        "\\s",
        "\\n",
        "\0",
        "\r",
        "\u{feff}",
        "é",
        "bin/",
        "..",
        "@",
        "\t",
        " ",
        "99999999999999999999",
    ];

    fn mutated(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
        let mut input = seeds[dice.roll(seeds.len())].clone();
        for _ in 0..=dice.roll(6) {
            let at = dice.roll(input.len() + 1);
            let end = (at + dice.roll(24)).min(input.len());
            match dice.roll(6) {
                0 if at < input.len() => input[at] ^= 1 << dice.roll(8),
                1 => drop(input.drain(at..end)),
                2 => {
                    let piece = input[at..end].to_vec();
                    let to = dice.roll(input.len() + 1);
                    drop(input.splice(to..to, piece));
                }
                3 => {
                    let other = &seeds[dice.roll(seeds.len())];
                    let from = dice.roll(other.len() + 1);
                    let to = (from + dice.roll(80)).min(other.len());
                    drop(input.splice(at..end, other[from..to].iter().copied()));
                }
                4 => input.truncate(at),
                _ => drop(input.splice(at..at, WORDS[dice.roll(WORDS.len())].bytes())),
            }
        }
        input
    }

    #[test]
    fn parsers_keep_their_laws_on_what_nobody_meant() {
        const EXECUTIONS: usize = 10_000;
        // Whole scripts are read in every language.
        const SCRIPTS: usize = 3_000;
        type Target = (&'static str, fn(&[u8]));
        let targets: [Target; 6] = [
            ("metadata", super::metadata),
            ("script", super::script),
            ("trace", super::trace),
            ("record", super::record),
            ("shebang", super::shebang),
            ("program", super::program),
        ];
        for (name, target) in targets {
            let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/seeds").join(name);
            let mut paths: Vec<_> =
                std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
            paths.sort();
            let seeds: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
            seeds.iter().for_each(|seed| target(seed));
            let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
            let executions = if name == "script" { SCRIPTS } else { EXECUTIONS };
            for _ in 0..executions {
                let input = mutated(&seeds, &mut dice);
                let ended = std::panic::catch_unwind(|| target(&input));
                assert!(ended.is_ok(), "{name}: {:?}", String::from_utf8_lossy(&input));
            }

            println!("fuzz: {executions} inputs of {name} from {} seeds", seeds.len());
        }
    }
}
