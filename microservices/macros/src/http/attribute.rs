//! The attributes of methods in a `#[routes]` block. They are known by the last
//! segment of their path, as those of message handlers are.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, Ident, LitStr, Meta, Token};

use super::http;
use super::path::{RoutePath, Versions};
use crate::attribute::{join, written};
use crate::enhancers::{Enhancers, Kind};

/// What the attributes of one method, or of the block, say.
#[derive(Default)]
pub(super) struct Attributes {
    pub(super) routes: Vec<RouteAttribute>,
    pub(super) enhancers: Enhancers,
    /// The first of them, for errors about the method as a whole.
    first: Option<Attribute>,
}

/// One of `#[get("/{id}", version = "1")]` and its like.
pub(super) struct RouteAttribute {
    verb: Ident,
    paths: Vec<LitStr>,
    versions: Option<Versions>,
}

impl Attributes {
    /// Takes ours out of a method's attributes.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, at once. Ours are gone all the same.
    pub(super) fn take(attributes: &mut Vec<Attribute>) -> syn::Result<Self> {
        let taken = Self::take_any(attributes)?;
        match &taken.first {
            Some(first) if taken.routes.is_empty() => {
                let message = format!(
                    "`#[{}]` is for routes: add `#[get(…)]` or another method",
                    written(first)
                );
                Err(syn::Error::new_spanned(first, message))
            }
            _ => Ok(taken),
        }
    }

    /// Takes ours out of the attributes of the block.
    ///
    /// # Errors
    ///
    /// As of [`take`](Self::take).
    pub(super) fn take_of_block(attributes: &mut Vec<Attribute>) -> syn::Result<Self> {
        let taken = Self::take_any(attributes)?;
        match taken.routes.first() {
            None => Ok(taken),
            Some(route) => {
                let message = format!("`#[{}]` stands on a method", route.verb);
                Err(syn::Error::new(route.verb.span(), message))
            }
        }
    }

    fn take_any(attributes: &mut Vec<Attribute>) -> syn::Result<Self> {
        let is_ours = |attribute: &mut Attribute| Name::of(attribute).is_some();
        let ours: Vec<_> = attributes.extract_if(.., is_ours).collect();
        let mut taken = Self::default();
        let mut errors = Vec::new();
        for attribute in &ours {
            errors.extend(taken.add(attribute).err());
        }
        taken.first = ours.into_iter().next();
        match errors.into_iter().reduce(join) {
            Some(error) => Err(error),
            None => Ok(taken),
        }
    }

    fn add(&mut self, attribute: &Attribute) -> syn::Result<()> {
        match Name::of(attribute) {
            None => Ok(()),
            Some(Name::Enhancer(kind)) => self.enhancers.add(kind, attribute),
            Some(Name::Verb(verb)) => {
                let mut route = match &attribute.meta {
                    Meta::Path(_) => RouteAttribute::at(Vec::new()),
                    _ => attribute.parse_args::<RouteAttribute>()?,
                };
                route.verb = format_ident!("{verb}", span = attribute.path().span());
                if route.paths.is_empty() {
                    route.paths.push(LitStr::new("", attribute.path().span()));
                }
                self.routes.push(route);
                Ok(())
            }
            Some(Name::OfMessages) => {
                let name = written(attribute);
                let message = match name.strip_prefix("use_micro_") {
                    Some(kind) => format!("`#[{name}]` is for messages: write `#[use_{kind}(…)]`"),
                    None => format!("`#[{name}]` belongs in `#[micro_routes] impl …`"),
                };
                Err(syn::Error::new_spanned(attribute, message))
            }
        }
    }
}

impl RouteAttribute {
    fn at(paths: Vec<LitStr>) -> Self {
        Self {
            verb: Ident::new("get", Span::call_site()),
            paths,
            versions: None,
        }
    }

    /// As code.
    pub(super) fn code(&self) -> TokenStream {
        let (verb, paths) = (&self.verb, &self.paths);
        let (http, versions) = (http(verb.span()), Versions::code(self.versions.as_ref()));
        quote! {
            #http::RoutePattern {
                verb: #http::Verb::#verb,
                paths: &[#(#paths),*],
                versions: #versions,
            }
        }
    }
}

/// `"/a", "/b", version = "1"`
impl Parse for RouteAttribute {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut route = Self::at(Vec::new());
        while !input.is_empty() {
            if input.peek(Ident) {
                let name: Ident = input.parse()?;
                if name != "version" || route.versions.is_some() {
                    let message = "after its paths a route takes `version = \"1\"`, once";
                    return Err(syn::Error::new(name.span(), message));
                }
                input.parse::<Token![=]>()?;
                route.versions = Some(input.parse()?);
            } else {
                let RoutePath(path) = input.parse()?;
                route.paths.push(path);
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(route)
    }
}

enum Name {
    Verb(&'static str),
    Enhancer(Kind),
    /// Known, and in the wrong place.
    OfMessages,
}

impl Name {
    fn of(attribute: &Attribute) -> Option<Self> {
        Some(match written(attribute).as_str() {
            "get" => Self::Verb("Get"),
            "post" => Self::Verb("Post"),
            "put" => Self::Verb("Put"),
            "patch" => Self::Verb("Patch"),
            "delete" => Self::Verb("Delete"),
            "head" => Self::Verb("Head"),
            "options" => Self::Verb("Options"),
            "all" => Self::Verb("All"),
            "use_guards" => Self::Enhancer(Kind::Guard),
            "use_interceptors" => Self::Enhancer(Kind::Interceptor),
            "use_pipes" => Self::Enhancer(Kind::Pipe),
            "use_filters" => Self::Enhancer(Kind::Filter),
            "message_pattern"
            | "event_pattern"
            | "use_micro_guards"
            | "use_micro_interceptors"
            | "use_micro_pipes"
            | "use_micro_filters" => Self::OfMessages,
            _ => return None,
        })
    }
}
