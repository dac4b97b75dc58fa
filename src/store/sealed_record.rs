//! Small sealed text files that keep what was found out, with the facts under which it stays true.
//!
//! Their format is that of [`crate::store::trace::line`]. What a compiler said of itself is one, and a dependency environment is one.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::base::digest::Digest;
use crate::base::environment::Environment;
use crate::store::fact_tree;
use crate::store::seal::{sealed, unsealed};
use crate::store::trace::escape::{Text, escape, line};
use crate::store::trace::fact::Check;
use crate::store::trace::fact_state::Holds;
use crate::store::trace::line::{Line, Lines, RECORD};

/// What a record is sealed as.
const PURPOSE: &str = "record";

/// Facts and the checks they depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Record {
    about: Vec<(Text<'static>, Text<'static>)>,
    pub(crate) checks: Vec<Check<'static>>,
}

impl Record {
    pub(crate) fn push(&mut self, name: &str, text: impl AsRef<OsStr>) {
        let own = |text: &[u8]| Cow::Owned(text.to_vec());
        self.about.push((own(name.as_bytes()), own(text.as_ref().as_bytes())));
    }

    /// All texts of a name, in order.
    pub(crate) fn all(&self, name: &str) -> Vec<OsString> {
        let named = self.about.iter().filter(|(key, _)| **key == *name.as_bytes());
        named.map(|(_, text)| OsString::from_vec(text.to_vec())).collect()
    }

    /// Puts other texts in the place of all of a name.
    pub(crate) fn replace_all(&mut self, name: &str, texts: &[OsString]) {
        self.about.retain(|(key, _)| **key != *name.as_bytes());
        texts.iter().for_each(|text| self.push(name, text));
    }

    /// Every text with its name, in order.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (String, String)> {
        let text = |text: &Text<'_>| String::from_utf8_lossy(text).into_owned();
        self.about.iter().map(move |(name, value)| (text(name), text(value)))
    }

    /// The first text of a name.
    pub(crate) fn first(&self, name: &str) -> Option<OsString> {
        self.all(name).into_iter().next()
    }

    pub(crate) fn holds(&self, environment: &Environment) -> bool {
        self.checks.iter().all(|check| fact_tree::holds(check, environment) != Holds::No)
    }

    /// The same; what holds by its content is given the stamp that it has now. Whether there is such, so that it is worth
    /// writing the record again: whoever asks next need not read the content.
    pub(crate) fn holds_after_restamp(&mut self, environment: &Environment) -> Option<bool> {
        let mut is_changed = false;
        for check in &mut self.checks {
            match fact_tree::holds(check, environment) {
                Holds::Yes => {}
                Holds::ByContent(stamp) | Holds::Tree(stamp) => {
                    if stamp.is_some() {
                        check.set_stamp(stamp);
                        is_changed = true;
                    }
                }
                Holds::No => return None,
            }
        }
        Some(is_changed)
    }

    pub(crate) fn render(&self, id: &Digest) -> Vec<u8> {
        let mut out = Vec::new();
        line(&mut out, &[RECORD]);
        for (name, text) in &self.about {
            line(&mut out, &[b"about", &escape(name), &escape(text)]);
        }
        for check in &self.checks {
            check.render(&mut out);
        }
        sealed(PURPOSE, id, out)
    }

    /// Reads what texts and facts there are, sealed or not: to know what a record refers to before something is removed.
    pub(crate) fn read_any(bytes: &[u8]) -> Record {
        let mut record = Record::default();
        for line in Lines::of(bytes).flatten() {
            if let Line::About(..) | Line::Fact(_) = line {
                let _ = record.add(line);
            }
        }
        record
    }

    /// Reads what facts there are, likewise.
    pub(crate) fn read_any_facts(bytes: &[u8]) -> Vec<Check<'static>> {
        let facts = Lines::of(bytes).flatten().filter_map(|line| match line {
            Line::Fact(fact) => Some(fact.into_owned()),
            _ => None,
        });
        facts.collect()
    }

    /// Reads the record of `id`; anything but a whole, undamaged record of that id is `None`.
    pub(crate) fn parse(id: &Digest, bytes: &[u8]) -> Option<Record> {
        let mut record = Record::default();
        for line in Lines::after(RECORD, unsealed(PURPOSE, id, bytes)?)? {
            record.add(line?)?;
        }
        Some(record)
    }

    /// Takes in a line; `None` if it has no meaning in a record.
    fn add(&mut self, line: Line<'_>) -> Option<()> {
        let own = |text: Text<'_>| Cow::Owned(text.into_owned());
        match line {
            Line::About(name, text) => self.about.push((own(name), own(text))),
            Line::Fact(fact) => self.checks.push(fact.into_owned()),
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::stamp::Moment;
    use crate::store::trace::fact::Input;

    #[test]
    fn what_holds_by_its_content_is_given_the_stamp_of_now() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("cc");
        std::fs::write(&file, "a compiler").unwrap();
        let environment = Environment::process();
        let stamp = |record: &Record| match &record.checks[0].input {
            Input::Content { stamp, .. } => *stamp,
            _ => None,
        };
        let later = Moment::from_unix(Moment::now().unix_seconds() + 1, 0);
        let mut record = Record::default();
        record.checks.push(Check::file(&file, later).unwrap());
        let before = stamp(&record);
        assert!(before.is_some());
        assert_eq!(record.holds_after_restamp(&environment), Some(false));
        // As restoring a system does: the same content with other times.
        let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(long_ago).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert_eq!(record.holds_after_restamp(&environment), Some(true));
        assert!(stamp(&record).is_some() && stamp(&record) != before);
        assert_eq!(record.holds_after_restamp(&environment), Some(false));
        std::fs::write(&file, "another").unwrap();
        assert_eq!(record.holds_after_restamp(&environment), None);
    }

    #[test]
    fn a_record_reads_back_and_damage_is_noticed() {
        let id = Digest::of(b"id");
        let mut record = Record::default();
        record.push("argument", "-C link-arg=a b\n\\");
        record.push("argument", "");
        record.checks.push(Check::absent(std::path::Path::new("/no such = place")));
        let text = record.render(&id);
        assert_eq!(Record::parse(&id, &text), Some(record));
        assert_eq!(Record::parse(&Digest::of(b"other"), &text), None);
        for at in 0..text.len() {
            let mut damaged = text.clone();
            damaged[at] ^= 1;
            assert_eq!(Record::parse(&id, &damaged), None, "a flip at {at}");
            assert_eq!(Record::parse(&id, &text[..at]), None, "cut at {at}");
        }
    }
}
