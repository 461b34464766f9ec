//! The table beside a block: an entry for each handler or listener, as constant
//! data.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, ImplItemFn, ItemImpl, Path};

use crate::attribute::Attributes;
use crate::contract::patterns_of;
use crate::grpc::{self, Service};
use crate::signature::{Callee, Caller, Payloads, use_parameters};

/// Which of the macros it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Table {
    Handlers,
    /// Handlers of one gRPC service.
    Grpc,
    Listeners,
}

/// Who says what the methods of a block are called for.
#[derive(Clone, Copy)]
pub(crate) enum Patterns<'a> {
    /// Each method's attribute.
    Attributes,
    /// The trait that the block implements.
    Contract(&'a Path),
    /// The service that the block is of.
    Service(&'a Service),
}

impl Table {
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Handlers => "micro_routes",
            Self::Grpc => "grpc_service",
            Self::Listeners => "event_routes",
        }
    }
}

/// Where the items are that expansions need, spanned at what an error of theirs
/// would be about.
pub(crate) fn micro(span: Span) -> TokenStream {
    quote_spanned!(span=> ::nestrs::__private::micro)
}

/// The entry of a method, if it has attributes of ours. Those are removed. In a
/// block that implements a contract, or that is of a service, every method has
/// an entry.
pub(crate) fn entry(
    method: &mut ImplItemFn,
    table: Table,
    patterns: Patterns<'_>,
    is_generic: bool,
) -> syn::Result<Option<TokenStream>> {
    let attributes = match patterns {
        Patterns::Attributes => Attributes::take(&mut method.attrs, table)?,
        Patterns::Contract(_) | Patterns::Service(_) => {
            Attributes::take_any(&mut method.attrs, table)?
        }
    };
    if attributes.first.is_none() && matches!(patterns, Patterns::Attributes) {
        return Ok(None);
    }
    let grpc = grpc_path(method, &attributes, patterns)?;
    let payloads = match grpc {
        Some(_) => Payloads::Proto,
        None => Payloads::Json,
    };
    // A signature that will not do need not have warnings on top.
    let callee = Callee::of(&method.sig, Caller::Message(payloads));
    use_parameters(method);
    let callee = callee?;
    let (micro, span) = (micro(Span::call_site()), callee.method.span());
    // An entry is there if its method is.
    let cfgs = method.attrs.iter().filter(is_cfg);
    let name = callee.method.to_string();
    // All tokens have the method's span: the place of a call is where they
    // all are.
    let at = quote_spanned!(span=> ::nestrs::__private::micro::Location::caller());
    let contract = match patterns {
        Patterns::Contract(path) => Some(path),
        _ => None,
    };
    let call = callee.call(contract);
    Ok(Some(match table {
        Table::Handlers | Table::Grpc => {
            let enhancers = attributes.enhancers();
            let max_in_flight = match &attributes.max_in_flight {
                Some(limit) => quote!(#micro::Option::Some(#limit)),
                None => quote!(#micro::Option::None),
            };
            let dependencies = callee.dependencies();
            let check = checked(callee.check_one_payload(), is_generic);
            let signature = match grpc {
                Some(_) => callee.signature(&quote!(#micro::HandlerName::of::<Self>(#name, #at))),
                None => quote!(#micro::Option::None),
            };
            let patterns = match contract {
                None if grpc.is_some() => quote_spanned! {span=>
                    &[#micro::HandlerPattern::of_grpc(#grpc)]
                },
                None => attributes.patterns(),
                Some(_) if !attributes.patterns.is_empty() => {
                    let message = "the `#[message_contract]` says this message's pattern: remove it here; \
                                   handlers without a contract stand on the type's own `impl` block";
                    return Err(syn::Error::new(span, message));
                }
                Some(contract) => {
                    let patterns = patterns_of(&callee.method);
                    quote_spanned!(span=> <Self as #contract>::#patterns)
                }
            };
            quote! {
                #(#cfgs)*
                #micro::Handler {
                    patterns: #patterns,
                    method: #name,
                    at: #at,
                    enhancers: #enhancers,
                    dependencies: { #check #dependencies },
                    max_in_flight: #max_in_flight,
                    signature: #signature,
                    call: #call,
                }
            }
        }
        Table::Listeners => {
            let events = &attributes.events;
            let checks = [callee.check_no_dependencies(), callee.check_one_payload()];
            let check = checked(
                checks.into_iter().flatten().reduce(|a, b| quote!(#a #b)),
                false,
            );
            quote! {
                #(#cfgs)*
                #micro::Listener {
                    events: &[#(#events),*],
                    method: #name,
                    at: #at,
                    call: { #check #call },
                }
            }
        }
    }))
}

/// What a handler of a gRPC method is called by, if it is one.
fn grpc_path(
    method: &ImplItemFn,
    attributes: &Attributes,
    patterns: Patterns<'_>,
) -> syn::Result<Option<String>> {
    let name = &method.sig.ident;
    match (&attributes.grpc, patterns) {
        (None, Patterns::Service(service)) => {
            grpc::path(&grpc::Method::unnamed(name.span()), Some(service), name).map(Some)
        }
        (Some(of), Patterns::Service(service)) => grpc::path(of, Some(service), name).map(Some),
        (Some(_), _) if !attributes.patterns.is_empty() => {
            let message = "a method of gRPC takes and returns protobuf, what has a pattern JSON: \
                           write a handler for each";
            Err(syn::Error::new(name.span(), message))
        }
        (Some(_), Patterns::Contract(_)) => {
            let message = "the `#[message_contract]` says this message's pattern: methods of gRPC \
                           stand on the type's own `impl` block";
            Err(syn::Error::new(name.span(), message))
        }
        (Some(of), Patterns::Attributes) => grpc::path(of, None, name).map(Some),
        (None, _) => Ok(None),
    }
}

/// Runs checks when the crate is checked. Those of generic types can only run
/// when there is a concrete one; so can those that name `Self`.
fn checked(checks: Option<TokenStream>, is_generic: bool) -> Option<TokenStream> {
    let checks = checks?;
    let names_self = checks
        .to_string()
        .split_whitespace()
        .any(|word| word == "Self");
    Some(match is_generic || names_self {
        true => quote!(const { #checks }),
        false => quote!(const _: () = { #checks };),
    })
}

pub(crate) fn is_cfg(attribute: &&Attribute) -> bool {
    attribute.path().is_ident("cfg")
}

/// `enhancers` are those of the block, as code.
pub(crate) fn write(
    block: &ItemImpl,
    table: Table,
    enhancers: Option<TokenStream>,
    entries: &[TokenStream],
) -> TokenStream {
    let ty = &block.self_ty;
    let micro = micro(ty.span());
    let (generics, _, bounds) = block.generics.split_for_impl();
    // A block that is not compiled has no table either.
    let cfgs: Vec<_> = block.attrs.iter().filter(is_cfg).collect();
    let enhancers =
        enhancers.map(|enhancers| quote!(const ENHANCERS: #micro::Enhancers = #enhancers;));
    match table {
        Table::Handlers | Table::Grpc => quote! {
            #(#cfgs)*
            #[automatically_derived]
            impl #generics #micro::MicroRoutes for #ty #bounds {
                const HANDLERS: &'static [#micro::Handler<Self>] = &[#(#entries),*];
                #enhancers
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
