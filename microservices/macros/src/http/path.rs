//! Paths and versions, as they are written in attributes.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitStr, Token, bracketed, token};

use super::http;

/// A path that axum takes.
pub(super) struct RoutePath(pub(super) LitStr);

impl Parse for RoutePath {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let path: LitStr = input.parse().map_err(|error| {
            syn::Error::new(error.span(), "a path is a string in quotes, as \"/orders\"")
        })?;
        match problem_of(&path.value()) {
            None => Ok(Self(path)),
            Some(message) => Err(syn::Error::new(path.span(), message)),
        }
    }
}

/// What NestJS writes and axum does not, or nobody does.
fn problem_of(path: &str) -> Option<String> {
    let problem = |segment: &str| {
        if let Some(name) = segment.strip_prefix(':') {
            return Some(format!("a parameter is written in braces: `{{{name}}}`"));
        }
        if let Some(name) = segment.strip_prefix('*') {
            let name = if name.is_empty() { "rest" } else { name };
            return Some(format!("the rest of a path is written `{{*{name}}}`"));
        }
        let is_open = segment.matches('{').count() != segment.matches('}').count();
        is_open.then(|| format!("`{segment}` has braces without their others"))
    };
    if path.contains(['?', '#', ' ']) {
        return Some("a path has no query, no fragment and no spaces".to_owned());
    }
    path.split('/').find_map(problem)
}

/// `version = "1"`, `version = ["1", "2"]` or `version = neutral`.
pub(super) enum Versions {
    Neutral(Span),
    Only(Span, Vec<LitStr>),
}

impl Parse for Versions {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let span = input.span();
        if input.peek(Ident::peek_any) {
            let word: Ident = input.call(Ident::parse_any)?;
            if word == "neutral" {
                return Ok(Self::Neutral(span));
            }
            return Err(syn::Error::new(span, expected()));
        }
        if input.peek(token::Bracket) {
            let content;
            bracketed!(content in input);
            let versions = content.parse_terminated(version, Token![,])?;
            if versions.is_empty() {
                return Err(syn::Error::new(span, expected()));
            }
            return Ok(Self::Only(span, versions.into_iter().collect()));
        }
        Ok(Self::Only(span, vec![version(input)?]))
    }
}

fn version(input: ParseStream<'_>) -> syn::Result<LitStr> {
    let version: LitStr = input
        .parse()
        .map_err(|error| syn::Error::new(error.span(), expected()))?;
    match version.value().is_empty() || version.value().contains('/') {
        true => Err(syn::Error::new(version.span(), expected())),
        false => Ok(version),
    }
}

fn expected() -> &'static str {
    "a version is written `\"1\"`, several `[\"1\", \"2\"]`, and what answers to all `neutral`"
}

impl Versions {
    pub(super) fn code(versions: Option<&Self>) -> TokenStream {
        match versions {
            None => {
                let http = http(Span::call_site());
                quote!(#http::Versions::Unsaid)
            }
            Some(Self::Neutral(span)) => {
                let http = http(*span);
                quote_spanned!(*span=> #http::Versions::Neutral)
            }
            Some(Self::Only(span, versions)) => {
                let http = http(*span);
                quote_spanned!(*span=> #http::Versions::Only(&[#(#versions),*]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_axum_pass() {
        for path in [
            "",
            "/",
            "/orders",
            "orders/{id}",
            "/files/{*rest}",
            "/a-b/{x}.{y}",
        ] {
            assert_eq!(problem_of(path), None, "{path}");
        }
    }

    #[test]
    fn other_paths_say_what_to_write() {
        for (path, message) in [
            ("/orders/:id", "a parameter is written in braces: `{id}`"),
            ("/files/*", "the rest of a path is written `{*rest}`"),
            ("/files/*path", "the rest of a path is written `{*path}`"),
            ("/orders/{id", "`{id` has braces without their others"),
            (
                "/orders?id",
                "a path has no query, no fragment and no spaces",
            ),
        ] {
            assert_eq!(problem_of(path).as_deref(), Some(message), "{path}");
        }
    }
}
