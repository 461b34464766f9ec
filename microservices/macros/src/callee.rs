//! The code that calls a handler, and that checks what only the compiler knows
//! of its types.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;

use crate::signature::{Callee, Payloads};
use crate::table::micro;

impl Callee {
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
            #answer
        };
        // That a future is not `Send` is the method's fault.
        let boxed = self::micro(method.span());
        let future = quote_spanned! {method.span()=>
            if let #boxed::Option::Some(handling) = finish.before() {
                return handling.around(message, |#message| async move { #body });
            }
            #boxed::Handled::by(#boxed::boxed(#boxed::Box::new_uninit(), async move {
                let outcome = #boxed::contain(async { #body }).await;
                match finish.at_once(outcome, &message) {
                    #boxed::Result::Ok(answer) => answer,
                    #boxed::Result::Err(later) => later.await,
                }
            }))
        };
        quote!(|service, #message, mut finish| { #future })
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
