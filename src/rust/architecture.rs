//! Names of processors: Rust's library, targets and GNU each have their own.

/// As GNU's names of machines have it.
pub(crate) fn gnu_architecture(architecture: &str) -> &str {
    match architecture {
        "i386" | "i486" | "i586" => "i686",
        architecture if architecture.starts_with("riscv64") => "riscv64",
        architecture if architecture.starts_with("riscv32") => "riscv32",
        architecture if architecture.starts_with("arm") || architecture.starts_with("thumb") => "arm",
        architecture => architecture,
    }
}

/// Whether this program was compiled for the architecture that a target or a host begins with.
pub(crate) fn is_own_architecture(target: &str) -> bool {
    let own = own_architecture(std::env::consts::ARCH, cfg!(target_endian = "little"));
    target.split_once('-').is_some_and(|(architecture, _)| gnu_architecture(architecture) == own)
}

/// What Rust's library calls an architecture, as GNU's names have it: some it has one word for, whatever their byte order.
fn own_architecture(name: &'static str, is_little_endian: bool) -> &'static str {
    match (name, is_little_endian) {
        ("x86", _) => "i686",
        ("powerpc64", true) => "powerpc64le",
        ("mips", true) => "mipsel",
        ("mips64", true) => "mips64el",
        (name, _) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_programs_architecture_is_known_in_every_target_that_is_for_it() {
        for (name, is_little_endian, target) in [
            ("x86_64", true, "x86_64-unknown-linux-gnu"),
            ("x86", true, "i686-unknown-linux-musl"),
            ("x86", true, "i586-unknown-linux-gnu"),
            ("arm", true, "armv7-unknown-linux-gnueabihf"),
            ("aarch64", true, "aarch64-apple-darwin"),
            ("riscv64", true, "riscv64gc-unknown-linux-gnu"),
            ("powerpc64", true, "powerpc64le-unknown-linux-gnu"),
            ("powerpc64", false, "powerpc64-unknown-linux-gnu"),
            ("s390x", false, "s390x-unknown-linux-gnu"),
        ] {
            let architecture = target.split('-').next().unwrap();
            assert_eq!(gnu_architecture(architecture), own_architecture(name, is_little_endian), "{target}");
        }
        assert_ne!(gnu_architecture("powerpc64"), own_architecture("powerpc64", true));
    }
}
