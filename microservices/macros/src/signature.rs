//! What a handler may look like, and the code that calls it.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    FnArg, GenericParam, Ident, ImplItemFn, Pat, Path, ReceiverKind, ReturnType, Signature, Type,
    parse_quote_spanned,
};

use crate::attribute::join;
use crate::table::micro;

/// A handler's method, as far as calling it goes.
pub(crate) struct Callee {
    pub(crate) method: Ident,
    pub(crate) parameters: Vec<Type>,
    payloads: Payloads,
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
    fn parameter(self, micro: &TokenStream) -> TokenStream {
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

    /// A closure that takes the service and the message. Each step has the
    /// span of what can be wrong with it. The method is the type's own, or that
    /// of a `contract`.
    pub(crate) fn call(&self, contract: Option<&Path>) -> TokenStream {
        let Self {
            method,
            parameters,
            payloads,
            returned,
        } = self;
        let micro = quote!(::nestrs::__private::micro);
        let names: Vec<_> = (0..parameters.len())
            .map(|i| format_ident!("parameter_{i}"))
            .collect();
        let arguments = parameters.iter().zip(&names).map(|(ty, name)| {
            let micro = self::micro(ty.span());
            let parameter = payloads.parameter(&micro);
            let of_message = quote_spanned! {ty.span()=>
                <#ty as #parameter>::from_message(&mut message).await?
            };
            let check = quote_spanned! {ty.span()=>
                (&#micro::Checked(&#name)).check(&message)?;
            };
            quote!(let #name = #of_message; #check)
        });
        let message = match parameters.is_empty() {
            true => quote!(message),
            false => quote!(mut message),
        };
        let owner = match contract {
            None => quote_spanned!(method.span()=> Self),
            Some(contract) => quote_spanned!(method.span()=> <Self as #contract>),
        };
        let run = quote_spanned!(method.span()=> #owner::#method(&service, #(#names),*).await);
        let probe = self::micro(*returned);
        let open = quote_spanned! {*returned=>
            (&&&&#probe::Probe(&returned)).way().open(returned)?
        };
        let answer = match payloads {
            Payloads::Json => quote_spanned! {*returned=>
                (&&&&&#probe::Probe(&value)).reply().answer(value)
            },
            Payloads::Proto => quote_spanned! {*returned=>
                (&&&&&#probe::Probe(&value)).reply().answer_call(value)
            },
        };
        let body = quote! {
            #[allow(unused_imports)]
            use #micro::{
                IsChecked as _, IsUnchecked as _, IsFallibleStream as _, IsForeignResult as _, IsForeignStream as _, IsPlain as _,
                IsResult as _, IsStream as _, IsUnit as _, IsValue as _, IsWrongResult as _,
            };
            #(#arguments)*
            let returned = #run;
            let value = #open;
            let answer = #answer;
            #micro::Result::<#micro::Answer, #micro::TransportError>::Ok(answer)
        };
        // That a future is not `Send` is the method's fault.
        let boxed = self::micro(method.span());
        let future = quote_spanned! {method.span()=>
            #boxed::Box::pin(async move {
                let outcome = #boxed::contain(async { #body }).await;
                match finish.at_once(outcome, &message) {
                    #boxed::Result::Ok(answer) => answer,
                    #boxed::Result::Err(later) => later.await,
                }
            })
        };
        quote!(|service, #message, finish| #future)
    }

    /// What each parameter needs from the container, as code.
    pub(crate) fn dependencies(&self) -> TokenStream {
        let needed = self.parameters.iter().map(|ty| {
            let parameter = self.payloads.parameter(&micro(ty.span()));
            quote_spanned!(ty.span()=> <#ty as #parameter>::DEPENDENCY)
        });
        quote!(&[#(#needed),*])
    }

    /// What the handler of a gRPC method takes and returns, as code: a function
    /// that tells it. The method is not called, only what its future yields is
    /// looked at.
    pub(crate) fn signature(&self, handler: &TokenStream) -> TokenStream {
        let Self {
            method,
            parameters,
            returned,
            ..
        } = self;
        let micro = micro(Span::call_site());
        let names: Vec<_> = (0..parameters.len())
            .map(|i| format_ident!("parameter_{i}"))
            .collect();
        let taken = parameters.iter().map(|ty| {
            let grpc = self::micro(ty.span());
            quote_spanned! {ty.span()=>
                #grpc::grpc::Taken {
                    is_payload: <#ty as #grpc::grpc::FromCall<_>>::PAYLOAD,
                    is_stream: <#ty as #grpc::grpc::FromCall<_>>::STREAM,
                    name: (&&#grpc::grpc::TypeOf::<#ty>::NEW).name(),
                }
            }
        });
        let call = quote_spanned! {method.span()=>
            |(service, #(#names,)*): (&'static Self, #(#parameters,)*)| {
                Self::#method(service, #(#names),*)
            }
        };
        let grpc = self::micro(*returned);
        let given = quote_spanned! {*returned=>
            let returned = #grpc::grpc::returned(#call);
            let (is_stream, item) = (&&(&&returned).opened()).item();
            let name = (&&(&&item).opened()).name();
        };
        quote! {
            #micro::Option::Some(|| {
                #[allow(unused_imports)]
                use #micro::grpc::{
                    IsAnyType as _, IsItems as _, IsNamed as _, IsNamedStream as _, IsOpen as _,
                    IsOpened as _, IsUnnamed as _,
                };
                #given
                #micro::grpc::signature(#handler, &[#(#taken),*], is_stream, name)
            })
        }
    }

    /// Two parameters cannot both be made of the payload; which of them are, a
    /// macro does not know. To be evaluated where the table is.
    pub(crate) fn check_one_payload(&self) -> Option<TokenStream> {
        let (last, others) = self.parameters.split_last()?;
        if others.is_empty() {
            return None;
        }
        let payloads = self.parameters.iter().map(|ty| {
            let parameter = self.payloads.parameter(&micro(ty.span()));
            quote!(<#ty as #parameter>::PAYLOAD as usize)
        });
        let micro = micro(last.span());
        Some(quote_spanned! {last.span()=>
            #micro::assert!(
                0 #(+ #payloads)* <= 1,
                "a handler takes one payload: make the others fields of its type"
            );
        })
    }

    /// A listener is called by the bus, which the container holds: it has none
    /// to ask.
    pub(crate) fn check_no_dependencies(&self) -> Option<TokenStream> {
        let checks = self.parameters.iter().map(|ty| {
            let micro = micro(ty.span());
            quote_spanned! {ty.span()=>
                #micro::assert!(
                    <#ty as #micro::FromMessage<_>>::DEPENDENCY.is_none(),
                    "a listener injects nothing: make this a field of its type"
                );
            }
        });
        (!self.parameters.is_empty()).then(|| quote!(#(#checks)*))
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
