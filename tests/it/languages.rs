//! The backends for all other languages.

mod user_defined;

/// With real compilers, or for seconds.
mod slow {
    mod every;
    mod go;
    mod observed;
    mod scriptisto;
    mod table;

    /// C and C++.
    mod c {
        mod compilers;
        mod headers;
        mod scripts;
    }
}
