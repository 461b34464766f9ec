//! The attributes of methods, which `#[micro_routes]` and `#[event_routes]`
//! consume. They are known by the last segment of their path, so
//! `#[nestrs::message_pattern(…)]` is one too.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, LitInt, LitStr, Meta, Token};

use crate::enhancers::{Enhancers, Kind};
use crate::grpc;
use crate::pattern;
use crate::table::{Table, micro};

/// What the attributes of one method say.
#[derive(Default)]
pub(crate) struct Attributes {
    /// Each pattern as code.
    pub(crate) patterns: Vec<TokenStream>,
    pub(crate) max_in_flight: Option<LitInt>,
    pub(crate) events: Vec<LitStr>,
    /// Of which method of a gRPC service it is the handler.
    pub(crate) grpc: Option<grpc::Method>,
    pub(crate) enhancers: Enhancers,
    /// The first of them, for errors about the handler as a whole.
    pub(crate) first: Option<Attribute>,
}

impl Attributes {
    /// Takes ours out of a method's attributes.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them, at once. Ours are gone all the same.
    pub(crate) fn take(attributes: &mut Vec<Attribute>, table: Table) -> syn::Result<Self> {
        let taken = Self::take_any(attributes, table)?;
        if let Some(first) = &taken.first
            && !taken.is_handler()
        {
            let message = format!(
                "`#[{}]` is for handlers: add `#[message_pattern(…)]` or `#[event_pattern(…)]`",
                written(first)
            );
            return Err(syn::Error::new_spanned(first, message));
        }
        Ok(taken)
    }

    /// Takes ours out of the attributes of an `impl` block.
    ///
    /// # Errors
    ///
    /// As of [`take`](Self::take).
    pub(crate) fn take_of_block(
        attributes: &mut Vec<Attribute>,
        table: Table,
    ) -> syn::Result<Self> {
        let taken = Self::take_any(attributes, table)?;
        match &taken.first {
            Some(first) if taken.is_handler() => {
                let message = format!("`#[{}]` stands on a method", written(first));
                Err(syn::Error::new_spanned(first, message))
            }
            _ => Ok(taken),
        }
    }

    /// As [`take`](Self::take), of a method whose patterns stand elsewhere.
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) fn take_any(attributes: &mut Vec<Attribute>, table: Table) -> syn::Result<Self> {
        let is_ours = |attribute: &mut Attribute| Name::of(attribute).is_some();
        let ours: Vec<_> = attributes.extract_if(.., is_ours).collect();
        let mut taken = Self::default();
        let mut errors = Vec::new();
        for attribute in &ours {
            errors.extend(taken.add(attribute, table).err());
        }
        taken.first = ours.into_iter().next();
        match errors.into_iter().reduce(join) {
            Some(error) => Err(error),
            None => Ok(taken),
        }
    }

    fn add(&mut self, attribute: &Attribute, table: Table) -> syn::Result<()> {
        let Some(name) = Name::of(attribute) else {
            return Ok(());
        };
        if !name.tables().contains(&table) {
            let (written, this) = (written(attribute), table.attribute());
            let message = match name.tables().first() {
                Some(home) => {
                    let home = home.attribute();
                    format!("`#[{written}]` belongs in `#[{home}] impl …`, this is `#[{this}]`")
                }
                None => {
                    let micro = written.replace("use_", "use_micro_");
                    format!("`#[{written}]` is for routes of HTTP: write `#[{micro}(…)]`")
                }
            };
            return Err(syn::Error::new_spanned(attribute, message));
        }
        let span = attribute.path().span();
        let micro = micro(span);
        match name {
            Name::MessagePattern => {
                let kind = quote_spanned!(span=> #micro::MessageKind::Request);
                self.add_patterns(attribute, kind)?;
            }
            Name::EventPattern => {
                let kind = quote_spanned!(span=> #micro::MessageKind::Event);
                self.add_patterns(attribute, kind)?;
            }
            Name::OnEvent => {
                let events: Vec<Event> = list(attribute, "\"user.created\"")?;
                self.events.extend(events.into_iter().map(|event| event.0));
            }
            Name::GrpcMethod => self.add_grpc(attribute)?,
            Name::Enhancer(kind) => self.enhancers.add(kind, attribute)?,
            // It is in no table.
            Name::OfHttp => {}
        }
        Ok(())
    }

    fn add_grpc(&mut self, attribute: &Attribute) -> syn::Result<()> {
        let method = match &attribute.meta {
            Meta::List(_) => attribute.parse_args_with(grpc::Method::parse)?,
            _ => grpc::Method::unnamed(attribute.path().span()),
        };
        match self.grpc.replace(method) {
            None => Ok(()),
            Some(_) => Err(syn::Error::new_spanned(
                attribute,
                "a handler is of one method: write another handler for the other",
            )),
        }
    }

    fn is_handler(&self) -> bool {
        !self.patterns.is_empty() || !self.events.is_empty() || self.grpc.is_some()
    }

    fn add_patterns(&mut self, attribute: &Attribute, kind: TokenStream) -> syn::Result<()> {
        let name = written(attribute);
        let parser = |input: ParseStream<'_>| pattern::parse_all(input, &name);
        let arguments = arguments(attribute, parser, "\"math.add\"")?;
        let micro = micro(attribute.path().span());
        let option = |value: Option<TokenStream>| match value {
            Some(value) => quote!(#micro::Option::Some(#value)),
            None => quote!(#micro::Option::None),
        };
        let transport = option(arguments.transport.as_ref().map(|name| quote!(#name)));
        let extras = option(arguments.extras().map(|json| quote!(#json)));
        for pattern in &arguments.patterns {
            self.patterns.push(quote! {
                #micro::HandlerPattern {
                    kind: #kind,
                    pattern: #pattern,
                    transport: #transport,
                    extras: #extras,
                }
            });
        }
        match (arguments.max_in_flight, &self.max_in_flight) {
            (Some(again), Some(_)) => Err(syn::Error::new(
                again.span(),
                "`max_in_flight` is of the method, whatever the pattern: say it once",
            )),
            (Some(limit), None) => {
                self.max_in_flight = Some(limit);
                Ok(())
            }
            (None, _) => Ok(()),
        }
    }

    /// The patterns as code.
    pub(crate) fn patterns(&self) -> TokenStream {
        let patterns = &self.patterns;
        quote!(&[#(#patterns),*])
    }

    /// Whether its patterns, or the first of them, are those of events.
    pub(crate) fn is_event(&self) -> bool {
        let first = self.first.as_ref().and_then(Name::of);
        matches!(first, Some(Name::EventPattern))
    }

    /// Whether it says anything of how the service handles its messages.
    pub(crate) fn has_enhancers(&self) -> bool {
        self.max_in_flight.is_some() || !self.enhancers.is_empty()
    }

    /// The enhancers as code.
    pub(crate) fn enhancers(&self) -> TokenStream {
        self.enhancers
            .code(&quote!(::nestrs::__private::micro::Messages))
    }
}

#[derive(Clone, Copy)]
enum Name {
    MessagePattern,
    EventPattern,
    Enhancer(Kind),
    OnEvent,
    GrpcMethod,
    /// What stands around routes of HTTP.
    OfHttp,
}

impl Name {
    fn of(attribute: &Attribute) -> Option<Self> {
        Some(match written(attribute).as_str() {
            "message_pattern" => Self::MessagePattern,
            "event_pattern" => Self::EventPattern,
            "use_micro_guards" => Self::Enhancer(Kind::Guard),
            "use_micro_interceptors" => Self::Enhancer(Kind::Interceptor),
            "use_micro_pipes" => Self::Enhancer(Kind::Pipe),
            "use_micro_filters" => Self::Enhancer(Kind::Filter),
            "on_event" => Self::OnEvent,
            "grpc_method" => Self::GrpcMethod,
            "use_guards" | "use_interceptors" | "use_pipes" | "use_filters" => Self::OfHttp,
            _ => return None,
        })
    }

    /// Where it belongs.
    fn tables(self) -> &'static [Table] {
        match self {
            Self::OnEvent => &[Table::Listeners],
            Self::MessagePattern | Self::EventPattern => &[Table::Handlers],
            Self::Enhancer(_) | Self::GrpcMethod => &[Table::Handlers, Table::Grpc],
            Self::OfHttp => &[],
        }
    }
}

/// One of `#[on_event(…)]`.
struct Event(LitStr);

impl Parse for Event {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let event = input.parse().map_err(|error| {
            let message = "an event is a string in quotes, as \"user.created\"";
            syn::Error::new(error.span(), message)
        });
        event.map(Self)
    }
}

/// The name of an attribute, without the path before it.
pub(crate) fn written(attribute: &Attribute) -> String {
    let last = attribute.path().segments.last();
    last.map_or_else(String::new, |segment| segment.ident.to_string())
}

/// `(a, b, …)`: at least one.
pub(crate) fn list<T: Parse>(attribute: &Attribute, example: &str) -> syn::Result<Vec<T>> {
    let parser = Punctuated::<T, Token![,]>::parse_terminated;
    Ok(arguments(attribute, parser, example)?.into_iter().collect())
}

/// What stands in the attribute's parentheses.
pub(crate) fn arguments<P>(
    attribute: &Attribute,
    parser: P,
    example: &str,
) -> syn::Result<P::Output>
where
    P: Parser,
{
    match &attribute.meta {
        Meta::List(list) if !list.tokens.is_empty() => attribute.parse_args_with(parser),
        _ => {
            let name = written(attribute);
            let message = format!("`#[{name}]` of what? Write `#[{name}({example})]`");
            Err(syn::Error::new_spanned(attribute, message))
        }
    }
}

/// Two errors as one.
pub(crate) fn join(mut one: syn::Error, other: syn::Error) -> syn::Error {
    one.combine(other);
    one
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn take(mut attributes: Vec<Attribute>) -> (syn::Result<Attributes>, usize) {
        let taken = Attributes::take(&mut attributes, Table::Handlers);
        (taken, attributes.len())
    }

    #[test]
    fn attributes_repeat_and_others_stay() {
        let (taken, left) = take(vec![
            parse_quote!(#[message_pattern("a", { "b": 1 })]),
            parse_quote!(#[doc = "stays"]),
            parse_quote!(#[nestrs::event_pattern("c")]),
            parse_quote!(#[use_micro_guards(A, b::B<u8>)]),
            parse_quote!(#[use_micro_guards(C)]),
            parse_quote!(#[use_micro_pipes(P)]),
        ]);
        let taken = taken.unwrap();
        assert_eq!(left, 1);
        assert_eq!(taken.patterns.len(), 3);
        assert_eq!(taken.enhancers.guards.len(), 3);
        assert_eq!(taken.enhancers.pipes.len(), 1);
        assert!(taken.enhancers.interceptors.is_empty());
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (attributes, message) in [
            (
                vec![parse_quote!(#[message_pattern])],
                "`#[message_pattern]` of what? Write `#[message_pattern(\"math.add\")]`",
            ),
            (
                vec![parse_quote!(#[use_micro_guards()])],
                "`#[use_micro_guards]` of what? Write `#[use_micro_guards(TokenGuard)]`",
            ),
            (
                vec![parse_quote!(#[use_micro_pipes(P)])],
                "`#[use_micro_pipes]` is for handlers: add `#[message_pattern(…)]` or `#[event_pattern(…)]`",
            ),
            (
                vec![parse_quote!(#[on_event("a")])],
                "`#[on_event]` belongs in `#[event_routes] impl …`, this is `#[micro_routes]`",
            ),
            (
                vec![parse_quote!(#[use_guards(G)])],
                "`#[use_guards]` is for routes of HTTP: write `#[use_micro_guards(…)]`",
            ),
        ] {
            let (taken, left) = take(attributes);
            assert_eq!(taken.err().unwrap().to_string(), message);
            assert_eq!(left, 0);
        }
    }
}
