//! What one source file names: every path of it outside its tests, resolved
//! through `crate`, `self`, `super` and the file's own `use` lines.

use proc_macro2::{Span, TokenStream, TokenTree};
use std::collections::BTreeMap;
use syn::visit::Visit;
use syn::{Attribute, ImplItem, Item, ItemMod, ItemUse, Macro, Path, UseTree, Visibility};

/// A path and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    pub line: usize,
    /// `crate::…` for this crate, else as written in full.
    pub path: String,
}

/// A `mod name;` that has a file of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    pub name: String,
    pub test: bool,
}

/// What a file names and declares.
#[derive(Debug, Default)]
pub struct Scan {
    pub named: Vec<Named>,
    pub children: Vec<Child>,
}

/// Reads `source`, the file of `module`.
pub fn scan(module: &[String], source: &str) -> syn::Result<Scan> {
    let file = syn::parse_file(source)?;
    let mut first = Visitor { module: module.to_vec(), ..Visitor::default() };
    first.visit_file(&file);
    // Once more, now that every `use` of the file is known.
    let mut second =
        Visitor { module: module.to_vec(), renames: first.renames, ..Visitor::default() };
    second.visit_file(&file);
    second.found.named.sort();
    second.found.named.dedup();
    Ok(second.found)
}

#[derive(Default)]
struct Visitor {
    module: Vec<String>,
    renames: BTreeMap<String, Vec<String>>,
    found: Scan,
}

impl Visitor {
    fn resolve(&self, segments: &[String]) -> Vec<String> {
        let crate_root = || vec![String::from("crate")];
        let Some(head) = segments.first() else { return Vec::new() };
        let mut out = match head.as_str() {
            "crate" | "crs" => crate_root(),
            "self" | "super" => {
                let ups = segments.iter().take_while(|s| *s == "super").count();
                let keep = self.module.len().saturating_sub(ups);
                let here = self.module.iter().take(keep).cloned();
                crate_root().into_iter().chain(here).collect()
            }
            name => match self.renames.get(name) {
                Some(full) => full.clone(),
                None => vec![head.clone()],
            },
        };
        let prefix = segments.iter().take_while(|s| *s == "super").count().max(1);
        out.extend(segments.iter().skip(prefix).cloned());
        out
    }

    fn name(&mut self, segments: &[String], span: Span) {
        let path = self.resolve(segments).join("::");
        self.found.named.push(Named { line: span.start().line, path });
    }

    fn tree(&mut self, tree: &UseTree, before: &mut Vec<String>) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                self.tree(&path.tree, before);
                before.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|t| self.tree(t, before)),
            UseTree::Glob(glob) => {
                let mut segments = before.clone();
                segments.push(String::from("*"));
                self.name(&segments, glob.star_token.spans[0]);
            }
            UseTree::Name(name) => {
                let word = name.ident.to_string();
                let as_word = before.last().filter(|_| word == "self").unwrap_or(&word).clone();
                self.leaf(&word, as_word, before, name.ident.span());
            }
            UseTree::Rename(re) => {
                self.leaf(&re.ident.to_string(), re.rename.to_string(), before, re.ident.span());
            }
        }
    }

    fn leaf(&mut self, word: &str, as_word: String, before: &[String], span: Span) {
        let mut segments = before.to_vec();
        if word != "self" || segments.is_empty() {
            segments.push(word.to_owned());
        }
        self.name(&segments, span);
        let full = self.resolve(&segments);
        if full.len() > 1 || full.first() != Some(&as_word) {
            self.renames.insert(as_word, full);
        }
    }

    /// Inside a macro there are only tokens: `a :: b` is taken for a path.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut segments: Vec<String> = Vec::new();
        let mut start = Span::call_site();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.flush(&mut segments, start);
                        start = ident.span();
                    }
                    segments.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(p) if p.as_char() == ':' => colons += 1,
                other => {
                    self.flush(&mut segments, start);
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.tokens(group.stream());
                    }
                }
            }
        }
        self.flush(&mut segments, start);
    }

    fn flush(&mut self, segments: &mut Vec<String>, start: Span) {
        if segments.len() > 1 {
            self.name(segments, start);
        }
        segments.clear();
    }
}

impl<'ast> Visit<'ast> for Visitor {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes(item)) {
            syn::visit::visit_item(self, item);
        } else if let Item::Mod(ItemMod { ident, content: None, .. }) = item {
            self.found.children.push(Child { name: ident.to_string(), test: true });
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let test = matches!(item, ImplItem::Fn(f) if is_test(&f.attrs));
        if !test {
            syn::visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let name = item.ident.to_string();
        if item.content.is_none() {
            self.found.children.push(Child { name, test: false });
            return;
        }
        self.module.push(name);
        syn::visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.tree(&item.tree, &mut Vec::new());
    }

    /// `pub(crate)` imports nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast Path) {
        let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        if let Some(first) = path.segments.first() {
            self.name(&segments, first.ident.span());
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, mac: &'ast Macro) {
        self.tokens(mac.tokens.clone());
        syn::visit::visit_macro(self, mac);
    }
}

/// `#[cfg(test)]`, and not `#[cfg(not(test))]`.
fn is_test(attrs: &[Attribute]) -> bool {
    attrs.iter().any(|attr| {
        let words = |stream: &TokenStream, word: &str| {
            stream.to_string().split(|c: char| !c.is_alphanumeric()).any(|w| w == word)
        };
        let cfg = attr.path().is_ident("cfg");
        let list = attr.meta.require_list().map(|l| l.tokens.clone()).unwrap_or_default();
        attr.path().is_ident("test") || (cfg && words(&list, "test") && !words(&list, "not"))
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(i) => &i.attrs,
        Item::Enum(i) => &i.attrs,
        Item::Fn(i) => &i.attrs,
        Item::Impl(i) => &i.attrs,
        Item::Macro(i) => &i.attrs,
        Item::Mod(i) => &i.attrs,
        Item::Static(i) => &i.attrs,
        Item::Struct(i) => &i.attrs,
        Item::Trait(i) => &i.attrs,
        Item::Type(i) => &i.attrs,
        Item::Use(i) => &i.attrs,
        _ => &[],
    }
}
