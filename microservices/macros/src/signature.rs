//! What a handler may look like.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned;
use syn::{
    FnArg, GenericParam, Ident, ImplItemFn, Pat, ReceiverKind, ReturnType, Signature, Type,
    parse_quote_spanned,
};

use crate::attribute::join;

/// A handler's method, as far as calling it goes.
pub(crate) struct Callee {
    pub(crate) method: Ident,
    pub(crate) parameters: Vec<Type>,
    pub(crate) payloads: Payloads,
    /// Where the type stands that it returns.
    pub(crate) returned: Span,
}

/// What handlers are called by.
#[derive(Clone, Copy)]
pub(crate) enum Caller {
    Message(Payloads),
    Request,
}

/// What a message brings, and what it is answered with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payloads {
    Json,
    /// Messages of gRPC.
    Proto,
}

impl Payloads {
    /// What parameters implement.
    pub(crate) fn parameter(self, micro: &TokenStream) -> TokenStream {
        match self {
            Self::Json => quote!(#micro::FromMessage<_>),
            Self::Proto => quote!(#micro::grpc::FromCall<_>),
        }
    }
}

impl Caller {
    fn name(self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::Request => "request",
        }
    }
}

impl Callee {
    /// # Errors
    ///
    /// Everything about the signature that no handler can have.
    pub(crate) fn of(signature: &Signature, caller: Caller) -> syn::Result<Self> {
        let errors = [
            check_async(signature).err(),
            check_generics(signature, caller).err(),
            check_receiver(signature, caller).err(),
            check_parameters(signature, caller).err(),
        ];
        if let Some(error) = errors.into_iter().flatten().reduce(join) {
            return Err(error);
        }
        let parameters = parameters(signature).map(|(_, ty)| ty.clone()).collect();
        let returned = match &signature.output {
            ReturnType::Type(_, ty) => ty.span(),
            ReturnType::Default => signature.ident.span(),
        };
        Ok(Self {
            method: signature.ident.clone(),
            parameters,
            payloads: match caller {
                Caller::Message(payloads) => payloads,
                Caller::Request => Payloads::Json,
            },
            returned,
        })
    }
}

/// The message dictates a handler's parameter: not to look at it is no
/// mistake, so it must not warn.
pub(crate) fn use_parameters(method: &mut ImplItemFn) {
    let named: Vec<Ident> = parameters(&method.sig)
        .filter_map(|(pattern, _)| match pattern {
            Pat::Ident(name) => Some(name.ident.clone()),
            _ => None,
        })
        .collect();
    for name in named {
        let used = parse_quote_spanned!(name.span()=> let _ = &#name;);
        method.block.stmts.insert(0, used);
    }
}

/// What follows `self`.
fn parameters(signature: &Signature) -> impl Iterator<Item = (&Pat, &Type)> {
    signature.inputs.iter().filter_map(|input| match input {
        FnArg::Typed(typed) => Some((&*typed.pat, &*typed.ty)),
        FnArg::Receiver(_) => None,
    })
}

fn check_async(signature: &Signature) -> syn::Result<()> {
    match &signature.asyncness {
        Some(_) => Ok(()),
        None => Err(syn::Error::new(
            signature.fn_token.span(),
            format!("a handler is async: write `async fn {}`", signature.ident),
        )),
    }
}

fn check_generics(signature: &Signature, caller: Caller) -> syn::Result<()> {
    let types = |param: &&GenericParam| !matches!(param, GenericParam::Lifetime(_));
    match signature.generics.params.iter().find(types) {
        None => Ok(()),
        Some(param) => Err(syn::Error::new_spanned(
            param,
            format!(
                "a {} cannot choose a type: write the concrete one instead of this parameter",
                caller.name()
            ),
        )),
    }
}

fn check_receiver(signature: &Signature, caller: Caller) -> syn::Result<()> {
    let Some(receiver) = signature.receiver() else {
        return Err(syn::Error::new(
            signature.paren_token.span.open(),
            "a handler is a method: write `&self` first",
        ));
    };
    match &receiver.kind {
        ReceiverKind::Reference(_, _, None) => Ok(()),
        _ => Err(syn::Error::new_spanned(
            receiver,
            format!(
                "many {}s share a handler's `self`: write `&self`",
                caller.name()
            ),
        )),
    }
}

fn check_parameters(signature: &Signature, caller: Caller) -> syn::Result<()> {
    let errors = parameters(signature).filter_map(|(_, ty)| match ty {
        Type::Reference(ty) => Some(syn::Error::new_spanned(
            ty,
            match caller {
                Caller::Message(_) => {
                    "a payload is the handler's own: write an owned type, as `String` for `&str`"
                }
                Caller::Request => {
                    "what is extracted is the handler's own: write an owned type, as `String` for `&str`"
                }
            },
        )),
        Type::ImplTrait(ty) => Some(syn::Error::new_spanned(
            ty,
            format!("a {} cannot choose a type: write the concrete one", caller.name()),
        )),
        _ => None,
    });
    match errors.reduce(join) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn handlers_take_self_and_what_a_message_has() {
        for signature in [
            parse_quote!(async fn a(&self)),
            parse_quote!(async fn a(&self, payload: Value) -> u8),
            parse_quote!(async fn a(&self, Point { x, y }: Point)),
            parse_quote!(async fn a(&self, ctx: Ctx, payload: Value, user: Arc<User>)),
            parse_quote!(async fn a<'a>(&'a self, mut payload: Vec<u8>) -> Result<&'a str, Error>),
        ] {
            assert!(Callee::of(&signature, Caller::Message(Payloads::Json)).is_ok());
        }
    }

    #[test]
    fn other_signatures_say_what_to_write() {
        for (signature, message) in [
            (
                parse_quote!(fn a(&self)),
                "a handler is async: write `async fn a`",
            ),
            (
                parse_quote!(async fn a()),
                "a handler is a method: write `&self` first",
            ),
            (
                parse_quote!(async fn a(self)),
                "many messages share a handler's `self`: write `&self`",
            ),
            (
                parse_quote!(async fn a(&mut self)),
                "many messages share a handler's `self`: write `&self`",
            ),
            (
                parse_quote!(async fn a(self: Arc<Self>)),
                "many messages share a handler's `self`: write `&self`",
            ),
            (
                parse_quote!(async fn a<T>(&self, payload: T)),
                "a message cannot choose a type: write the concrete one instead of this parameter",
            ),
            (
                parse_quote!(async fn a(&self, payload: impl Into<u8>)),
                "a message cannot choose a type: write the concrete one",
            ),
            (
                parse_quote!(async fn a(&self, payload: &str)),
                "a payload is the handler's own: write an owned type, as `String` for `&str`",
            ),
        ] {
            assert_eq!(
                Callee::of(&signature, Caller::Message(Payloads::Json))
                    .err()
                    .unwrap()
                    .to_string(),
                message
            );
        }
    }

    #[test]
    fn all_that_is_wrong_is_reported_at_once() {
        let error = Callee::of(
            &parse_quote!(fn a(self, x: &u8)),
            Caller::Message(Payloads::Json),
        )
        .err();
        assert_eq!(error.unwrap().into_iter().count(), 3);
    }

    #[test]
    fn named_parameters_count_as_used() {
        let mut method: ImplItemFn = parse_quote!(
            async fn a(&self, payload: u8) {}
        );
        use_parameters(&mut method);
        assert_eq!(method.block.stmts.len(), 1);
        let mut method: ImplItemFn = parse_quote!(
            async fn a(&self, (x, y): (u8, u8)) {}
        );
        use_parameters(&mut method);
        assert!(method.block.stmts.is_empty());
    }
}
