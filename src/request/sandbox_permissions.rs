//! The flags of the sandbox: `--sandbox` and what is allowed in it, in the words of deno.
//!
//! ```text
//! --sandbox                       nothing but what a program needs to start
//! --allow-read[=PATH,...]           read and execute everything, or what is below these
//! --allow-write[=PATH,...]          write everything, or below these; may be read too
//! --allow-net[=PORT,...]            every network, or TCP to and at these ports
//! --allow-env[=NAME,...]            every variable, or these too; `APP_*` is a prefix
//! --allow-unix                    unix sockets, by path and abstract
//! --allow-all, -A                 all of these
//! ```
//!
//! Flags add up. Relative paths are made absolute by whoever knows the directory they were given in.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::base::error::{Error, Result, usage_error};

/// What is allowed of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grant<T> {
    /// These, if any.
    These(Vec<T>),
    /// No limit.
    Everything,
}

impl<T> Default for Grant<T> {
    fn default() -> Grant<T> {
        Grant::These(Vec::new())
    }
}

impl<T> Grant<T> {
    fn is_nothing(&self) -> bool {
        matches!(self, Grant::These(list) if list.is_empty())
    }

    /// Allows these too.
    pub fn add(&mut self, more: impl IntoIterator<Item = T>) {
        if let Grant::These(list) = self {
            list.extend(more);
        }
    }
}

/// What was asked for on a command line, a first line or in a configuration file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions {
    /// `--sandbox`.
    pub sandbox: bool,
    /// `--allow-read`.
    pub read: Grant<PathBuf>,
    /// `--allow-write`.
    pub write: Grant<PathBuf>,
    /// `--allow-net`.
    pub network: Grant<u16>,
    /// `--allow-env`.
    pub variables: Grant<String>,
    /// `--allow-unix`.
    pub unix: bool,
}

impl Permissions {
    /// Whether nothing was said of a sandbox.
    pub(crate) fn are_none(&self) -> bool {
        let Permissions { sandbox, read, write, network, variables, unix } = self;
        !sandbox
            && !unix
            && read.is_nothing()
            && write.is_nothing()
            && network.is_nothing()
            && variables.is_nothing()
    }

    /// Adds what other places allow: flags add up.
    pub(crate) fn merge(&mut self, other: &Permissions) {
        fn add<T: Clone + PartialEq>(own: &mut Grant<T>, other: &Grant<T>) {
            match other {
                Grant::Everything => *own = Grant::Everything,
                Grant::These(list) => own.add(list.iter().cloned()),
            }
        }
        self.sandbox |= other.sandbox;
        self.unix |= other.unix;
        add(&mut self.read, &other.read);
        add(&mut self.write, &other.write);
        add(&mut self.network, &other.network);
        add(&mut self.variables, &other.variables);
    }

    /// The arguments that say the same.
    pub(crate) fn to_arguments(&self) -> Vec<OsString> {
        fn list<T>(name: &str, grant: &Grant<T>, text: impl Fn(&T) -> OsString) -> Vec<OsString> {
            match grant {
                Grant::Everything => vec![name.into()],
                Grant::These(list) => list
                    .iter()
                    .map(|one| {
                        let mut word = OsString::from(format!("{name}="));
                        word.push(text(one));
                        word
                    })
                    .collect(),
            }
        }
        let mut words: Vec<OsString> = Vec::new();
        words.extend(self.sandbox.then(|| "--sandbox".into()));
        words.extend(list("--allow-read", &self.read, |path| path.clone().into()));
        words.extend(list("--allow-write", &self.write, |path| path.clone().into()));
        words.extend(list("--allow-net", &self.network, |port| port.to_string().into()));
        words.extend(list("--allow-env", &self.variables, |name| name.into()));
        words.extend(self.unix.then(|| "--allow-unix".into()));
        words
    }

    /// The permissions that such arguments say; one that means nothing is an error.
    ///
    /// # Errors
    ///
    /// [`crate::Step::Arguments`].
    pub(crate) fn from_arguments<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Result<Permissions> {
        let mut permissions = Permissions::default();
        for word in words {
            permissions.take(word.as_ref())?;
        }
        Ok(permissions)
    }

    /// Takes an argument if it is one of these flags.
    ///
    /// # Errors
    ///
    /// A value that a flag cannot have.
    pub fn take(&mut self, argument: &OsStr) -> Result<bool> {
        let bytes = argument.as_bytes();
        let at = bytes.iter().position(|byte| *byte == b'=');
        let (name, value) = match at {
            Some(at) => (&bytes[..at], Some(&bytes[at + 1..])),
            None => (bytes, None),
        };
        let name = str::from_utf8(name).unwrap_or_default();
        match (name, value) {
            ("--sandbox", None) => self.sandbox = true,
            ("--allow-unix", None) => self.unix = true,
            ("--allow-all" | "-A", None) => {
                self.read = Grant::Everything;
                self.write = Grant::Everything;
                self.network = Grant::Everything;
                self.variables = Grant::Everything;
                self.unix = true;
            }
            ("--allow-read", None) => self.read = Grant::Everything,
            ("--allow-write", None) => self.write = Grant::Everything,
            ("--allow-net", None) => self.network = Grant::Everything,
            ("--allow-env", None) => self.variables = Grant::Everything,
            ("--allow-read", Some(value)) => self.read.add(list(name, value, path)?),
            ("--allow-write", Some(value)) => self.write.add(list(name, value, path)?),
            ("--allow-net", Some(value)) => self.network.add(list(name, value, port)?),
            ("--allow-env", Some(value)) => self.variables.add(list(name, value, variable)?),
            ("--sandbox" | "--allow-unix" | "--allow-all" | "-A", Some(_)) => {
                return Err(flag_error(format!("`{name}` takes no value"), &format!("write `{name}`")));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Refuses permissions for a sandbox that was not asked for.
    ///
    /// # Errors
    ///
    /// A permission without `--sandbox`.
    pub fn check(&self) -> Result<()> {
        if self.sandbox || *self == Permissions::default() {
            return Ok(());
        }
        let name = match self {
            Permissions { read, .. } if *read != Grant::default() => "--allow-read",
            Permissions { write, .. } if *write != Grant::default() => "--allow-write",
            Permissions { network, .. } if *network != Grant::default() => "--allow-net",
            Permissions { variables, .. } if *variables != Grant::default() => "--allow-env",
            _ => "--allow-unix",
        };
        Err(flag_error(
            format!("`{name}` needs `--sandbox`"),
            "without `--sandbox` a script may do all that you may",
        ))
    }
}

fn flag_error(text: String, hint: &str) -> Error {
    usage_error(text).with_hint(hint)
}

fn list<T>(name: &str, value: &[u8], parse: impl Fn(&[u8]) -> Result<T>) -> Result<Vec<T>> {
    if value.split(|byte| *byte == b',').any(<[u8]>::is_empty) {
        let text = format!("`{name}={}` has an empty value", String::from_utf8_lossy(value));
        return Err(flag_error(text, &format!("`{name}` alone allows everything")));
    }
    value.split(|byte| *byte == b',').map(parse).collect()
}

fn path(text: &[u8]) -> Result<PathBuf> {
    match text.contains(&0) {
        false => Ok(PathBuf::from(OsStr::from_bytes(text))),
        true => Err(flag_error("a path has a null byte".to_owned(), "name another path")),
    }
}

fn port(text: &[u8]) -> Result<u16> {
    let text = String::from_utf8_lossy(text);
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if is_number => Ok(port),
        _ if is_number => Err(flag_error(
            format!("`--allow-net={text}`: there is no port {text}"),
            "ports go from 0 to 65535",
        )),
        _ => Err(flag_error(
            format!("`--allow-net={text}`: the kernel knows ports, not hosts"),
            "`--allow-net=443` allows TCP at port 443 of every host",
        )),
    }
}

fn variable(text: &[u8]) -> Result<String> {
    match str::from_utf8(text) {
        Ok(name) if !name.contains(['=', '\0']) => Ok(name.to_owned()),
        _ => Err(flag_error(
            format!("`--allow-env={}`: no variable has such a name", String::from_utf8_lossy(text)),
            "`--allow-env=HOME,LANG` allows two",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Permissions> {
        let mut permissions = Permissions::default();
        for word in words.split_whitespace() {
            assert!(permissions.take(OsStr::new(word))?, "{word}");
        }
        permissions.check()?;
        Ok(permissions)
    }

    #[test]
    fn flags_add_up_and_everything_stays_everything() {
        let one = parse("--sandbox --allow-read=/a,b --allow-read=/c --allow-net=80,443 --allow-env=A,B_*")
            .unwrap();
        assert_eq!(one.read, Grant::These(vec!["/a".into(), "b".into(), "/c".into()]));
        assert_eq!(one.network, Grant::These(vec![80, 443]));
        assert_eq!(one.variables, Grant::These(vec!["A".into(), "B_*".into()]));
        assert_eq!((one.write, one.unix), (Grant::These(Vec::new()), false));
        let all = parse("--sandbox --allow-write --allow-write=/x").unwrap();
        assert_eq!(all.write, Grant::Everything);
        assert_eq!(parse("--sandbox -A").unwrap(), parse("--sandbox --allow-all").unwrap());
        assert_eq!(parse("--sandbox -A").unwrap().read, Grant::Everything);
    }

    #[test]
    fn what_a_flag_cannot_mean_is_an_error() {
        for (words, text) in [
            (
                "--sandbox --allow-net=example.com",
                "`--allow-net=example.com`: the kernel knows ports, not hosts",
            ),
            (
                "--sandbox --allow-net=localhost:80",
                "`--allow-net=localhost:80`: the kernel knows ports, not hosts",
            ),
            ("--sandbox --allow-net=70000", "`--allow-net=70000`: there is no port 70000"),
            ("--sandbox --allow-net=+80", "`--allow-net=+80`: the kernel knows ports, not hosts"),
            ("--sandbox --allow-read=", "`--allow-read=` has an empty value"),
            ("--sandbox --allow-read=/a,,/b", "`--allow-read=/a,,/b` has an empty value"),
            ("--sandbox=yes", "`--sandbox` takes no value"),
            ("--allow-read", "`--allow-read` needs `--sandbox`"),
            ("--allow-unix", "`--allow-unix` needs `--sandbox`"),
            ("--allow-net=1", "`--allow-net` needs `--sandbox`"),
        ] {
            assert_eq!(parse(words).unwrap_err().to_string(), text, "{words}");
        }
    }

    #[test]
    fn other_arguments_are_left_alone() {
        for word in ["--allow-run", "--allow", "x.rs", "-a", "", "--allow-readable=1"] {
            assert!(!Permissions::default().take(OsStr::new(word)).unwrap(), "{word}");
        }
        assert!(!Permissions::default().take(OsStr::from_bytes(b"\xff=\xff")).unwrap());
    }
}
