//! Finds how a script calls a tool for Rust: in its `#!` line, its scriptisto header or its lines for a shell.

use crate::script::header::Header;
use crate::script::tool_call::{Tool, ToolCall};
use crate::script::{polyglot, shebang};

/// The call in the `#!` line, or the one that a shell named there would make in its stead.
pub(crate) fn tool_call(header: &Header<'_>, text: &str) -> Option<ToolCall> {
    let of_shebang = header.shebang.and_then(shebang::read);
    if of_shebang.as_ref().is_some_and(|line| !matches!(line.tool, Tool::Other(_))) {
        return of_shebang;
    }
    let body =
        if header.shebang.is_some() { text.split_once('\n').map_or("", |(_, rest)| rest) } else { text };
    let of_header = header.build_command.as_deref().and_then(ToolCall::among);
    let is_shell = matches!(&of_shebang, Some(ToolCall { tool: Tool::Other(name), .. }) if is_shell(name));
    of_header.or_else(|| polyglot::read(body, is_shell)).or(of_shebang)
}

/// Whether a program is a shell of the Bourne family.
pub(crate) fn is_shell(program: &str) -> bool {
    matches!(program, "sh" | "bash" | "dash" | "ksh" | "zsh")
}
