//! The arguments of an attribute: `name = value, flag`.

use proc_macro2::Ident;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{LitBool, LitStr, Token, Type, bracketed, token};

/// Walks over `name = value, …`: each name is known and comes once. `meant` are names that are none, and what to write instead.
///
/// # Errors
/// At the name that is unknown or repeated, or where `value` fails.
pub(crate) fn each(
    input: ParseStream<'_>,
    known: &[&str],
    meant: &[(&str, &str)],
    mut value: impl FnMut(&Ident, ParseStream<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    let mut seen: Vec<Ident> = Vec::new();
    while !input.is_empty() {
        let name: Ident = input.parse()?;
        if !known.contains(&name.to_string().as_str()) {
            return Err(unknown(&name, known, meant));
        }
        if seen.contains(&name) {
            return Err(syn::Error::new(
                name.span(),
                format!("`{name}` is given twice: join them into one"),
            ));
        }
        value(&name, input)?;
        seen.push(name);
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    Ok(())
}

fn unknown(name: &Ident, known: &[&str], meant: &[(&str, &str)]) -> syn::Error {
    let written = name.to_string();
    if let Some((_, instead)) = meant.iter().find(|(word, _)| *word == written) {
        return syn::Error::new(
            name.span(),
            format!("`{written}` is no argument: write `{instead}`"),
        );
    }
    let list = known
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ");
    let near = known.iter().find(|known| resembles(&written, known));
    let hint = near
        .map(|near| format!("did you mean `{near}`? "))
        .unwrap_or_default();
    syn::Error::new(
        name.span(),
        format!("unknown argument `{name}`: {hint}there are {list}"),
    )
}

/// A common beginning, or a letter too many, too few or changed.
fn resembles(written: &str, known: &str) -> bool {
    let common = written
        .bytes()
        .zip(known.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let ends = written
        .bytes()
        .rev()
        .zip(known.bytes().rev())
        .take_while(|(a, b)| a == b)
        .count();
    common >= 3 || common + ends + 1 >= known.len()
}

/// `= [a, b, …]`
pub(crate) fn list<T: Parse>(input: ParseStream<'_>) -> syn::Result<Vec<T>> {
    input.parse::<Token![=]>()?;
    if !input.peek(token::Bracket) {
        return Err(input.error("a list is expected: put it in brackets, `= [A, B]`"));
    }
    let content;
    bracketed!(content in input);
    Ok(Punctuated::<T, Token![,]>::parse_terminated(&content)?
        .into_iter()
        .collect())
}

/// `= [A, B<C>, …]`, as the argument `name`.
pub(crate) fn types(name: &Ident, input: ParseStream<'_>) -> syn::Result<Vec<Type>> {
    let is_list = input.peek2(token::Bracket);
    list(input).map_err(|error| match is_list {
        true => syn::Error::new(
            error.span(),
            format!("`{name}` lists types: `{name} = [A, B]`"),
        ),
        false => error,
    })
}

/// `flag`, `flag = true` or `flag = false`
pub(crate) fn flag(input: ParseStream<'_>) -> syn::Result<bool> {
    if !input.peek(Token![=]) {
        return Ok(true);
    }
    input.parse::<Token![=]>()?;
    let value: LitBool = input
        .parse()
        .map_err(|error| syn::Error::new(error.span(), "write `true` or `false`"))?;
    Ok(value.value)
}

/// `= "one of these"`
pub(crate) fn word(input: ParseStream<'_>, known: &[&str]) -> syn::Result<String> {
    input.parse::<Token![=]>()?;
    let list = known
        .iter()
        .map(|word| format!("{word:?}"))
        .collect::<Vec<_>>()
        .join(", ");
    let literal: LitStr = input
        .parse()
        .map_err(|error| syn::Error::new(error.span(), format!("write it in quotes: {list}")))?;
    let value = literal.value();
    if known.contains(&value.as_str()) {
        return Ok(value);
    }
    Err(syn::Error::new(
        literal.span(),
        format!("{value:?} is none of {list}"),
    ))
}
