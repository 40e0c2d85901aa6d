//! The filters of a stream as different readers take them: what one of them overlooks, another one undoes (ISO 32000-2 section 7.4).

use super::document::Doc;
use super::filters::Filter;
use super::predictor::{Prediction, Shape};
use super::value::{Dict, Value, first_wins, get};

/// Filters of one stream that are looked at.
const MOST: usize = 64;

/// How a reader takes what others take otherwise.
#[derive(Clone, Copy)]
struct Reading {
    /// The short keys (`F`, `DP`, `BPC`) come before the long ones.
    short: bool,
    /// A number with a fraction counts; else it is as good as missing.
    reals: bool,
    /// A number below 1 is as good as missing; else nothing is undone.
    defaults: bool,
    /// Parameters that stand beside an array of filters, and not in one, belong to the first of them.
    lone: bool,
    /// The first of an array of parameters belongs to a filter that stands alone.
    listed: bool,
    /// Predictors above 15 are those of PNG, too.
    above: bool,
}

/// The most that a reader makes of it.
const GENEROUS: Reading = Reading {
    short: false,
    reals: true,
    defaults: true,
    lone: true,
    listed: true,
    above: true,
};

/// pdf.js, Poppler and MuPDF, in this order.
const OTHERS: [Reading; 3] = [
    Reading {
        short: true,
        lone: false,
        listed: false,
        above: false,
        ..GENEROUS
    },
    Reading {
        reals: false,
        defaults: false,
        lone: false,
        ..GENEROUS
    },
    Reading {
        lone: false,
        listed: false,
        above: false,
        ..GENEROUS
    },
];

/// The filters of a stream, in order.
pub fn filters(doc: &Doc<'_>, dict: &Dict) -> Vec<Filter> {
    GENEROUS.filters(doc, dict)
}

/// The same as other readers take it, where that differs.
pub fn others(doc: &Doc<'_>, dict: &Dict) -> Vec<Vec<Filter>> {
    let mut known = vec![filters(doc, dict)];
    for reading in OTHERS {
        let other = reading.filters(doc, dict);
        if !known.contains(&other) {
            known.push(other);
        }
    }
    known.split_off(1)
}

/// The same with the first of repeated keys, where one is repeated.
pub fn of_first(doc: &Doc<'_>, dict: &Dict) -> Option<Vec<Filter>> {
    let other = first_wins(dict, &[b"F", b"Filter", b"DecodeParms", b"DP"])?;
    Some(filters(doc, &other))
}

impl Reading {
    fn filters(self, doc: &Doc<'_>, dict: &Dict) -> Vec<Filter> {
        // `F` is a file specification, too.
        let names = self.first_of(doc, dict, b"F", b"Filter", |v| matches!(v, Value::Name(_) | Value::Array(_)));
        let parms = self.first_of(doc, dict, b"DP", b"DecodeParms", |v| *v != Value::Null);
        let (names, alone): (Vec<&Value>, bool) = match names {
            Some(Value::Array(array)) => (array.iter().take(MOST).map(|v| doc.resolve(v)).collect(), false),
            Some(name @ Value::Name(_)) => (vec![name], true),
            _ => (Vec::new(), false),
        };
        let mut filters = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let Some(name) = name.name() else { continue };
            let parms = match parms {
                Some(Value::Array(array)) if !alone || self.listed => array.get(place).map(|v| doc.resolve(v)),
                Some(one) if alone || (place == 0 && self.lone) => Some(one),
                _ => None,
            };
            self.push(doc, name, parms.and_then(Value::dict), &mut filters);
        }
        filters
    }

    fn push(self, doc: &Doc<'_>, name: &[u8], parms: Option<&Dict>, filters: &mut Vec<Filter>) {
        let number = |key: &[u8]| match doc.resolve(get(parms?, key)?) {
            Value::Real(whole) => Some(*whole).filter(|_| self.reals),
            value => value.int(),
        };
        let mut filter = Filter::named(name);
        if let Filter::Lzw { early } = &mut filter {
            *early = number(b"EarlyChange") != Some(0);
        }
        let predicts = matches!(filter, Filter::Flate | Filter::Lzw { .. });
        filters.push(filter);
        let predictor = number(b"Predictor").unwrap_or(1);
        if !predicts || (predictor > 15 && !self.above) {
            return;
        }
        let positive = |n: Option<i64>, default| n.filter(|n| *n > 0 || !self.defaults).unwrap_or(default);
        let (short, long) = (number(b"BPC"), number(b"BitsPerComponent"));
        let bits = if self.short { short.or(long) } else { long.or(short) };
        let colors = positive(number(b"Colors"), 1);
        match Shape::of(predictor, colors, positive(bits, 8), positive(number(b"Columns"), 1)) {
            Prediction::None => {}
            Prediction::Rows(shape) => filters.push(Filter::Predicted(shape)),
            // Some give up the stream, some only the prediction.
            Prediction::Senseless if self.defaults => filters.push(Filter::Senseless),
            Prediction::Senseless => {}
        }
    }

    /// The value of the short or the long key, whichever this reader asks for first, if it can be one.
    fn first_of<'d>(self, doc: &'d Doc<'_>, dict: &'d Dict, short: &[u8], long: &[u8], fits: fn(&Value) -> bool) -> Option<&'d Value> {
        let value = |key| get(dict, key).map(|v| doc.resolve(v)).filter(|v| fits(v));
        if self.short {
            value(short).or_else(|| value(long))
        } else {
            value(long).or_else(|| value(short))
        }
    }
}
