//! Patterns, written as JSON: `"math.add"`, `{ "cmd": "sum" }`, `1`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Ident, Lit, LitInt, LitStr, Token, braced, bracketed, token};

use crate::table::micro;

/// A pattern and where it stands.
#[derive(Debug)]
pub(crate) struct Pattern {
    json: Json,
    span: Span,
}

#[derive(Debug, Clone, PartialEq)]
enum Json {
    Text(String),
    /// Anything that is written in JSON as it is: numbers, `true`, `null`.
    Word(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// The arguments of `#[message_pattern(…)]`.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) patterns: Vec<Pattern>,
    /// The only transport they are for.
    pub(crate) transport: Option<LitStr>,
    extras: Option<Json>,
    pub(crate) max_in_flight: Option<LitInt>,
}

impl Arguments {
    /// What is said to the transport, as JSON text.
    pub(crate) fn extras(&self) -> Option<String> {
        self.extras.as_ref().map(Json::to_string)
    }
}

/// One pattern or several, then what else there is to say of them. An array is
/// several patterns too, as it is in NestJS's decorators.
pub(crate) fn parse_all(input: ParseStream<'_>, attribute: &str) -> syn::Result<Arguments> {
    let start = input.span();
    let mut arguments = Arguments::default();
    while !input.is_empty() {
        if input.peek(Ident::peek_any) && input.peek2(Token![=]) {
            arguments.parse_named(input, attribute)?;
        } else {
            arguments.parse_pattern(input)?;
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    if arguments.patterns.is_empty() {
        let message = "no pattern in here: write one, as `\"math.add\"`";
        return Err(syn::Error::new(start, message));
    }
    Ok(arguments)
}

impl Arguments {
    fn parse_pattern(&mut self, input: ParseStream<'_>) -> syn::Result<()> {
        let span = input.span();
        let items = match input.parse()? {
            Json::Array(items) => items,
            one => vec![one],
        };
        if items.contains(&Json::Word("null".to_owned())) {
            let message = "`null` is no pattern, nobody can send it: write a string or an object";
            return Err(syn::Error::new(span, message));
        }
        let patterns = items.into_iter().map(|json| Pattern { json, span });
        self.patterns.extend(patterns);
        Ok(())
    }

    fn parse_named(&mut self, input: ParseStream<'_>, attribute: &str) -> syn::Result<()> {
        let name: Ident = input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        let (said_before, expected) = match name.to_string().as_str() {
            "transport" => (
                self.transport.replace(literal(input, "\"tcp\"")?).is_some(),
                None,
            ),
            "extras" => (self.extras.replace(input.parse()?).is_some(), None),
            "max_in_flight" => {
                let number: LitInt = literal(input, "100")?;
                let is_zero = number.base10_parse::<usize>()? == 0;
                let zero = is_zero.then_some("nothing would ever be handled: write 1 or more");
                (self.max_in_flight.replace(number).is_some(), zero)
            }
            _ => {
                let message = format!(
                    "unknown argument `{name}`: after its patterns, `#[{attribute}]` takes \
                     `transport = \"tcp\"`, `extras = {{ … }}` and `max_in_flight = 100`"
                );
                return Err(syn::Error::new(name.span(), message));
            }
        };
        match expected {
            Some(message) => Err(syn::Error::new(name.span(), message)),
            None if said_before => {
                let message = format!("`{name}` was said before: remove one of the two");
                Err(syn::Error::new(name.span(), message))
            }
            None => Ok(()),
        }
    }
}

/// A literal, or an error that shows one.
fn literal<T: Parse>(input: ParseStream<'_>, example: &str) -> syn::Result<T> {
    let error = |error: syn::Error| syn::Error::new(error.span(), format!("write `{example}`"));
    input.parse().map_err(error)
}

impl ToTokens for Pattern {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let (span, micro) = (self.span, micro(self.span));
        tokens.extend(match &self.json {
            Json::Text(text) => quote_spanned!(span=> #micro::PatternLiteral::Text(#text)),
            json => {
                let json = json.to_string();
                quote_spanned!(span=> #micro::PatternLiteral::Json(#json))
            }
        });
    }
}

impl Parse for Json {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(token::Brace) {
            return parse_object(input);
        }
        if input.peek(token::Bracket) {
            let content;
            bracketed!(content in input);
            let items = content.parse_terminated(Json::parse, Token![,])?;
            return Ok(Self::Array(items.into_iter().collect()));
        }
        if input.peek(Ident) {
            let word: Ident = input.parse()?;
            return match word == "null" {
                true => Ok(Self::Word("null".to_owned())),
                false => Err(syn::Error::new(word.span(), no_json())),
            };
        }
        let minus: Option<Token![-]> = input.parse()?;
        let literal: Lit = input
            .parse()
            .map_err(|error| syn::Error::new(error.span(), no_json()))?;
        let sign = if minus.is_some() { "-" } else { "" };
        match &literal {
            Lit::Str(text) if minus.is_none() => Ok(Self::Text(text.value())),
            Lit::Bool(bool) if minus.is_none() => Ok(Self::Word(bool.value.to_string())),
            Lit::Int(int) if int.suffix().is_empty() => {
                Ok(Self::Word(format!("{sign}{}", int.base10_digits())))
            }
            Lit::Float(float) if float.suffix().is_empty() => {
                // Rust lets the digits after the point go, JSON does not.
                let digits = float.base10_digits();
                let zero = if digits.ends_with('.') { "0" } else { "" };
                Ok(Self::Word(format!("{sign}{digits}{zero}")))
            }
            other => Err(syn::Error::new(other.span(), no_json())),
        }
    }
}

fn no_json() -> &'static str {
    "a pattern is written as JSON: \"math.add\", { \"cmd\": \"sum\" } or a number"
}

fn parse_object(input: ParseStream<'_>) -> syn::Result<Json> {
    let content;
    braced!(content in input);
    let mut members: Vec<(String, Json)> = Vec::new();
    while !content.is_empty() {
        let key: LitStr = content.parse().map_err(|error| {
            syn::Error::new(error.span(), "a key is a string in quotes, as \"cmd\"")
        })?;
        if members.iter().any(|(earlier, _)| *earlier == key.value()) {
            let message = format!("the key {:?} is there already", key.value());
            return Err(syn::Error::new(key.span(), message));
        }
        content.parse::<Token![:]>()?;
        members.push((key.value(), content.parse()?));
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(Json::Object(members))
}

impl std::fmt::Display for Json {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let comma = |i: usize| if i > 0 { "," } else { "" };
        match self {
            Self::Text(text) => write_quoted(f, text),
            Self::Word(word) => f.write_str(word),
            Self::Array(items) => {
                f.write_str("[")?;
                for (i, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", comma(i))?;
                }
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (i, (key, value)) in members.iter().enumerate() {
                    f.write_str(comma(i))?;
                    write_quoted(f, key)?;
                    write!(f, ":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_quoted(f: &mut std::fmt::Formatter<'_>, text: &str) -> std::fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            c if c < ' ' => write!(f, "\\u{:04x}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;
    use syn::parse::Parser;

    fn parse(tokens: TokenStream) -> Result<Vec<String>, String> {
        let parser = |input: ParseStream<'_>| parse_all(input, "message_pattern");
        let arguments = parser.parse2(tokens).map_err(|error| error.to_string())?;
        let patterns = arguments.patterns.iter();
        Ok(patterns.map(|p| p.json.to_string()).collect())
    }

    #[test]
    fn arguments_follow_the_patterns() {
        let parser = |input: ParseStream<'_>| parse_all(input, "event_pattern");
        let tokens = quote!("a", transport = "nats", extras = { "queue": "b" }, max_in_flight = 8,);
        let arguments = parser.parse2(tokens).unwrap();
        assert_eq!(arguments.patterns.len(), 1);
        assert_eq!(arguments.transport.as_ref().unwrap().value(), "nats");
        assert_eq!(arguments.extras().unwrap(), r#"{"queue":"b"}"#);
        assert_eq!(arguments.max_in_flight.unwrap().base10_digits(), "8");
    }

    #[test]
    fn patterns_are_json() {
        for (tokens, patterns) in [
            (quote!("math.add"), vec![r#""math.add""#]),
            (quote!("a", "b",), vec![r#""a""#, r#""b""#]),
            (quote!({ "cmd": "sum" }), vec![r#"{"cmd":"sum"}"#]),
            (
                quote!({ "b": [1, -2.5, 1., 1e21, null], "a": { "t": true } }),
                vec![r#"{"b":[1,-2.5,1.0,1e21,null],"a":{"t":true}}"#],
            ),
            (quote!(1_000), vec!["1000"]),
            (quote!(["a", { "b": 1 }]), vec![r#""a""#, r#"{"b":1}"#]),
            (quote!([["a", "b"]]), vec![r#"["a","b"]"#]),
            (quote!({}), vec!["{}"]),
            (quote!("é\"\\\n"), vec![r#""é\"\\\u000a""#]),
        ] {
            let shown = tokens.to_string();
            let expected: Vec<String> = patterns.into_iter().map(str::to_owned).collect();
            assert_eq!(parse(tokens), Ok(expected), "{shown}");
        }
    }

    #[test]
    fn what_is_no_json_says_what_is() {
        for (tokens, message) in [
            (quote!(ADD), no_json()),
            (quote!('a'), no_json()),
            (quote!(b"a"), no_json()),
            (quote!(1u8), no_json()),
            (quote!(-"a"), no_json()),
            (
                quote!({ cmd: "sum" }),
                "a key is a string in quotes, as \"cmd\"",
            ),
            (quote!({ "a": 1, "a": 2 }), "the key \"a\" is there already"),
            (quote!({ "a" = 1 }), "expected `:`"),
            (quote!("a" "b"), "expected `,`"),
            (
                quote!([]),
                "no pattern in here: write one, as `\"math.add\"`",
            ),
            (
                quote!(null),
                "`null` is no pattern, nobody can send it: write a string or an object",
            ),
            (
                quote!("a", retries = 3),
                "unknown argument `retries`: after its patterns, `#[message_pattern]` takes \
                 `transport = \"tcp\"`, `extras = { … }` and `max_in_flight = 100`",
            ),
            (quote!("a", transport = Tcp), "write `\"tcp\"`"),
            (quote!("a", max_in_flight = "8"), "write `100`"),
            (
                quote!("a", max_in_flight = 0),
                "nothing would ever be handled: write 1 or more",
            ),
            (
                quote!("a", extras = {}, extras = {}),
                "`extras` was said before: remove one of the two",
            ),
        ] {
            let shown = tokens.to_string();
            assert_eq!(parse(tokens), Err(message.to_owned()), "{shown}");
        }
    }
}
