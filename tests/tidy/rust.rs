//! Reading Rust as far as the rules need it: what is code, its words, its functions.
//!
//! No parser of Rust: comments and literals are blanked out, and what is left is words and brackets. That is wrong for
//! some programs that nobody writes, and right for rustfmt's output.

/// The text with comments and literals blanked out: every line and column stays where it is.
pub fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (length, is_code) = piece(rest);
        let (piece, behind) = rest.split_at(length);
        if is_code {
            code.push_str(piece);
        } else {
            code.extend(piece.chars().map(|c| if c == '\n' { c } else { ' ' }));
        }
        rest = behind;
    }
    code
}

/// Length of the first piece of `rest`, and whether it is code.
fn piece(rest: &str) -> (usize, bool) {
    let until =
        |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), false);
    }
    if rest.starts_with("/*") {
        return (until("*/", 2), false);
    }
    let unprefixed = rest.strip_prefix(['b', 'c']).unwrap_or(rest);
    if let Some(raw) = unprefixed.strip_prefix('r') {
        let marks = raw.len() - raw.trim_start_matches('#').len();
        if raw[marks..].starts_with('"') {
            let opened = rest.len() - raw.len() + marks + 1;
            return (until(&format!("\"{}", "#".repeat(marks)), opened), false);
        }
    }
    if unprefixed.starts_with('"') {
        return (rest.len() - unprefixed.len() + quoted(unprefixed, '"'), false);
    }
    if unprefixed.starts_with("'\\")
        || unprefixed.chars().nth(2).is_some_and(|c| c == '\'') && unprefixed.starts_with('\'')
    {
        return (rest.len() - unprefixed.len() + quoted(unprefixed, '\''), false);
    }
    let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    (word.max(rest.chars().next().map_or(1, char::len_utf8)), true)
}

/// Length of a literal that begins with `quote` and has escapes.
fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Words and single marks, `::` as one; in code only.
pub fn tokens(code: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            c if c.is_alphanumeric() || c == '_' => piece(rest).0,
            ':' if rest.starts_with("::") => 2,
            c => c.len_utf8(),
        };
        let (token, behind) = rest.split_at(length);
        if !token.trim().is_empty() {
            tokens.push(token);
        }
        rest = behind;
    }
    tokens
}

pub struct Function {
    pub name: String,
    /// Counted from 0.
    pub first_line: usize,
    pub lines: usize,
}

/// Functions with a body.
pub fn functions(code: &str) -> Vec<Function> {
    let mut functions = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let name = tokens(&code[at + 3..code.len().min(at + 200)]).first().map_or("", |name| name).to_owned();
        let (mut brackets, mut braces) = (0, 0);
        for (end, c) in code[at..].char_indices() {
            match c {
                '(' | '[' if braces == 0 => brackets += 1,
                ')' | ']' if braces == 0 => brackets -= 1,
                ';' if braces == 0 && brackets == 0 => break,
                '{' => braces += 1,
                '}' if braces == 1 => {
                    let lines = code[at..at + end].lines().count();
                    functions.push(Function { name, first_line: code[..at].matches('\n').count(), lines });
                    break;
                }
                '}' => braces -= 1,
                _ => {}
            }
        }
    }
    functions
}

#[test]
fn comments_and_literals_are_not_code() {
    let text = "a /* { */ b // {\n\"{\\\"{\" r#\"{\"{\"# b'{' '\\'' c::<'d> br\"{\" e'f";
    let code = code_of(text);
    assert_eq!(code.len(), text.len());
    assert_eq!(tokens(&code), ["a", "b", "c", "::", "<", "'", "d", ">", "e", "'", "f"]);
}

#[test]
fn functions_are_measured() {
    let code = "impl A {\n    fn a(x: [u8; 2]) -> u8 {\n        {\n        }\n    }\n    fn b();\n    fn c() {}\n}\n";
    let seen: Vec<_> = functions(code).into_iter().map(|f| (f.name, f.first_line, f.lines)).collect();
    assert_eq!(seen, [("a".to_owned(), 1, 4), ("c".to_owned(), 6, 1)]);
}
