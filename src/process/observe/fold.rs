//! Folding: few facts from many looks.
//!
//! A compiler looks at hundreds of files that came with it and never change by themselves. Where the caller knows a file
//! that changes whenever a tree does (the package manager's database for `/usr`, the version file of a toolchain), that file
//! stands for all looks into the tree. They are kept behind it: if the stand-in changes, they are asked one by one, and a build
//! that none of them concerns stays current.
//!
//! Of names that are absent below an absent directory the directory is asked, once. Several names that are absent in one
//! directory are behind that directory: its time changes when a name appears.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::process::observe::observed::{Look, Stamp, What};
use crate::process::observe::paths::{ancestors, is_within, parent};
use crate::store::stamp::Moment;

/// A tree that is named by its version, or changes only together with `stand_in`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root {
    /// The directory, without links.
    pub(crate) directory: PathBuf,
    /// Directories in it that are not so (`/usr/local`).
    pub(crate) except: Vec<PathBuf>,
    /// The file that changes with it. None: it never changes while it is there.
    pub(crate) stand_in: Option<PathBuf>,
}

/// One thing to ask before a result is used again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    /// The content of a file; links lead to it.
    File {
        /// Where.
        path: PathBuf,
        /// As it was when the build had ended.
        stamp: Stamp,
        /// When the build first looked.
        at: Moment,
    },
    /// Something is there, a directory or not.
    Present {
        /// Where.
        path: PathBuf,
        /// Whether it is a directory.
        directory: bool,
    },
    /// The names in a directory.
    Listing {
        /// Where.
        path: PathBuf,
        /// Whether the build made names in it, which a later one will find.
        own_names: bool,
    },
    /// The text of a link.
    Link {
        /// Where.
        path: PathBuf,
        /// The text; empty of what is no link.
        target: PathBuf,
    },
    /// Nothing is there.
    Absent {
        /// Where.
        path: PathBuf,
    },
}

impl Fact {
    /// What it is about.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Fact::File { path, .. }
            | Fact::Present { path, .. }
            | Fact::Listing { path, .. }
            | Fact::Link { path, .. }
            | Fact::Absent { path } => path,
        }
    }
}

/// The facts of one tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Under {
    /// The tree.
    pub(crate) root: Root,
    /// To be asked only if the stand-in changed.
    pub(crate) facts: Vec<Fact>,
}

/// The facts of a build.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Folded {
    /// To be asked each time, in the order of the first look.
    pub(crate) facts: Vec<Fact>,
    /// Trees, in the order of the roots that were given, only those that were looked into; then directories in which
    /// several names are absent.
    pub(crate) under: Vec<Under>,
}

/// Folds looks. `own` are directories whose content is the caller's to know (staging, a cache): looks there are no facts.
///
/// What the build changed after it had looked is left out: the state it left is the one that a next build would meet.
pub(crate) fn fold(looks: &[Look], roots: &[Root], own: &[PathBuf]) -> Folded {
    let missing: FxHashSet<&OsStr> =
        looks.iter().filter(|look| !look.rewritten).filter_map(missing).map(Path::as_os_str).collect();
    let mut under: Vec<Under> =
        roots.iter().map(|root| Under { root: root.clone(), facts: Vec::new() }).collect();
    let mut facts = Vec::new();
    let mut tops: FxHashMap<&OsStr, usize> = FxHashMap::default();
    for look in looks.iter().filter(|look| !look.rewritten) {
        if let Some(first) = self::missing(look) {
            *tops.entry(topmost(first, &missing).as_os_str()).or_default() += 1;
        }
    }
    let mut absent = FxHashSet::default();
    let kept =
        |look: &&Look| !look.rewritten && !own.iter().any(|directory| is_within(&look.path, directory));
    let implied = above(looks.iter().filter(kept));
    for look in looks.iter().filter(kept) {
        let path = || look.path.clone();
        let fact = match &look.what {
            // Nothing is there for us.
            What::Unreachable { .. } => Fact::Absent { path: path() },
            What::Absent { missing: first } => {
                // The topmost of those that are known to be missing; each once. A name by itself stays what it is: that its
                // directory appears is no news.
                let top = match topmost(first, &missing) {
                    top if tops.get(top.as_os_str()) == Some(&1) => look.path.as_path(),
                    top => top,
                };
                if !absent.insert(top.as_os_str()) {
                    continue;
                }
                Fact::Absent { path: top.to_owned() }
            }
            What::Link { target } => Fact::Link { path: path(), target: target.clone() },
            What::Listing { own_names } => Fact::Listing { path: path(), own_names: *own_names },
            // Something that is in it is a fact: then it is a directory.
            What::Existence if implied.contains(look.path.as_os_str()) => continue,
            What::Existence => {
                Fact::Present { path: path(), directory: look.stamp.is_some_and(|stamp| stamp.directory) }
            }
            What::Content | What::Metadata => match look.stamp {
                Some(stamp) => Fact::File { path: path(), stamp, at: look.at },
                None => continue,
            },
        };
        match under.iter_mut().find(|under| under.root.holds(fact.path())) {
            Some(under) => under.facts.push(fact),
            None => facts.push(fact),
        }
    }
    under.retain(|under| !under.facts.is_empty());
    let facts = behind_directories(facts, &mut under);
    Folded { facts, under }
}

/// Absent names of one directory behind that directory, whose own time changes with every name that appears in it.
fn behind_directories(facts: Vec<Fact>, under: &mut Vec<Under>) -> Vec<Fact> {
    /// Fewer names are asked about as quickly as their directory, which may change often for other reasons.
    const WORTH: usize = 4;
    let directory = |fact: &Fact| match fact {
        Fact::Absent { path } => parent(path).map(Path::to_owned),
        _ => None,
    };
    let mut counts: FxHashMap<PathBuf, usize> = FxHashMap::default();
    for directory in facts.iter().filter_map(directory) {
        *counts.entry(directory).or_default() += 1;
    }
    let mut places: FxHashMap<PathBuf, usize> = FxHashMap::default();
    let mut kept = Vec::with_capacity(facts.len());
    for fact in facts {
        match directory(&fact).filter(|directory| counts.get(directory).is_some_and(|count| *count >= WORTH))
        {
            Some(directory) => {
                let place = *places.entry(directory.clone()).or_insert_with(|| {
                    let stand_in = Some(directory.clone());
                    under.push(Under {
                        root: Root { directory, except: Vec::new(), stand_in },
                        facts: Vec::new(),
                    });
                    under.len() - 1
                });
                if let Some(under) = under.get_mut(place) {
                    under.facts.push(fact);
                }
            }
            None => kept.push(fact),
        }
    }
    kept
}

/// Directories that something is in.
fn above<'a>(looks: impl Iterator<Item = &'a Look>) -> FxHashSet<&'a OsStr> {
    let mut found = FxHashSet::default();
    for look in looks.filter(|look| !matches!(look.what, What::Absent { .. } | What::Unreachable { .. })) {
        for part in ancestors(&look.path).skip(1) {
            if !found.insert(part.as_os_str()) {
                break;
            }
        }
    }
    found
}

impl Root {
    fn holds(&self, path: &Path) -> bool {
        is_within(path, &self.directory) && !self.except.iter().any(|except| is_within(path, except))
    }
}

/// The topmost directory of a path that is known to be missing.
fn topmost<'a>(first: &'a Path, missing: &FxHashSet<&OsStr>) -> &'a Path {
    ancestors(first).filter(|part| missing.contains(part.as_os_str())).last().unwrap_or(first)
}

fn missing(look: &Look) -> Option<&Path> {
    match &look.what {
        What::Absent { missing } => Some(missing),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn look(path: &str, what: What) -> Look {
        let stamp = Stamp {
            device: 1,
            inode: 1,
            size: 1,
            modified: (1, 0),
            changed: (1, 0),
            directory: path.ends_with('/'),
        };
        Look {
            path: PathBuf::from(path.trim_end_matches('/')),
            stamp: (!matches!(what, What::Absent { .. })).then_some(stamp),
            what,
            program: Arc::from(Path::new("cc1")),
            at: Moment::now(),
            opened: false,
            rewritten: false,
            disturbed: false,
        }
    }

    fn absent(path: &str, missing: &str) -> Look {
        look(path, What::Absent { missing: missing.into() })
    }

    /// `kind path` of each.
    fn shown(facts: &[Fact]) -> Vec<String> {
        let show = |fact: &Fact| {
            let kind = match fact {
                Fact::File { .. } => "file",
                Fact::Present { directory: true, .. } => "directory",
                Fact::Present { .. } => "present",
                Fact::Listing { .. } => "listing",
                Fact::Link { .. } => "link",
                Fact::Absent { .. } => "absent",
            };
            format!("{kind} {}", fact.path().display())
        };
        facts.iter().map(show).collect()
    }

    fn root(directory: &str, except: &[&str]) -> Root {
        Root {
            directory: directory.into(),
            except: except.iter().map(PathBuf::from).collect(),
            stand_in: Some("/var/lib/db".into()),
        }
    }

    #[test]
    fn names_below_one_absent_directory_are_one_fact() {
        let looks = [
            absent("/s/inc/sub/a.h", "/s/inc/sub"),
            absent("/s/inc/a.h", "/s/inc"),
            absent("/s/inc/b.h", "/s/inc"),
            absent("/s/include/b.h", "/s/include"),
        ];
        let folded = fold(&looks, &[], &[]);
        assert!(folded.under.is_empty());
        assert_eq!(shown(&folded.facts), ["absent /s/inc", "absent /s/include/b.h"]);
    }

    #[test]
    fn several_names_absent_in_one_directory_are_behind_it_and_a_single_one_is_not() {
        let looks = [
            absent("/s/a.h", "/s/a.h"),
            absent("/t/a.h", "/t/a.h"),
            absent("/s/b.h", "/s/b.h"),
            absent("/s/a.h/x", "/s/a.h"),
            absent("/s/c.h", "/s/c.h"),
            absent("/s/d.h", "/s/d.h"),
        ];
        let folded = fold(&looks, &[], &[]);
        assert_eq!(shown(&folded.facts), ["absent /t/a.h"]);
        assert_eq!(folded.under.len(), 1);
        assert_eq!(folded.under[0].root.stand_in.as_deref(), Some(Path::new("/s")));
        let expected = ["a", "b", "c", "d"].map(|name| format!("absent /s/{name}.h"));
        assert_eq!(shown(&folded.under[0].facts), expected);
    }

    #[test]
    fn a_directory_that_something_was_found_in_is_no_fact_besides() {
        let looks = [
            look("/s/", What::Existence),
            look("/s/a.h", What::Content),
            look("/t/", What::Existence),
            absent("/t/a.h", "/t/a.h"),
            look("/u/", What::Listing { own_names: false }),
            look("/u/b", What::Existence),
        ];
        assert_eq!(
            shown(&fold(&looks, &[], &[]).facts),
            ["file /s/a.h", "directory /t", "absent /t/a.h", "listing /u", "present /u/b"]
        );
    }

    #[test]
    fn a_tree_with_a_stand_in_is_behind_it_and_its_exceptions_are_not() {
        let looks = [
            look("/usr/lib/cc1", What::Content),
            look("/s/a.c", What::Metadata),
            absent("/usr/local/include/a.h", "/usr/local/include"),
            absent("/usr/include/a.h", "/usr/include/a.h"),
            look("/usrlib", What::Content),
        ];
        let folded = fold(&looks, &[root("/usr", &["/usr/local"]), root("/opt", &[])], &[]);
        assert_eq!(shown(&folded.facts), ["file /s/a.c", "absent /usr/local/include/a.h", "file /usrlib"]);
        assert_eq!(folded.under.len(), 1);
        assert_eq!(shown(&folded.under[0].facts), ["file /usr/lib/cc1", "absent /usr/include/a.h"]);
    }

    #[test]
    fn what_is_the_callers_own_or_was_rewritten_is_no_fact() {
        let mut rewritten = look("/s/out", What::Content);
        rewritten.rewritten = true;
        let looks = [look("/c/staging/x", What::Content), rewritten, look("/s/a.c", What::Content)];
        assert_eq!(shown(&fold(&looks, &[], &["/c".into()]).facts), ["file /s/a.c"]);
    }

    #[test]
    fn an_absence_under_a_rewritten_one_stays() {
        // The build made `/s/out` after it had missed it, and later missed a name in it.
        let mut made = absent("/s/out", "/s/out");
        made.rewritten = true;
        let looks = [made, absent("/s/other/x", "/s/other")];
        assert_eq!(shown(&fold(&looks, &[], &[]).facts), ["absent /s/other/x"]);
    }

    #[test]
    fn folding_loses_no_file_and_invents_none() {
        let looks: Vec<Look> = (0..100).map(|n| look(&format!("/d{}/f{n}", n % 7), What::Content)).collect();
        let folded = fold(&looks, &[root("/d3", &[])], &["/d5".into()]);
        let behind = folded.under.iter().flat_map(|under| &under.facts);
        let mut found: Vec<&Path> = folded.facts.iter().chain(behind).map(Fact::path).collect();
        found.sort();
        let mut expected: Vec<&Path> =
            looks.iter().map(|look| look.path.as_path()).filter(|path| !path.starts_with("/d5")).collect();
        expected.sort();
        assert_eq!(found, expected);
    }
}
