//! The table beside a block: an entry for each handler or listener, as constant
//! data.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, ImplItemFn, ItemImpl};

use crate::attribute::Attributes;
use crate::signature::{Callee, use_parameters};

/// Which of the two macros it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    Handlers,
    Listeners,
}

impl Table {
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Handlers => "micro_routes",
            Self::Listeners => "event_routes",
        }
    }
}

/// Where the items are that expansions need, spanned at what an error of theirs
/// would be about.
pub(crate) fn micro(span: Span) -> TokenStream {
    quote_spanned!(span=> ::nestrs::__private::micro)
}

/// The entry of a method, if it has attributes of ours. Those are removed.
pub(crate) fn entry(method: &mut ImplItemFn, table: Table) -> syn::Result<Option<TokenStream>> {
    let attributes = Attributes::take(&mut method.attrs, table)?;
    if attributes.first.is_none() {
        return Ok(None);
    }
    // A signature that will not do need not have warnings on top.
    let callee = Callee::of(&method.sig);
    use_parameters(method);
    let callee = callee?;
    let (micro, span) = (micro(Span::call_site()), callee.method.span());
    // An entry is there if its method is.
    let cfgs = method.attrs.iter().filter(is_cfg);
    let name = callee.method.to_string();
    // All tokens have the method's span: the place of a call is where they
    // all are.
    let at = quote_spanned!(span=> ::nestrs::__private::micro::Location::caller());
    let call = callee.call();
    Ok(Some(match table {
        Table::Handlers => {
            let enhancers = attributes.enhancers();
            let patterns = attributes
                .patterns
                .iter()
                .map(|(kind, pattern)| quote!((#kind, #pattern)));
            quote! {
                #(#cfgs)*
                #micro::Handler {
                    patterns: &[#(#patterns),*],
                    method: #name,
                    at: #at,
                    enhancers: #enhancers,
                    call: #call,
                }
            }
        }
        Table::Listeners => {
            let events = &attributes.events;
            quote! {
                #(#cfgs)*
                #micro::Listener {
                    events: &[#(#events),*],
                    method: #name,
                    at: #at,
                    call: #call,
                }
            }
        }
    }))
}

fn is_cfg(attribute: &&Attribute) -> bool {
    attribute.path().is_ident("cfg")
}

pub(crate) fn write(block: &ItemImpl, table: Table, entries: &[TokenStream]) -> TokenStream {
    let ty = &block.self_ty;
    let micro = micro(ty.span());
    let (generics, _, bounds) = block.generics.split_for_impl();
    // A block that is not compiled has no table either.
    let cfgs: Vec<_> = block.attrs.iter().filter(is_cfg).collect();
    match table {
        Table::Handlers => quote! {
            #(#cfgs)*
            #[automatically_derived]
            impl #generics #micro::MicroRoutes for #ty #bounds {
                const HANDLERS: &'static [#micro::Handler<Self>] = &[#(#entries),*];
            }
        },
        Table::Listeners => {
            let of = quote_spanned!(ty.span()=> #micro::ListenerTable::of::<#ty>());
            quote! {
                #(#cfgs)*
                #[automatically_derived]
                impl #micro::EventRoutes for #ty #bounds {
                    const LISTENERS: &'static [#micro::Listener<Self>] = &[#(#entries),*];
                }
                #(#cfgs)*
                const _: () = {
                    #micro::inventory::submit! { #of }
                };
            }
        }
    }
}
