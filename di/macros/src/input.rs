//! A field or a parameter: where its value comes from.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Attribute, Expr, LitStr, Token, Type};

use crate::injectable::as_written;
use crate::{Home, location};

pub(crate) struct Input {
    ty: Type,
    written: String,
    span: Span,
    source: Source,
}

/// What `#[inject(…)]` says.
enum Source {
    /// Nothing, or a name: the container.
    Container(Option<LitStr>),
    /// `default`
    Default,
    /// `value = …`
    Value(Box<Expr>),
}

impl Input {
    /// Reads `#[inject(…)]` and takes it off.
    pub(crate) fn new(
        name: Option<&Ident>,
        ty: &Type,
        attributes: &mut Vec<Attribute>,
    ) -> syn::Result<Self> {
        let mut source = None;
        for attribute in attributes.extract_if(.., |attribute| attribute.path().is_ident("inject"))
        {
            if source.is_some() {
                return Err(syn::Error::new(
                    attribute.span(),
                    "a second `#[inject(…)]`: a value comes from one place",
                ));
            }
            source = Some(attribute.parse_args()?);
        }
        let written = match name {
            Some(name) => format!("{name}: {}", as_written(ty)),
            None => as_written(ty),
        };
        let span = name.map_or(ty.span(), Ident::span);
        Ok(Self {
            ty: ty.clone(),
            written,
            span,
            source: source.unwrap_or(Source::Container(None)),
        })
    }

    /// What is asked of the container, if it is asked.
    pub(crate) fn dependency(&self, home: Home) -> Option<TokenStream> {
        let Source::Container(name) = &self.source else {
            return None;
        };
        let (di, ty, written) = (home.di(), &self.ty, &self.written);
        let named = name.as_ref().map(|name| quote!(.named(#name)));
        let at = location(self.span, home);
        Some(quote_spanned!(ty.span()=> #di::Dependency {
            request: <#ty as #di::Inject>::REQUEST #named,
            written: #written,
            at: #at,
        }))
    }

    /// The expression for the value, where `_resolved` has what was asked for.
    pub(crate) fn value(&self, home: Home) -> TokenStream {
        let (di, ty) = (home.di(), &self.ty);
        match &self.source {
            Source::Container(_) => {
                quote_spanned!(ty.span()=> {
                    #[allow(unused_imports)]
                    use #di::AnyField as _;
                    // As the description has it: of a type that cannot be injected the compiler then says the same twice, which it shows once.
                    let _ = <#ty as #di::Inject>::REQUEST;
                    <#di::Field<#ty>>::take::<#ty>(_resolved)?
                })
            }
            Source::Default => {
                quote_spanned!(ty.span()=> <#ty as ::core::default::Default>::default())
            }
            Source::Value(value) => quote!(#value),
        }
    }
}

impl Parse for Source {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            return Ok(Self::Container(Some(input.parse()?)));
        }
        let known = "`#[inject(\"name\")]`, `#[inject(default)]` or `#[inject(value = …)]`";
        let word: Ident = input
            .parse()
            .map_err(|error| syn::Error::new(error.span(), format!("write {known}")))?;
        match word.to_string().as_str() {
            "default" if input.peek(Token![=]) => Err(syn::Error::new(
                word.span(),
                "`default` is the type's own: for any other write `#[inject(value = …)]`",
            )),
            "default" => Ok(Self::Default),
            "value" => {
                input.parse::<Token![=]>()?;
                Ok(Self::Value(Box::new(input.parse()?)))
            }
            _ => Err(syn::Error::new(
                word.span(),
                format!("unknown argument `{word}`: write {known}"),
            )),
        }
    }
}
