//! A script in C, and the header it includes.

/// Prints a string that a header defines.
pub const SAYS: &str = "#include <stdio.h>\n#include \"x.h\"\nint main(void) { puts(X); return 0; }\n";

/// A header that defines it.
pub fn header(text: &str) -> String {
    format!("#define X \"{text}\"\n")
}
