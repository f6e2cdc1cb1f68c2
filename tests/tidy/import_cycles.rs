//! Finds import cycles between the modules of a crate.
//!
//! The scanner reads `crate::`, `super::` and `self::` paths from the text of the sources, in `use`
//! items and in expressions, and follows re-exports. It ignores comments, strings, tests, macros that
//! build paths, and modules that are written inside another file.
//!
//! A parent and its descendants may import each other. Among the children of one parent, where an
//! import of any descendant counts as one of the child, there must be no cycle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

type Module = Vec<String>;

/// The modules of one crate, with what each imports.
#[derive(Default)]
pub(crate) struct Crate {
    modules: BTreeMap<Module, Vec<String>>,
    reexports: BTreeMap<(Module, String), Module>,
}

impl Crate {
    /// Reads all sources below a crate's `src` folder.
    pub(crate) fn read(src: &Path) -> Self {
        let mut found = Self::default();
        let mut folders = vec![src.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    let relative = path.strip_prefix(src).unwrap().with_extension("");
                    let mut module: Module =
                        relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
                    if ["mod", "lib"].contains(&module.last().unwrap().as_str()) {
                        module.pop();
                    }
                    found.add(module, &std::fs::read_to_string(&path).unwrap());
                }
            }
        }
        found
    }

    /// Adds one module. Test modules and the binary's root are left out: nothing can import them.
    pub(crate) fn add(&mut self, module: Module, source: &str) {
        let is_left_out = module.iter().any(|name| name == "tests") || module == ["main"];
        if !is_left_out {
            self.modules.insert(module, tokens(source));
        }
    }

    /// The groups of sibling modules that import each other in a circle, as `parent: a, b`.
    pub(crate) fn cycles(mut self) -> BTreeSet<String> {
        let imports = self.imports();
        let mut siblings: BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for (from, path) in imports {
            let to = self.resolve(&path, 0);
            let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
            if let (Some(importer), Some(imported)) = (from.get(shared), to.get(shared)) {
                let edges = siblings.entry(from[..shared].to_vec()).or_default();
                edges.entry(importer.clone()).or_default().insert(imported.clone());
            }
        }
        let mut found = BTreeSet::new();
        for (parent, edges) in siblings {
            for start in edges.keys() {
                let reached = reachable(&edges, start);
                let circle: Vec<_> =
                    reached.iter().filter(|one| reachable(&edges, one).contains(start)).collect();
                if reached.contains(start) {
                    let names: Vec<_> = circle.iter().map(|name| name.as_str()).collect();
                    found.insert(format!("{}: {}", parent.join("::"), names.join(", ")));
                }
            }
        }
        found
    }

    /// Every import as the importing module and the absolute path, and the re-exports noted.
    fn imports(&mut self) -> Vec<(Module, Module)> {
        let mut imports = Vec::new();
        for (module, tokens) in &self.modules {
            let mut at = 0;
            while at < tokens.len() {
                let is_visibility = at > 1 && tokens[at - 1] == "(" && tokens[at - 2] == "pub"
                    || tokens[at] == "crate" && at > 0 && tokens[at - 1] == "in";
                // A private import counts as well: children of the module can name what it brings in.
                if tokens[at] == "use" {
                    for (path, name) in tree(tokens, at + 1) {
                        if let Some(path) = self.absolute(module, &path) {
                            self.reexports.insert((module.clone(), name), path);
                        }
                    }
                }
                if !is_visibility && ["crate", "super", "self"].contains(&tokens[at].as_str()) {
                    let begins = at == 0 || tokens[at - 1] != "::";
                    for (path, _) in tree(tokens, at).into_iter().filter(|_| begins) {
                        imports.extend(self.absolute(module, &path).map(|path| (module.clone(), path)));
                    }
                }
                at += 1;
            }
        }
        imports
    }

    /// A path from the root of the crate; `None` for a path into another crate.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Module> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([module, rest].concat()),
            "super" => {
                let ups = path.iter().take_while(|part| *part == "super").count();
                let above = module.len().checked_sub(ups)?;
                Some([&module[..above], &path[ups..]].concat())
            }
            _ => {
                let child = [module.as_slice(), std::slice::from_ref(first)].concat();
                self.modules.contains_key(&child).then(|| [child.as_slice(), rest].concat())
            }
        }
    }

    /// The module that defines what a path names.
    fn resolve(&self, path: &[String], depth: usize) -> Module {
        let is_module = |length: &usize| self.modules.contains_key(&path[..*length]);
        let length = (1..=path.len()).take_while(is_module).last().unwrap_or(0);
        let module = path[..length].to_vec();
        let reexport = path.get(length).and_then(|name| self.reexports.get(&(module.clone(), name.clone())));
        match reexport {
            Some(target) if depth < 8 => {
                let rest = path.get(length + 1..).unwrap_or_default();
                self.resolve(&[target.as_slice(), rest].concat(), depth + 1)
            }
            _ => module,
        }
    }
}

fn reachable(edges: &BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        for to in edges.get(next).into_iter().flatten() {
            if reached.insert(to.clone()) {
                open.push(to);
            }
        }
    }
    reached
}

/// The paths of the `use` tree that begins at a token, each with the name that it brings in.
fn tree(tokens: &[String], start: usize) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    branch(tokens, start, &[], &mut found);
    found
}

/// Reads one branch and answers with the position behind it.
fn branch(
    tokens: &[String],
    mut at: usize,
    prefix: &[String],
    found: &mut Vec<(Vec<String>, String)>,
) -> usize {
    let mut path = prefix.to_vec();
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while tokens.get(at).is_some_and(|token| token != "}") {
                    at = branch(tokens, at, &path, found);
                    if tokens.get(at).is_some_and(|token| token == ",") {
                        at += 1;
                    }
                }
                return at + 1;
            }
            // `{self}` names the module before it.
            Some("self") if !path.is_empty() => at += 1,
            Some(name) if is_name(name) => {
                path.push(name.to_owned());
                at += 1;
            }
            // A glob, a type parameter, or text that is no path.
            _ => {
                found.push((path, "*".into()));
                return at + 1;
            }
        }
        match tokens.get(at).map(String::as_str) {
            Some("::") => at += 1,
            Some("as") => {
                let alias = tokens.get(at + 1).cloned().unwrap_or_default();
                found.push((path, alias));
                return at + 2;
            }
            _ => {
                let name = path.last().cloned().unwrap_or_default();
                found.push((path, name));
                return at;
            }
        }
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// The names and signs of a source, without comments, strings and its test module.
fn tokens(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(raw) = rest.strip_prefix("r#\"") {
            raw.find("\"#").map_or(rest.len(), |end| end + 5)
        } else if first == '"' {
            string_length(rest)
        } else if rest.starts_with("'\"'") || rest.starts_with("'{'") || rest.starts_with("'}'") {
            3
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else if first.is_alphanumeric() || first == '_' {
            let length = rest.find(|sign: char| !sign.is_alphanumeric() && sign != '_').unwrap_or(rest.len());
            tokens.push(rest[..length].to_owned());
            length
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, sign) in text.char_indices().skip(1) {
        match sign {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}
