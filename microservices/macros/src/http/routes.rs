//! `#[routes]`: the `impl` block comes out as it went in, without our
//! attributes, and beside it its routes as constant data.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{ImplItem, ImplItemFn, ItemImpl};

use super::attribute::Attributes;
use super::call::{call, injected};
use super::http;
use crate::attribute::join;
use crate::signature::{Callee, Caller};
use crate::table::is_cfg;

/// With errors, the type is a controller all the same, without routes: whoever
/// lists it gets no errors that come from these.
pub(crate) fn expand(args: TokenStream, mut block: ItemImpl) -> TokenStream {
    let mut errors: Vec<_> = check(&args, &block).err().into_iter().collect();
    let of_block = Attributes::take_of_block(&mut block.attrs).unwrap_or_else(|error| {
        errors.push(error);
        Attributes::default()
    });
    let mut entries = Vec::new();
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item {
            match entry(method) {
                Ok(entry) => entries.extend(entry),
                Err(error) => errors.push(error),
            }
        }
    }
    let Some(errors) = errors.into_iter().reduce(join) else {
        let controller = controller(&block, &of_block, &entries);
        return quote!(#block #controller);
    };
    let errors = errors.into_compile_error();
    let controller = controller(&block, &Attributes::default(), &[]);
    quote!(#errors #block #controller)
}

fn check(args: &TokenStream, block: &ItemImpl) -> syn::Result<()> {
    if !args.is_empty() {
        let message = "`#[routes]` takes no arguments: the path is the `#[controller]`'s";
        return Err(syn::Error::new_spanned(args, message));
    }
    match &block.trait_ {
        Some((path, _)) => {
            let message =
                "`#[routes]` stands on the type's own `impl` block, not on one of a trait";
            Err(syn::Error::new_spanned(path, message))
        }
        None => Ok(()),
    }
}

/// The entry of a method, if it has attributes of ours. Those are removed.
fn entry(method: &mut ImplItemFn) -> syn::Result<Option<TokenStream>> {
    let attributes = Attributes::take(&mut method.attrs)?;
    if attributes.routes.is_empty() {
        return Ok(None);
    }
    let callee = Callee::of(&method.sig, Caller::Request)?;
    let span = callee.method.span();
    let http = http(Span::call_site());
    // A route is there if its method is.
    let cfgs = method.attrs.iter().filter(is_cfg);
    let patterns = attributes
        .routes
        .iter()
        .map(super::attribute::RouteAttribute::code);
    let name = callee.method.to_string();
    let at = quote_spanned!(span=> ::nestrs::__private::http::Location::caller());
    let enhancers = attributes.enhancers.code(&quote!(#http::Http));
    let injected = injected(&callee.parameters);
    let call = call(&callee);
    Ok(Some(quote! {
        #(#cfgs)*
        #http::Route {
            patterns: &[#(#patterns),*],
            method: #name,
            at: #at,
            enhancers: #enhancers,
            injected: #injected,
            call: #call,
        }
    }))
}

fn controller(block: &ItemImpl, of_block: &Attributes, entries: &[TokenStream]) -> TokenStream {
    let ty = &block.self_ty;
    let http = http(ty.span());
    let (generics, _, bounds) = block.generics.split_for_impl();
    // A block that is not compiled has no routes either.
    let cfgs = block.attrs.iter().filter(is_cfg);
    let enhancers = of_block
        .enhancers
        .code(&quote!(::nestrs::__private::http::Http));
    let path = quote_spanned!(ty.span()=> <#ty as #http::ControllerPath>::PATH);
    let versions = quote_spanned!(ty.span()=> <#ty as #http::ControllerPath>::VERSIONS);
    quote! {
        #(#cfgs)*
        #[automatically_derived]
        impl #generics #http::Controller for #ty #bounds {
            const ROUTES: #http::Routes<Self> = #http::Routes {
                path: #path,
                versions: #versions,
                enhancers: #enhancers,
                routes: &[#(#entries),*],
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn expanded(block: ItemImpl) -> String {
        expand(TokenStream::new(), block).to_string()
    }

    fn count(text: &str, tokens: TokenStream) -> usize {
        text.matches(&tokens.to_string()).count()
    }

    #[test]
    fn methods_with_a_verb_get_an_entry_and_the_others_do_not() {
        let text = expanded(parse_quote! {
            impl Orders {
                #[get("/{id}", "/by-id/{id}", version = "1")]
                #[all]
                async fn find(&self, Path(id): Path<u32>) {}
                #[post]
                #[use_guards(Signed)]
                async fn create(&self, headers: HeaderMap, Json(order): Json<Order>) {}
                fn plain(&self) {}
            }
        });
        assert_eq!(count(&text, quote!(compile_error)), 0);
        assert_eq!(count(&text, quote!(patterns:)), 2);
        assert_eq!(count(&text, quote!(Verb::All)), 1);
        assert_eq!(count(&text, quote!(paths: &["/{id}", "/by-id/{id}"])), 1);
        assert_eq!(count(&text, quote!(from_parts(&mut parts))), 1);
        assert_eq!(count(&text, quote!(from_request)), 2);
        assert_eq!(count(&text, quote!(fn plain)), 1);
    }

    #[test]
    fn mistakes_say_what_to_write() {
        let cases: [(ItemImpl, &str); 6] = [
            (
                parse_quote!(impl A { #[get("/:id")] async fn a(&self) {} }),
                "a parameter is written in braces: `{id}`",
            ),
            (
                parse_quote!(impl A { #[get] fn a(&self) {} }),
                "a handler is async: write `async fn a`",
            ),
            (
                parse_quote!(impl A { #[get] async fn a(self) {} }),
                "many requests share a handler's `self`: write `&self`",
            ),
            (
                parse_quote!(impl A { #[use_pipes(P)] async fn a(&self) {} }),
                "`#[use_pipes]` is for routes: add `#[get(…)]` or another method",
            ),
            (
                parse_quote!(impl A { #[get] #[use_micro_guards(G)] async fn a(&self) {} }),
                "`#[use_micro_guards]` is for messages: write `#[use_guards(…)]`",
            ),
            (parse_quote!(impl Clone for A {}), "not on one of a trait"),
        ];
        for (block, message) in cases {
            let text = expanded(block);
            assert!(text.contains(message), "{message}: {text}");
            assert_eq!(count(&text, quote!(routes: &[])), 1);
        }
    }
}
