//! Trees of files that came with the system or a compiler, and what changes whenever they do.
//!
//! | tree | stands for it |
//! | --- | --- |
//! | `/usr` without `/usr/local`, `/bin`, `/lib`…, `/etc/alternatives` | the package manager's database, and the directories most looked into |
//! | beside an executable that ran and is no script: `lib`, `share`, … of its prefix | the executable, and directories likewise |
//! | the Go module cache, cargo's registry | nothing: they name versions, and never change |
//!
//! Nothing in them is a fact of its own, except a file that no package has (`package_files`), beside which its directory stands
//! for the tree, too. What a person changes by hand of a package's own files is seen if a name in one of those directories comes
//! or goes, as it does with every installer and most editors.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use crate::base::environment::Environment;
use crate::base::order;
use crate::process::observe::fold::{Fact, Root};
use crate::process::observe::paths::{is_within, parent};

/// Databases of package managers, which change with every file that they install.
const DATABASES: &[&str] = &[
    "/var/lib/dpkg/status",
    "/usr/lib/sysimage/rpm/rpmdb.sqlite",
    "/var/lib/rpm/rpmdb.sqlite",
    "/var/lib/rpm/Packages",
    "/var/lib/pacman/local",
    "/lib/apk/db/installed",
    "/usr/lib/apk/db/installed",
];

/// Directories of a Unix system that a package manager keeps.
const SYSTEM: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc/alternatives",
    "/etc/locale.alias",
    "/opt/rh",
];

/// Below a prefix of the usual shape, what belongs to its programs.
const PARTS: &[&str] = &["lib", "lib64", "libexec", "share", "include", "pkg", "src", "api"];

/// A tree, and what stands for it.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    /// Names the trees that are one, to [`Root::stand_in`].
    pub(crate) name: PathBuf,
    /// What stands for it besides directories in it; none of that if it never changes.
    pub(crate) stand_ins: Option<Vec<PathBuf>>,
    directories: Vec<PathBuf>,
    except: Vec<PathBuf>,
}

impl Tree {
    pub(crate) fn roots(&self) -> impl Iterator<Item = Root> {
        self.directories.iter().map(|directory| Root {
            directory: directory.clone(),
            except: self.except.clone(),
            stand_in: Some(self.name.clone()),
        })
    }

    /// One that never changes while it is there.
    pub(crate) fn constant(directory: PathBuf) -> Tree {
        Tree { name: directory.clone(), stand_ins: None, directories: vec![directory], except: Vec::new() }
    }

    /// Whether it is that of the system.
    pub(crate) fn is_system(&self) -> bool {
        self.name == Path::new("/usr")
    }

    pub(crate) fn holds(&self, path: &Path) -> bool {
        self.directories.iter().any(|directory| is_within(path, directory))
            && !self.except.iter().any(|except| is_within(path, except))
    }
}

/// The trees of this system and of the executables that ran, for a script that lies in `base`.
pub(crate) fn find(programs: &[impl AsRef<Path>], base: &Path, environment: &Environment) -> Vec<Tree> {
    let system = Tree {
        name: PathBuf::from("/usr"),
        stand_ins: Some(DATABASES.iter().map(PathBuf::from).filter(|path| path.exists()).collect()),
        directories: SYSTEM.iter().map(PathBuf::from).collect(),
        except: vec![PathBuf::from("/usr/local"), base.to_owned()],
    };
    // A script that lies in the system's root itself does not make all of it the script's.
    let mut trees = vec![system];
    let home = environment.home();
    if let Some(cargo) = environment.cargo_home() {
        trees.push(Tree::constant(cargo.join("registry/src")));
        trees.push(Tree::constant(cargo.join("git/checkouts")));
    }
    for program in programs.iter().map(AsRef::as_ref) {
        let own =
            |path: &Path| path.parent().is_none() || Some(path) == home.as_deref() || base.starts_with(path);
        let Some(directory) = program.parent() else { continue };
        let prefix = match directory.file_name() {
            Some(name) if name == "bin" => directory.parent(),
            _ => Some(directory),
        };
        let Some(prefix) = prefix.filter(|prefix| !own(prefix) && *prefix != Path::new("/usr/local")) else {
            continue;
        };
        let is_known = trees.iter().any(|tree| tree.holds(program) || tree.name == prefix);
        if is_known || !is_binary(program) {
            continue;
        }
        trees.push(Tree {
            name: prefix.to_owned(),
            stand_ins: Some(vec![program.to_owned()]),
            directories: PARTS.iter().map(|part| prefix.join(part)).collect(),
            except: vec![base.to_owned()],
        });
    }
    trees
}

/// The directories that most of these facts are about what is in, and then those in which something was looked for in vain.
pub(crate) fn most_looked_into(facts: &[Fact], count: usize) -> Vec<PathBuf> {
    let mut directories: FxHashMap<&OsStr, usize> = FxHashMap::default();
    for fact in facts {
        let worth = match fact {
            Fact::File { .. } => 1,
            Fact::Absent { .. } => 0,
            _ => continue,
        };
        if let Some(directory) = parent(fact.path()) {
            *directories.entry(directory.as_os_str()).or_default() += worth;
        }
    }
    let mut directories: Vec<_> = directories.into_iter().collect();
    order::sort_by_key(&mut directories, |(directory, files)| (std::cmp::Reverse(*files), *directory));
    let directories = directories.into_iter().map(|(directory, files)| (Path::new(directory), files));
    let there = directories.filter(|(directory, files)| *files > 0 || directory.is_dir());
    there.take(count).map(|(directory, _)| directory.to_owned()).collect()
}

/// Whether a program is what a processor executes: a script may be a shim, which chooses among what lies beside it.
pub(crate) fn is_binary(program: &Path) -> bool {
    let mut head = [0; 4];
    File::open(program).and_then(|mut file| file.read_exact(&mut head)).is_ok() && head == *b"\x7fELF"
}
