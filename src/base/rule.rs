//! The rules of a policy: what [`crate::Policy`] allows or refuses, each by its name.

/// What a [`crate::Policy`] refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// A language: [`crate::Policy::languages`].
    Language,
    /// A package of a registry in place of a script: [`crate::Policy::packages`].
    Package,
    /// A toolchain or target of the script's choosing: [`crate::Policy::toolchains`].
    Toolchain,
    /// Flags of the compiler of the script's choosing: [`crate::Policy::flags`].
    Flags,
    /// A program that the script names: [`crate::Policy::programs`].
    Program,
    /// A dependency in a directory: [`crate::Policy::path_dependencies`].
    Path,
    /// A dependency in a git repository: [`crate::Policy::git_dependencies`].
    Git,
    /// A registry other than crates.io: [`crate::Policy::registries`].
    Registry,
    /// A crate of the resolved graph: [`crate::Policy::crates`].
    Crate,
    /// A build script or a procedural macro: [`crate::Policy::build_code`].
    BuildCode,
    /// A file that the compiler would read: [`crate::Policy::readable`].
    File,
    /// A variable of the build: [`crate::Policy::variables`].
    Variable,
}

/// The rules, their names, and what allows what they refuse.
const RULES: &[(Rule, &str, &str)] = &[
    (Rule::Language, "language", "languages"),
    (Rule::Package, "package", "packages"),
    (Rule::Toolchain, "toolchain", "toolchains"),
    (Rule::Flags, "flags", "flags"),
    (Rule::Program, "program", "programs"),
    (Rule::Path, "path", "path_dependencies"),
    (Rule::Git, "git", "git_dependencies"),
    (Rule::Registry, "registry", "registries"),
    (Rule::Crate, "crate", "crates"),
    (Rule::BuildCode, "build-code", "build_code"),
    (Rule::File, "file", "readable"),
    (Rule::Variable, "variable", "variables"),
];

impl Rule {
    /// Its name: `build-code`.
    pub fn as_str(self) -> &'static str {
        RULES.iter().find(|(rule, ..)| *rule == self).map_or("", |(_, name, _)| name)
    }

    /// The method of a policy that allows what it refuses.
    pub(crate) fn method(self) -> &'static str {
        RULES.iter().find(|(rule, ..)| *rule == self).map_or("", |(.., method)| method)
    }
}
