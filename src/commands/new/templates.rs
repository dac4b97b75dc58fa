//! The templates of `runner new`: what a first script of each kind looks like.

/// A script to begin with.
pub(crate) struct Template {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    /// TOML under `[dependencies]`.
    pub(crate) dependencies: &'static str,
    pub(crate) code: &'static str,
}

/// Templates of Rust scripts; the first is that of whoever names none.
pub(crate) const TEMPLATES: &[Template] = &[
    Template {
        name: "hello",
        help: "statements without `main`",
        dependencies: "",
        code: "println!(\"Hello, world!\");\n",
    },
    Template {
        name: "cli",
        help: "a command with options (clap)",
        dependencies: "clap = { version = \"4\", features = [\"derive\"] }\n",
        code: r#"use clap::Parser;

/// Greets somebody.
#[derive(Parser)]
struct Arguments {
    /// Whom to greet
    #[arg(default_value = "world")]
    name: String,
    /// How often
    #[arg(short, long, default_value_t = 1)]
    count: u32,
}

fn main() {
    let Arguments { name, count } = Arguments::parse();
    for _ in 0..count {
        println!("Hello, {name}!");
    }
}
"#,
    },
    Template {
        name: "filter",
        help: "standard input to standard output, line by line",
        dependencies: "",
        code: r#"use std::io::{self, BufWriter, ErrorKind, Write};

fn main() -> io::Result<()> {
    match filter() {
        // Whoever reads it has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        filtered => filtered,
    }
}

fn filter() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lines() {
        writeln!(out, "{}", line?.to_uppercase())?;
    }
    out.flush()
}
"#,
    },
    Template {
        name: "async",
        help: "`.await` at top level (tokio)",
        dependencies: "tokio = { version = \"1\", features = [\"macros\", \"rt-multi-thread\", \"time\"] }\n",
        code: r#"use std::time::Duration;

let one = tokio::time::sleep(Duration::from_millis(10));
let other = tokio::time::sleep(Duration::from_millis(10));
tokio::join!(one, other);
println!("Hello, both of you!");
"#,
    },
    Template {
        name: "test",
        help: "functions with tests, for `runner test`",
        dependencies: "",
        code: r#"fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    println!("{}", longest(&words).unwrap_or("no words"));
}

/// The first of the longest words.
fn longest(words: &[String]) -> Option<&str> {
    let longest = words.iter().rev().max_by_key(|word| word.len());
    longest.map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_longest_counts() {
        let words = ["a", "bc", "de"].map(String::from);
        assert_eq!(longest(&words), Some("bc"));
        assert_eq!(longest(&[]), None);
    }
}
"#,
    },
    Template {
        name: "http",
        help: "a page from the network (ureq)",
        dependencies: "ureq = \"3\"\n",
        code: r#"fn main() -> Result<(), ureq::Error> {
    let url = std::env::args().nth(1);
    let url = url.as_deref().unwrap_or("https://example.com");
    let body = ureq::get(url).call()?.body_mut().read_to_string()?;
    println!("{} bytes from {url}", body.len());
    Ok(())
}
"#,
    },
    Template {
        name: "json",
        help: "JSON from standard input (serde)",
        dependencies: "serde = { version = \"1\", features = [\"derive\"] }\nserde_json = \"1\"\n",
        code: r#"use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
struct Person {
    name: String,
    #[serde(default)]
    age: u32,
}

fn main() -> serde_json::Result<()> {
    let people: Vec<Person> = serde_json::from_reader(std::io::stdin())?;
    let eldest = people.iter().max_by_key(|person| person.age);
    println!("{}", serde_json::to_string(&eldest)?);
    Ok(())
}
"#,
    },
];

/// A first script in another language, by its name in the table of languages.
pub(crate) const HELLO: &[(&str, &str)] = &[
    ("c", "#include <stdio.h>\n\nint main(void) {\n    puts(\"Hello, world!\");\n    return 0;\n}\n"),
    ("c++", "#include <iostream>\n\nint main() {\n    std::cout << \"Hello, world!\\n\";\n}\n"),
    ("go", "package main\n\nimport \"fmt\"\n\nfunc main() {\n\tfmt.Println(\"Hello, world!\")\n}\n"),
    (
        "zig",
        "const std = @import(\"std\");\n\npub fn main() void {\n    std.debug.print(\"Hello, world!\\n\", .{});\n}\n",
    ),
    ("nim", "echo \"Hello, world!\"\n"),
    ("d", "import std.stdio;\n\nvoid main() {\n    writeln(\"Hello, world!\");\n}\n"),
    (
        "odin",
        "package main\n\nimport \"core:fmt\"\n\nmain :: proc() {\n\tfmt.println(\"Hello, world!\")\n}\n",
    ),
    ("swift", "print(\"Hello, world!\")\n"),
    ("ocaml", "let () = print_endline \"Hello, world!\"\n"),
    ("fortran", "program hello\n  print '(a)', 'Hello, world!'\nend program hello\n"),
    ("haskell", "main :: IO ()\nmain = putStrLn \"Hello, world!\"\n"),
];
