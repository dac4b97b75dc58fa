//! What a program is told of its script, in each dialect.

use crate::support::sandbox::Sandbox;

#[test]
fn a_program_is_told_where_its_script_is() {
    let sandbox = Sandbox::new();
    let tell = "fn main() { for name in [\"CARGO_MANIFEST_DIR\", \"CARGO_MANIFEST_PATH\", \"RUST_SCRIPT_PATH\", \
                \"RUST_SCRIPT_BASE_PATH\", \"RUST_SCRIPT_PKG_NAME\", \"RUST_SCRIPT_SAFE_NAME\"] \
                { if let Ok(value) = std::env::var(name) { println!(\"{name}={value}\"); } } }\n";
    let here = sandbox.work().display().to_string();
    sandbox.write("c.rs", format!("---\n---\n{tell}"));
    let cargo = format!("CARGO_MANIFEST_DIR={here}\nCARGO_MANIFEST_PATH={here}/c.rs\n");
    sandbox.write(
        "R 1.rs",
        format!("#!/usr/bin/env rust-script\nconst _: &str = env!(\"RUST_SCRIPT_PATH\");\n{tell}"),
    );
    let rust_script = format!(
        "RUST_SCRIPT_PATH={here}/R 1.rs\nRUST_SCRIPT_BASE_PATH={here}\nRUST_SCRIPT_PKG_NAME=r_1\nRUST_SCRIPT_SAFE_NAME=R 1\n"
    );
    sandbox.write("n.rs", tell);
    // The second run of each is a hit; what the caller has under these names does not count.
    for _ in 0..2 {
        sandbox.runner(["c.rs"]).env("CARGO_MANIFEST_DIR", "/no").run().prints(&cargo);
        sandbox.runner(["R 1.rs"]).env("RUST_SCRIPT_PATH", "/no").run().prints(&rust_script);
        sandbox.runner(["n.rs"]).run().prints("");
        sandbox.runner(["--temp", "c.rs"]).run().prints(&cargo);
    }
}

#[test]
fn paths_are_those_that_the_scripts_own_tool_gives() {
    let sandbox = Sandbox::new();
    let code = "mod helper;\nfn main() { println!(\"{} {}\", file!(), helper::file()); let n: Option<u8> = None; n.unwrap(); }\n";
    sandbox.write("sub/helper.rs", "pub fn file() -> &'static str { file!() }\n");
    let whole = sandbox.path("sub").display().to_string();
    for (name, head, directory) in [
        ("c.rs", "---\npackage.edition = \"2021\"\n---\n", String::new()),
        (
            "m.rs",
            "#!/usr/bin/env -S cargo -Zscript\n---\npackage.edition = \"2021\"\n---\nlet mut _x = 1;\n_x = 2;\nprintln!();\n",
            String::new(),
        ),
        ("r.rs", "#!/usr/bin/env rust-script\n", format!("{whole}/")),
        ("n.rs", "", format!("{whole}/")),
    ] {
        let is_mainless = name == "m.rs";
        let code = if is_mainless { code.replace("fn main() ", "") } else { code.to_owned() };
        let text = format!("{head}{code}");
        sandbox.write(format!("sub/{name}"), &text);
        let line = text.lines().position(|line| line.contains("unwrap")).unwrap() + 1;
        let ran = sandbox.runner([format!("sub/{name}")]).run();
        let said = format!("{directory}{name} {directory}helper.rs\n");
        assert!(ran.code == 101 && ran.stdout.ends_with(&said), "{name}: {}{}", ran.stdout, ran.stderr);
        let place = format!("panicked at {directory}{name}:{line}:");
        assert!(ran.stderr.contains(&place), "{place} {}", ran.stderr);

        // The compiler's messages name the script as it was typed.
        sandbox.write(format!("sub/{name}"), text.replace("Option<u8>", "Nothing"));
        for typed in [format!("sub/{name}"), format!("{whole}/{name}")] {
            let failed = sandbox.runner([&typed]).run();
            let place = format!(" --> {typed}:{line}:");
            assert!(failed.code == 125 && failed.stderr.contains(&place), "{place} {}", failed.stderr);
        }
        let failed = sandbox.runner([name]).within(sandbox.path("sub")).run();
        let place = format!(" --> {name}:{line}:");
        assert!(failed.code == 125 && failed.stderr.contains(&place), "{place} {}", failed.stderr);
    }
}
