//! The code that calls a method with what axum extracts for it, and makes a
//! response of what it returns. Each step has the span of what can be wrong
//! with it.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Type;
use syn::spanned::Spanned;

use super::http;
use crate::signature::Callee;

/// A closure that takes the controller and the request.
pub(super) fn call(callee: &Callee) -> TokenStream {
    let Callee {
        method,
        parameters,
        returned,
        ..
    } = callee;
    let names: Vec<_> = (0..parameters.len())
        .map(|i| format_ident!("parameter_{i}"))
        .collect();
    let last = parameters.len().saturating_sub(1);
    // The types are those of the method's parameters. Written here, a `dyn Trait`
    // would be one of some lifetime instead of `'static`.
    let extracted = parameters
        .iter()
        .zip(&names)
        .enumerate()
        .map(|(i, (ty, name))| {
            let http = http(ty.span());
            let result = match i == last {
                false => quote_spanned!(ty.span()=> #http::from_parts(&mut parts).await),
                true => quote_spanned! {ty.span()=>
                    #http::from_request(#http::Request::from_parts(parts, body)).await
                },
            };
            let http = self::http(Span::call_site());
            quote! {
                let #name = match #result {
                    #http::Result::Ok(extracted) => extracted,
                    #http::Result::Err(rejection) => return rejection,
                };
            }
        });
    let (request, split) = match parameters.len() {
        0 => (quote!(_request), None),
        // The last one takes the parts, the others change them.
        1 => (
            quote!(request),
            Some(quote!(let (parts, body) = request.into_parts();)),
        ),
        _ => (
            quote!(request),
            Some(quote!(let (mut parts, body) = request.into_parts();)),
        ),
    };
    let run = quote_spanned!(method.span()=> Self::#method(&controller, #(#names),*).await);
    let into = http(*returned);
    let response = quote_spanned!(*returned=> #into::into_response(returned));
    let body = quote! {
        #split
        #(#extracted)*
        let returned = #run;
        #response
    };
    // That a future is not `Send` is the method's fault.
    let boxed = http(method.span());
    let future = quote_spanned!(method.span()=> #boxed::Box::pin(async move { #body }));
    quote!(|controller, #request| #future)
}

/// What the parameters ask of the container, as far as their types tell.
pub(super) fn injected(parameters: &[Type]) -> TokenStream {
    let injected = parameters.iter().map(|ty| {
        let http = http(ty.span());
        // All tokens have the type's span: the place of a call is where they
        // all are.
        let at = quote_spanned!(ty.span()=> ::nestrs::__private::http::Location::caller());
        quote_spanned!(ty.span()=> #http::injected(#http::Asks::<#ty>::KEY, #at))
    });
    let http = http(Span::call_site());
    quote! {
        {
            #[allow(unused_imports)]
            use #http::AsksNothing as _;
            &[#(#injected),*]
        }
    }
}
