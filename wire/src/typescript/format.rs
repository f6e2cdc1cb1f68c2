//! Formats generated TypeScript: one member per line, short comments on one line, long unions with one
//! alternative per line.

/// Longest line that is not broken.
const LINE_CHARS_MAX: usize = 110;

/// Formats one declaration, with or without a comment before it.
pub(super) fn tidy(declaration: &str) -> String {
    let mut layout = Layout { out: String::new(), indent: 0, at_line_start: true };
    let mut rest = declaration.trim();
    while rest.starts_with("/**") {
        rest = layout.comment(rest);
    }
    let (head, body) = rest.split_once(" = ").unwrap_or((rest, ""));
    layout.put(head);
    layout.put(" =");
    let body = body.trim().trim_end_matches(';');
    let alternatives = split_union(body);
    if alternatives.len() > 1 && rest.len() > LINE_CHARS_MAX {
        layout.indent = 1;
        for alternative in alternatives {
            layout.new_line();
            layout.put("| ");
            layout.type_(alternative);
        }
    } else {
        layout.put(" ");
        layout.type_(body);
    }
    layout.put(";");
    layout.out
}

struct Layout {
    out: String,
    indent: usize,
    at_line_start: bool,
}

impl Layout {
    fn put(&mut self, text: &str) {
        if self.at_line_start && !text.is_empty() {
            self.out.push_str(&"  ".repeat(self.indent));
            self.at_line_start = false;
        }
        self.out.push_str(text);
    }

    fn new_line(&mut self) {
        self.out.push('\n');
        self.at_line_start = true;
    }

    /// Writes a comment and a line end; returns the rest.
    fn comment<'a>(&mut self, text: &'a str) -> &'a str {
        let end = text.find("*/").map_or(text.len(), |at| at + 2);
        let inner = text[..end].trim_start_matches("/**").trim_end_matches("*/");
        let lines: Vec<&str> = inner.lines().map(|line| line.trim().trim_start_matches('*').trim()).collect();
        let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
        if let [line] = lines[..] {
            self.put(&format!("/** {line} */"));
        } else {
            self.put("/**");
            for line in lines {
                self.new_line();
                self.put(&format!(" * {line}"));
            }
            self.new_line();
            self.put(" */");
        }
        self.new_line();
        text[end..].trim_start()
    }

    /// Writes a type. Objects whose members have comments are laid out; the rest stays.
    fn type_(&mut self, text: &str) {
        let text = text.trim();
        let Some(members) =
            text.strip_prefix('{').and_then(|t| t.strip_suffix('}')).filter(|t| t.contains("/**"))
        else {
            return self.put(text);
        };
        self.put("{");
        self.indent += 1;
        let mut rest = members.trim();
        while !rest.is_empty() {
            self.new_line();
            while rest.starts_with("/**") {
                rest = self.comment(rest);
            }
            let end = end_of_member(rest);
            self.put(rest[..end].trim());
            self.put(";");
            rest = rest[end..].trim_start_matches(',').trim_start();
        }
        self.indent -= 1;
        self.new_line();
        self.put("}");
    }
}

/// The end of the first member: the first comma outside of brackets.
fn end_of_member(text: &str) -> usize {
    outside_brackets(text).find(|(_, c)| *c == ',').map_or(text.len(), |(at, _)| at)
}

/// The alternatives of a union.
fn split_union(text: &str) -> Vec<&str> {
    let mut alternatives = Vec::new();
    let mut from = 0;
    for (at, _) in outside_brackets(text).filter(|(_, c)| *c == '|') {
        alternatives.push(text[from..at].trim());
        from = at + 1;
    }
    alternatives.push(text[from..].trim());
    alternatives
}

/// The characters outside of brackets and comments, with their positions.
fn outside_brackets(text: &str) -> impl Iterator<Item = (usize, char)> {
    let mut depth = 0_usize;
    let mut in_comment = false;
    text.char_indices().filter(move |(at, c)| {
        if text[*at..].starts_with("/**") {
            in_comment = true;
        } else if in_comment {
            in_comment = !text[..=*at].ends_with("*/");
            return false;
        } else if matches!(c, '{' | '<' | '(' | '[') {
            depth += 1;
        } else if matches!(c, '}' | '>' | ')' | ']') {
            depth = depth.saturating_sub(1);
        }
        depth == 0 && !in_comment
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_with_comments_stand_on_lines_of_their_own() {
        let made = "/**\n * A pair.\n */\nexport type Pair = { \n/**\n * First,\n * of all.\n */\na: Array<[x, y]>, \n/**\n * Second.\n */\nb: { [k: string]: z }, };";
        let tidied = "/** A pair. */\nexport type Pair = {\n  /**\n   * First,\n   * of all.\n   */\n  a: Array<[x, y]>;\n  /** Second. */\n  b: { [k: string]: z };\n};";
        assert_eq!(tidy(made), tidied);
    }

    #[test]
    fn short_unions_stay_and_long_ones_are_broken() {
        assert_eq!(tidy("type A = \"a\" | \"b\";"), "type A = \"a\" | \"b\";");
        let long =
            format!("type A = {{ \n/**\n * X, | y.\n */\nx: {} | z, }} | {{ \"b\": 1 }};", "x".repeat(100));
        let lines: Vec<String> = tidy(&long).lines().map(str::to_owned).collect();
        assert_eq!((lines[1].as_str(), lines[2].as_str()), ("  | {", "    /** X, | y. */"));
        assert_eq!(lines[5], "  | { \"b\": 1 };");
    }
}
