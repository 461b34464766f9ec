//! `#[message_contract]`: a trait whose methods are messages. It comes out as a
//! trait that services implement, with each method's patterns beside it, and
//! with a client whose methods send.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{
    Attribute, FnArg, GenericArgument, Ident, ItemTrait, Pat, PathArguments, ReturnType, TraitItem,
    TraitItemFn, Type, Visibility, parse_quote,
};

use crate::attribute::{Attributes, join};
use crate::signature::{Callee, Caller, Payloads};
use crate::table::{Table, micro};

/// The constant of a contract that has a method's patterns.
pub(crate) fn patterns_of(method: &Ident) -> Ident {
    format_ident!("__PATTERNS_OF_{method}", span = method.span())
}

pub(crate) fn expand(args: TokenStream, mut contract: ItemTrait) -> TokenStream {
    let mut errors: Vec<_> = check(&args, &contract).err().into_iter().collect();
    let client = format_ident!("{}Client", contract.ident);
    // Who sees the trait sees all of its client.
    let vis = contract.vis.clone();
    let (mut constants, mut methods) = (Vec::new(), Vec::new());
    for item in &mut contract.items {
        match item {
            TraitItem::Fn(method) => match Message::take(method) {
                Ok(message) => {
                    constants.push(message.constant(&client));
                    methods.push(message.method(&vis));
                    message.promise(method);
                }
                Err(error) => errors.push(error),
            },
            other => errors.push(syn::Error::new_spanned(
                other,
                "a contract has messages only: move this to another trait",
            )),
        }
    }
    if let Some(error) = errors.into_iter().reduce(join) {
        let error = error.into_compile_error();
        return quote!(#error #contract);
    }
    contract.items.extend(constants);
    let client = write_client(&contract, &client, &methods);
    quote!(#contract #client)
}

fn check(args: &TokenStream, contract: &ItemTrait) -> syn::Result<()> {
    if !args.is_empty() {
        let message = "`#[message_contract]` takes no arguments: remove them";
        return Err(syn::Error::new_spanned(args, message));
    }
    match contract.generics.params.first() {
        None => Ok(()),
        Some(parameter) => Err(syn::Error::new_spanned(
            parameter,
            "a message cannot choose a type: write a contract for each concrete one",
        )),
    }
}

/// One method of a contract.
struct Message {
    docs: Vec<Attribute>,
    name: Ident,
    /// The patterns as code.
    patterns: TokenStream,
    is_event: bool,
    payload: Option<Type>,
    returned: Type,
}

impl Message {
    /// Reads a method, of which the attributes that are ours are removed.
    fn take(method: &mut TraitItemFn) -> syn::Result<Self> {
        let attributes = Attributes::take(&mut method.attrs, Table::Handlers)?;
        let name = method.sig.ident.clone();
        if attributes.patterns.is_empty() || attributes.grpc.is_some() {
            let message = "a message has a pattern: write `#[message_pattern(\"…\")]` above it";
            return Err(syn::Error::new_spanned(name, message));
        }
        if attributes.has_enhancers() {
            let message = "what runs around a handler is the service's affair: \
                           move it to the `#[micro_routes] impl … for …`";
            return Err(syn::Error::new_spanned(name, message));
        }
        if let Some(body) = &method.default {
            let message = "services handle the message: write `;` instead";
            return Err(syn::Error::new_spanned(body, message));
        }
        let callee = Callee::of(&method.sig, Caller::Message(Payloads::Json))?;
        if let [_, other, ..] = &callee.parameters[..] {
            let message = "a message has one payload, and nothing else that both sides know: \
                           make this a field of the payload's type";
            return Err(syn::Error::new_spanned(other, message));
        }
        let docs = method
            .attrs
            .iter()
            .filter(|attribute| attribute.path().is_ident("doc"));
        Ok(Self {
            docs: docs.cloned().collect(),
            name,
            patterns: attributes.patterns(),
            is_event: attributes.is_event(),
            payload: callee.parameters.into_iter().next(),
            returned: match &method.sig.output {
                ReturnType::Type(_, ty) => (**ty).clone(),
                ReturnType::Default => parse_quote!(()),
            },
        })
    }

    /// The patterns, where the service's macro finds them.
    fn constant(&self, client: &Ident) -> TraitItem {
        let (micro, name) = (micro(self.name.span()), patterns_of(&self.name));
        parse_quote! {
            #[doc(hidden)]
            #[allow(non_upper_case_globals)]
            const #name: #micro::Patterns = #client::#name;
        }
    }

    /// The trait's method: what a service writes as an `async fn`.
    fn promise(&self, method: &mut TraitItemFn) {
        let returned = &self.returned;
        for input in &mut method.sig.inputs {
            // A method without a body takes nothing apart.
            if let FnArg::Typed(typed) = input
                && !matches!(*typed.pat, Pat::Ident(_))
            {
                typed.pat = parse_quote!(_);
            }
        }
        method.sig.asyncness = None;
        method.sig.output = parse_quote! {
            -> impl ::core::future::Future<Output = #returned> + ::core::marker::Send
        };
    }

    /// The client's method, and the patterns it sends to the first of.
    fn method(&self, vis: &Visibility) -> TokenStream {
        let Self {
            docs,
            name,
            patterns,
            ..
        } = self;
        let (micro, constant) = (micro(name.span()), patterns_of(name));
        let parameter = self.payload.as_ref().map(|ty| quote!(payload: &#ty));
        let payload = match parameter {
            Some(_) => quote!(payload),
            None => quote!(&()),
        };
        let (how, replied) = match (self.is_event, replied(&self.returned)) {
            (true, _) => (quote!(emit), quote!(())),
            (false, Replied::One(ty)) => (quote!(send), quote!(#ty)),
            (false, Replied::Many(item)) => {
                (quote!(send_stream), quote!(#micro::ReplyStream<#item>))
            }
        };
        quote_spanned! {name.span()=>
            #[doc(hidden)]
            #[allow(non_upper_case_globals)]
            #vis const #constant: #micro::Patterns = #patterns;

            #(#docs)*
            ///
            /// # Errors
            ///
            /// The service's error, or that it did not answer.
            #vis async fn #name(
                &self,
                #parameter
            ) -> #micro::Result<#replied, #micro::TransportError> {
                let pattern = #micro::first_route(Self::#constant);
                self.0.message(&pattern, #payload).#how().await
            }
        }
    }
}

enum Replied {
    One(TokenStream),
    Many(TokenStream),
}

/// What a caller gets of what a handler returns: the `T` of a `Result<T, _>`,
/// and the items of a `ReplyStream`.
fn replied(returned: &Type) -> Replied {
    let ok = argument_of(returned, "Result").unwrap_or(returned);
    match argument_of(ok, "ReplyStream") {
        Some(item) => Replied::Many(quote!(#item)),
        None => Replied::One(quote!(#ok)),
    }
}

/// `T` of `name<T, …>`, whatever the path before the name.
fn argument_of<'a>(ty: &'a Type, name: &str) -> Option<&'a Type> {
    let Type::Path(path) = ty else {
        return None;
    };
    let last = path
        .path
        .segments
        .last()
        .filter(|last| last.ident == name)?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

fn write_client(contract: &ItemTrait, client: &Ident, methods: &[TokenStream]) -> TokenStream {
    let (name, vis) = (&contract.ident, &contract.vis);
    let micro = micro(name.span());
    let doc = format!("Sends the messages of [`{name}`] through a client.");
    quote_spanned! {name.span()=>
        #[doc = #doc]
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #vis struct #client(#micro::ClientProxy);

        // Each caller uses what it needs.
        #[allow(dead_code)]
        impl #client {
            /// Sends through `client`.
            #vis fn new(client: #micro::ClientProxy) -> Self {
                Self(client)
            }

            #(#methods)*
        }

        impl ::core::convert::From<#micro::ClientProxy> for #client {
            fn from(client: #micro::ClientProxy) -> Self {
                Self(client)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(contract: ItemTrait) -> String {
        expand(TokenStream::new(), contract).to_string()
    }

    #[test]
    fn what_a_caller_gets_is_read_off_the_type() {
        for (returned, replied_with, many) in [
            (quote!(u8), quote!(u8), false),
            (quote!(Result<u8, Error>), quote!(u8), false),
            (quote!(io::Result<u8>), quote!(u8), false),
            (quote!(()), quote!(()), false),
            (quote!(ReplyStream<u8>), quote!(u8), true),
            (quote!(Result<nestrs::ReplyStream<u8>, E>), quote!(u8), true),
            (quote!(Option<u8>), quote!(Option<u8>), false),
        ] {
            let (found, is_many) = match replied(&parse_quote!(#returned)) {
                Replied::One(ty) => (ty, false),
                Replied::Many(ty) => (ty, true),
            };
            assert_eq!(found.to_string(), replied_with.to_string());
            assert_eq!(is_many, many, "{returned}");
        }
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (contract, message) in [
            (
                parse_quote!(
                    trait Math {
                        async fn add(&self);
                    }
                ),
                "a message has a pattern",
            ),
            (
                parse_quote!(
                    trait Math {
                        #[message_pattern("a")]
                        fn add(&self);
                    }
                ),
                "a handler is async: write `async fn add`",
            ),
            (
                parse_quote!(
                    trait Math {
                        #[message_pattern("a")]
                        async fn add(&self) {}
                    }
                ),
                "services handle the message",
            ),
            (
                parse_quote!(
                    trait Math {
                        #[message_pattern("a")]
                        #[use_micro_guards(G)]
                        async fn add(&self);
                    }
                ),
                "is the service's affair",
            ),
            (
                parse_quote!(
                    trait Math<T> {}
                ),
                "a message cannot choose a type",
            ),
            (
                parse_quote!(
                    trait Math {
                        type Number;
                    }
                ),
                "a contract has messages only",
            ),
        ] {
            let text = expanded(contract);
            assert!(text.contains(message), "{message} not in {text}");
        }
    }
}
