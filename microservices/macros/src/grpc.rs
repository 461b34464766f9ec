//! `#[grpc_service]` and `#[grpc_method]`: which method of which service a
//! handler is.

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, LitStr, Token};

/// A service, as it is written: `math.Math`, or `"math.Math"`.
#[derive(Debug, Clone)]
pub(crate) struct Service(pub(crate) String);

/// What stands in `#[grpc_method(…)]`.
pub(crate) struct Method {
    names: Vec<LitStr>,
    span: Span,
}

impl Parse for Service {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let span = input.span();
        let wrong = |span| {
            let message = "which service of the proto file? Write its package and its name: \
                           `#[grpc_service(math.Math)]`";
            syn::Error::new(span, message)
        };
        let name = if input.peek(LitStr) {
            input.parse::<LitStr>()?.value()
        } else {
            let mut name = input
                .call(Ident::parse_any)
                .map_err(|_| wrong(span))?
                .unraw()
                .to_string();
            while input.peek(Token![.]) || input.peek(Token![::]) {
                if input.peek(Token![::]) {
                    let message = "a service is named as in its proto file, with dots: `math.Math`";
                    return Err(input.error(message));
                }
                input.parse::<Token![.]>()?;
                let part = input.call(Ident::parse_any)?.unraw();
                name = format!("{name}.{part}");
            }
            name
        };
        match is_service(&name) && input.is_empty() {
            true => Ok(Self(name)),
            false => Err(wrong(span)),
        }
    }
}

impl Method {
    pub(crate) fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let span = input.span();
        let string = |input: ParseStream<'_>| {
            input.parse::<LitStr>().map_err(|error| {
                let message = "names stand in quotes: `#[grpc_method(\"math.Math\", \"Add\")]`";
                syn::Error::new(error.span(), message)
            })
        };
        let names = input.parse_terminated(string, Token![,])?;
        if let Some(third) = names.iter().nth(2) {
            let message = "a service and a method are all there is: a handler is of one method";
            return Err(syn::Error::new(third.span(), message));
        }
        let names = names.into_iter().collect();
        Ok(Self { names, span })
    }

    /// One of nothing: the method is called as the handler is.
    pub(crate) fn unnamed(span: Span) -> Self {
        Self {
            names: Vec::new(),
            span,
        }
    }
}

/// The path that the handler `function` is called by, in a block for `service`
/// or in one that says nothing of it.
///
/// # Errors
///
/// No service is named, or something that is no name.
pub(crate) fn path(
    method: &Method,
    service: Option<&Service>,
    function: &Ident,
) -> syn::Result<String> {
    let of_function = || camel(&function.unraw().to_string());
    let (service, name) = match (&method.names[..], service) {
        ([], Some(Service(service))) => (service.clone(), of_function()),
        ([method], Some(Service(service))) => (service.clone(), named(method, false)?),
        ([service], None) => (named(service, true)?, of_function()),
        ([service, method, ..], _) => (named(service, true)?, named(method, false)?),
        ([], None) => {
            let message = "`#[grpc_method]` of what? Write `#[grpc_method(\"math.Math\", \"Add\")]`, \
                 or `#[grpc_service(math.Math)]` in the place of `#[micro_routes]`";
            return Err(syn::Error::new(method.span, message));
        }
    };
    Ok(format!("/{service}/{name}"))
}

fn named(name: &LitStr, is_of_service: bool) -> syn::Result<String> {
    let value = name.value();
    let (is_one, message) = match is_of_service {
        true => (
            is_service(&value),
            "a service is named as in its proto file: `\"math.Math\"`",
        ),
        false => (
            is_identifier(&value),
            "a method is named as in its proto file: `\"Add\"`",
        ),
    };
    match is_one {
        true => Ok(value),
        false => Err(syn::Error::new(name.span(), message)),
    }
}

fn is_service(name: &str) -> bool {
    name.split('.').all(is_identifier)
}

fn is_identifier(name: &str) -> bool {
    let mut letters = name.chars();
    letters
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// `find_one` is the handler of `FindOne`.
fn camel(function: &str) -> String {
    let words = function.split('_').filter(|word| !word.is_empty());
    words
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(letters).collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;
    use syn::parse::Parser;
    use syn::parse2;

    fn service(tokens: proc_macro2::TokenStream) -> Result<String, String> {
        let parsed = parse2::<Service>(tokens);
        parsed.map(|name| name.0).map_err(|error| error.to_string())
    }

    fn of(tokens: proc_macro2::TokenStream, service: Option<&str>) -> Result<String, String> {
        let service = service.map(|name| Service(name.to_owned()));
        let function = Ident::new("find_one", Span::call_site());
        let method = Method::parse.parse2(tokens);
        method
            .and_then(|method| path(&method, service.as_ref(), &function))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn services_are_named_with_dots() {
        assert_eq!(service(quote!(math.Math)).unwrap(), "math.Math");
        assert_eq!(
            service(quote!(shop.type.v1.Orders)).unwrap(),
            "shop.type.v1.Orders"
        );
        assert_eq!(service(quote!("math.Math")).unwrap(), "math.Math");
        assert!(
            service(quote!(math::Math))
                .unwrap_err()
                .contains("with dots")
        );
        for wrong in [
            quote!(),
            quote!(7),
            quote!("math/Math"),
            quote!("math..Math"),
            quote!(a, b),
        ] {
            assert!(
                service(wrong)
                    .unwrap_err()
                    .contains("#[grpc_service(math.Math)]")
            );
        }
    }

    #[test]
    fn a_handler_is_called_by_service_and_method() {
        for (tokens, block, path) in [
            (quote!(), Some("math.Math"), "/math.Math/FindOne"),
            (quote!("Sum"), Some("math.Math"), "/math.Math/Sum"),
            (quote!("a.B", "Sum"), Some("math.Math"), "/a.B/Sum"),
            (quote!("math.Math"), None, "/math.Math/FindOne"),
            (quote!("math.Math", "Sum"), None, "/math.Math/Sum"),
        ] {
            assert_eq!(of(tokens, block).unwrap(), path);
        }
    }

    #[test]
    fn mistakes_say_what_to_write() {
        for (tokens, block, message) in [
            (quote!(), None, "`#[grpc_method]` of what?"),
            (quote!(Sum), None, "names stand in quotes"),
            (
                quote!("math.Math/Sum"),
                None,
                "a service is named as in its proto file",
            ),
            (
                quote!("math.Math", "sum()"),
                None,
                "a method is named as in its proto file",
            ),
            (
                quote!("math.Sum"),
                Some("math.Math"),
                "a method is named as in its proto file",
            ),
            (
                quote!("a", "b", "c"),
                None,
                "a service and a method are all there is",
            ),
        ] {
            let error = of(tokens, block).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }
}
