//! The attribute macros of `nestrs-di`, documented there.
//!
//! Each comes twice, with one implementation: what it expands to names the crate its user depends on, `nestrs-di` or `nestrs`.

mod args;
mod injectable;
mod input;
mod module;

use proc_macro::TokenStream;
use quote::{quote, quote_spanned};

/// Which crate the expansion refers to.
#[derive(Clone, Copy, PartialEq)]
enum Home {
    /// The container on its own.
    Di,
    /// The framework around it.
    Nestrs,
}

impl Home {
    /// Where the container's items for macros are.
    fn di(self) -> proc_macro2::TokenStream {
        match self {
            Self::Di => quote!(::nestrs_di::__private),
            Self::Nestrs => quote!(::nestrs::__private::di),
        }
    }
}

/// Makes a type something the container can build.
#[proc_macro_attribute]
pub fn injectable(args: TokenStream, item: TokenStream) -> TokenStream {
    finish(injectable::expand(args.into(), item.into(), Home::Di))
}

/// `#[injectable]` for users of the `nestrs` crate.
#[proc_macro_attribute]
pub fn nestrs_injectable(args: TokenStream, item: TokenStream) -> TokenStream {
    finish(injectable::expand(args.into(), item.into(), Home::Nestrs))
}

/// Makes a type a module.
#[proc_macro_attribute]
pub fn module(args: TokenStream, item: TokenStream) -> TokenStream {
    finish(module::expand(args.into(), item.into(), Home::Di))
}

/// `#[module]` for users of the `nestrs` crate, where it takes `controllers` and `microservices` too.
#[proc_macro_attribute]
pub fn nestrs_module(args: TokenStream, item: TokenStream) -> TokenStream {
    finish(module::expand(args.into(), item.into(), Home::Nestrs))
}

/// Code that yields the place where `span` is in the user's source.
fn location(span: proc_macro2::Span, home: Home) -> proc_macro2::TokenStream {
    let path = path_at(span, home, quote!(Location::caller));
    quote_spanned!(span=> #path())
}

/// One of the container's items, as if the user had written it at `span`: a call of it is located there.
fn path_at(
    span: proc_macro2::Span,
    home: Home,
    item: proc_macro2::TokenStream,
) -> proc_macro2::TokenStream {
    // Each token has the span: the compiler joins them, and one of the attribute's own would win.
    let di = home.di();
    quote!(#di::#item)
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}

/// An error stands beside the user's item, so that what uses the item has no errors of its own.
fn finish(
    expanded: Result<proc_macro2::TokenStream, (syn::Error, proc_macro2::TokenStream)>,
) -> TokenStream {
    match expanded {
        Ok(tokens) => tokens.into(),
        Err((error, item)) => {
            let error = error.into_compile_error();
            quote!(#error #item).into()
        }
    }
}
