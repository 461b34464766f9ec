//! The types that run around a handler, as its attributes list them.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Type};

use crate::attribute::list;
use crate::table::micro;

/// What the attributes of one method, or of an `impl` block, list.
#[derive(Default)]
pub(crate) struct Enhancers {
    pub(crate) interceptors: Vec<Type>,
    pub(crate) guards: Vec<Type>,
    pub(crate) pipes: Vec<Type>,
    pub(crate) filters: Vec<Type>,
}

/// Which of them an attribute is for.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Guard,
    Interceptor,
    Pipe,
    Filter,
}

impl Enhancers {
    pub(crate) fn add(&mut self, kind: Kind, attribute: &Attribute) -> syn::Result<()> {
        let (types, example) = match kind {
            Kind::Guard => (&mut self.guards, "TokenGuard"),
            Kind::Interceptor => (&mut self.interceptors, "Trace"),
            Kind::Pipe => (&mut self.pipes, "Trimmed"),
            Kind::Filter => (&mut self.filters, "BadRequests"),
        };
        types.extend(list(attribute, example)?);
        Ok(())
    }

    pub(crate) fn is_empty(&self) -> bool {
        let all = [&self.interceptors, &self.guards, &self.pipes, &self.filters];
        all.iter().all(|types| types.is_empty())
    }

    /// As code, for handlers that are called by `protocol`.
    pub(crate) fn code(&self, protocol: &TokenStream) -> TokenStream {
        let made_by = |types: &[Type], function: TokenStream| {
            let made = types.iter().map(|ty| {
                let micro = micro(ty.span());
                quote_spanned! {ty.span()=>
                    #micro::#function::<#protocol, #ty>(&#micro::Listed {
                        default: #micro::Made::<#ty>::DEFAULT,
                        provide: #micro::Made::<#ty>::PROVIDE,
                    })
                }
            });
            quote!(&[#(#made),*])
        };
        let micro = quote!(::nestrs::__private::micro);
        let interceptors = made_by(&self.interceptors, quote!(interceptor));
        let guards = made_by(&self.guards, quote!(guard));
        let pipes = made_by(&self.pipes, quote!(pipe));
        let filters = made_by(&self.filters, quote!(filter));
        quote! {
            {
                #[allow(unused_imports)]
                use #micro::NotMade as _;
                #micro::Enhancers {
                    interceptors: #interceptors,
                    guards: #guards,
                    pipes: #pipes,
                    filters: #filters,
                }
            }
        }
    }
}
