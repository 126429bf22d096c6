//! Expressions, parsed into typed trees. A comparison of a number with a word, an unknown name or a slot the
//! event does not have is a finding; what parses cannot fail when a life asks it.

use super::field::{person_field, player_field};
use super::ids::{Ids, Kind};
use super::lexer::{Lexeme, Token, split};
use super::reader::Node;
use super::report::Rule;
use super::source::At;
use crate::model::{CompareOp, Cond, EventIx, News, Num, RelationSet, Settlement, SlotIx, Stage, Terrain, Trade, Who};

/// What names mean where an expression stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope<'a> {
    pub(super) ids: &'a Ids<'a>,
    /// The event's slots, in order.
    pub(super) slots: &'a [String],
    /// Whether bare person fields mean the person under consideration.
    pub(super) about_person: bool,
}

impl<'a> Scope<'a> {
    pub(super) fn person(self) -> Self {
        Self { about_person: true, ..self }
    }

    /// Reads a condition; mistakes are reported at the node.
    pub(super) fn cond(self, node: Node<'_>) -> Option<Cond> {
        self.parse(node, |parser| {
            let value = parser.disjunction()?;
            parser.cond_of(value)
        })
    }

    /// Reads a number; mistakes are reported at the node.
    pub(super) fn num(self, node: Node<'_>) -> Option<Num> {
        self.parse(node, |parser| {
            let value = parser.sum()?;
            parser.num_of(value)
        })
    }

    /// Reads a condition as the list of what must hold together, each with the author's words.
    pub(super) fn conjuncts(self, node: Node<'_>) -> Option<Vec<(Cond, String)>> {
        self.parse(node, |parser| {
            let mut parts = Vec::new();
            loop {
                let start = parser.peek().start;
                let value = parser.negation()?;
                let cond = parser.cond_of(value)?;
                parts.push((cond, parser.text[start..parser.last_end()].to_owned()));
                if !parser.accept(Token::Name("and")) {
                    break;
                }
            }
            if parser.peek().token == Token::Name("or") {
                let whole = self.cond(node).ok_or_else(String::new)?;
                parser.position = parser.lexemes.len() - 1;
                return Ok(vec![(whole, parser.text.to_owned())]);
            }
            Ok(parts)
        })
    }

    fn parse<T>(self, node: Node<'_>, read: impl FnOnce(&mut Parser<'_>) -> Result<T, String>) -> Option<T> {
        let text = node.string()?;
        let parsed = split(text).and_then(|lexemes| {
            let mut parser = Parser { scope: self, at: node.at(), text, lexemes, position: 0 };
            let value = read(&mut parser)?;
            parser.expect(Token::End, "the end of the expression").map(|()| value)
        });
        match parsed {
            Ok(value) => Some(value),
            Err(message) => {
                if !message.is_empty() {
                    node.report(Rule::Expression, format!("{message} in '{text}'"));
                }
                None
            }
        }
    }
}

/// A parsed value whose type is not yet asked for.
pub(super) enum Value {
    Num(Num),
    Cond(Cond),
    /// Something compared with a word.
    Word(Subject),
    /// `event("x")`: a condition, or the start of `.years_ago`.
    Event(EventIx),
}

/// What a word may be compared with.
#[derive(Clone, Copy)]
pub(super) enum Subject {
    Stage,
    Settlement,
    Terrain,
}

struct Parser<'e> {
    scope: Scope<'e>,
    at: At<'e>,
    text: &'e str,
    lexemes: Vec<Lexeme<'e>>,
    position: usize,
}

impl<'e> Parser<'e> {
    fn peek(&self) -> &Lexeme<'e> {
        &self.lexemes[self.position]
    }

    fn next(&mut self) -> Token<'e> {
        let token = self.peek().token;
        if token != Token::End {
            self.position += 1;
        }
        token
    }

    fn last_end(&self) -> usize {
        self.lexemes[self.position.saturating_sub(1)].end
    }

    fn accept(&mut self, token: Token<'_>) -> bool {
        let found = self.peek().token == token;
        self.position += usize::from(found && token != Token::End);
        found
    }

    fn expect(&mut self, token: Token<'_>, what: &str) -> Result<(), String> {
        if self.accept(token) { Ok(()) } else { Err(format!("expected {what}")) }
    }

    fn disjunction(&mut self) -> Result<Value, String> {
        let mut left = self.conjunction()?;
        while self.accept(Token::Name("or")) {
            let right = self.conjunction()?;
            left = Value::Cond(Cond::Or(Box::new(self.cond_of(left)?), Box::new(self.cond_of(right)?)));
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Value, String> {
        let mut left = self.negation()?;
        while self.accept(Token::Name("and")) {
            let right = self.negation()?;
            left = Value::Cond(Cond::And(Box::new(self.cond_of(left)?), Box::new(self.cond_of(right)?)));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Value, String> {
        if self.accept(Token::Name("not")) {
            let value = self.negation()?;
            return Ok(Value::Cond(Cond::Not(Box::new(self.cond_of(value)?))));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Value, String> {
        let left = self.sum()?;
        let Token::Compare(op) = self.peek().token else { return Ok(left) };
        self.position += 1;
        if let Value::Word(subject) = left {
            return self.word_comparison(subject, op).map(Value::Cond);
        }
        let left = self.num_of(left)?;
        let right = self.sum()?;
        Ok(Value::Cond(Cond::Compare(left, op, self.num_of(right)?)))
    }

    fn word_comparison(&mut self, subject: Subject, op: CompareOp) -> Result<Cond, String> {
        let word = self.string("a word in quotes")?;
        let (cond, what) = match subject {
            Subject::Stage => (Stage::from_word(word).map(Cond::Stage), "a stage"),
            Subject::Settlement => (Settlement::from_word(word).map(Cond::Settlement), "a settlement"),
            Subject::Terrain => (Terrain::from_word(word).map(Cond::Terrain), "a terrain"),
        };
        let cond = cond.ok_or_else(|| format!("\"{word}\" is not {what}"))?;
        match op {
            CompareOp::Eq => Ok(cond),
            CompareOp::Ne => Ok(Cond::Not(Box::new(cond))),
            _ => Err("words can only be compared with == and !=".to_owned()),
        }
    }

    fn sum(&mut self) -> Result<Value, String> {
        let mut left = self.product()?;
        loop {
            let add = match self.peek().token {
                Token::Symbol('+') => true,
                Token::Symbol('-') => false,
                _ => return Ok(left),
            };
            self.position += 1;
            let right = self.product()?;
            let (a, b) = (Box::new(self.num_of(left)?), Box::new(self.num_of(right)?));
            left = Value::Num(if add { Num::Add(a, b) } else { Num::Sub(a, b) });
        }
    }

    fn product(&mut self) -> Result<Value, String> {
        let mut left = self.atom()?;
        while self.accept(Token::Symbol('*')) {
            let right = self.atom()?;
            left = Value::Num(Num::Mul(Box::new(self.num_of(left)?), Box::new(self.num_of(right)?)));
        }
        Ok(left)
    }

    fn atom(&mut self) -> Result<Value, String> {
        match self.next() {
            Token::Int(number) => Ok(Value::Num(Num::Const(number))),
            Token::Symbol('-') => match self.next() {
                Token::Int(number) => Ok(Value::Num(Num::Const(-number))),
                _ => Err("expected a number after `-`".to_owned()),
            },
            Token::Symbol('(') => {
                let value = self.disjunction()?;
                self.expect(Token::Symbol(')'), "`)`")?;
                Ok(value)
            }
            Token::Name("true") => Ok(Value::Cond(Cond::Const(true))),
            Token::Name("false") => Ok(Value::Cond(Cond::Const(false))),
            Token::Name(name) if self.accept(Token::Symbol('(')) => self.call(name),
            Token::Name(name) => self.path(name),
            Token::Text(text) => Err(format!("\"{text}\" stands alone")),
            Token::Compare(op) => Err(format!("`{}` has nothing on its left", op.as_str())),
            Token::Symbol(symbol) => Err(format!("`{symbol}` is out of place")),
            Token::End => Err("something is missing".to_owned()),
        }
    }

    fn string(&mut self, what: &str) -> Result<&'e str, String> {
        match self.next() {
            Token::Text(text) => Ok(text),
            _ => Err(format!("expected {what}")),
        }
    }

    /// `name(` has been read.
    fn call(&mut self, name: &str) -> Result<Value, String> {
        let value = match name {
            "event" => Value::Event(self.id(|ids, id, at| ids.event(id, at))?),
            "effect" => Value::Cond(Cond::Lasting(self.reference(Kind::Lasting)?)),
            "flag" => Value::Cond(Cond::Flag(self.reference(Kind::Flag)?)),
            "shock" => Value::Cond(Cond::Shock(self.reference(Kind::Shock)?)),
            "tech" => Value::Cond(Cond::Tech(self.reference(Kind::Technology)?)),
            "condition" => Value::Cond(Cond::Condition(self.reference(Kind::Illness)?)),
            "in_region" => Value::Cond(Cond::InRegion(self.references(Kind::Region)?)),
            "news" => {
                let word = self.string("a piece of news in quotes")?;
                let news = News::from_word(word).ok_or_else(|| format!("\"{word}\" is no news the year brings"))?;
                Value::Cond(Cond::News(news))
            }
            "job" => Value::Cond(Cond::Job(self.references(Kind::Occupation)?)),
            "trade" => {
                let word = self.string("a trade in quotes")?;
                Value::Cond(Cond::Trade(Trade::from_word(word).ok_or_else(|| format!("\"{word}\" is not a trade"))?))
            }
            "born_in" => Value::Cond(Cond::BornIn(self.references(Kind::Region)?)),
            "in_country" => Value::Cond(Cond::InCountry(self.references(Kind::Country)?)),
            "has" => Value::Cond(Cond::Any(self.relations()?, Box::new(Cond::Const(true)))),
            "count" => Value::Num(Num::Count(self.relations()?)),
            "met" => Value::Num(Num::Met(self.relations()?)),
            "any" | "all" => {
                let relations = self.relations()?;
                self.expect(Token::Symbol(','), "`,`")?;
                let outer = self.scope;
                self.scope = outer.person();
                let value = self.disjunction()?;
                let inner = Box::new(self.cond_of(value)?);
                self.scope = outer;
                Value::Cond(if name == "any" { Cond::Any(relations, inner) } else { Cond::All(relations, inner) })
            }
            _ => return Err(format!("there is no function `{name}`")),
        };
        self.expect(Token::Symbol(')'), "`)`")?;
        match value {
            Value::Event(event) if self.accept(Token::Symbol('.')) => {
                self.expect(Token::Name("years_ago"), "`years_ago`")?;
                Ok(Value::Num(Num::YearsAgo(event)))
            }
            other => Ok(other),
        }
    }

    /// An id; one that does not exist has been reported, so the message is empty.
    fn id<T>(&mut self, resolve: impl FnOnce(&Ids<'e>, &str, At<'e>) -> Option<T>) -> Result<T, String> {
        let id = self.string("an id in quotes")?;
        resolve(self.scope.ids, id, self.at).ok_or_else(String::new)
    }

    fn reference(&mut self, kind: Kind) -> Result<String, String> {
        self.id(|ids, id, at| ids.resolve(kind, id, at))
    }

    fn references(&mut self, kind: Kind) -> Result<Vec<String>, String> {
        let mut ids = vec![self.reference(kind)?];
        while self.accept(Token::Symbol(',')) {
            ids.push(self.reference(kind)?);
        }
        Ok(ids)
    }

    fn relations(&mut self) -> Result<RelationSet, String> {
        let word = self.string("a relation in quotes")?;
        RelationSet::from_word(word).ok_or_else(|| format!("\"{word}\" is not a relation"))
    }

    /// A name, dotted or not: a field of the person under consideration, of a slot, or of the player.
    fn path(&mut self, first: &'e str) -> Result<Value, String> {
        let mut path = vec![first];
        while self.accept(Token::Symbol('.')) {
            match self.next() {
                Token::Name(name) => path.push(name),
                _ => return Err(format!("expected a name after `{}.`", path.join("."))),
            }
        }
        if self.scope.about_person
            && let Some(value) = person_field(Who::This, &path)
        {
            return Ok(value);
        }
        if let Some(slot) = (0..).map(SlotIx).zip(self.scope.slots).find_map(|(ix, slot)| (slot == first).then_some(ix))
        {
            let field = person_field(Who::Slot(slot), &path[1..]);
            return field.ok_or_else(|| format!("a person has no `{}`", path[1..].join(".")));
        }
        player_field(&path).ok_or_else(|| format!("there is no `{}`", path.join(".")))
    }

    fn cond_of(&self, value: Value) -> Result<Cond, String> {
        match value {
            Value::Cond(cond) => Ok(cond),
            Value::Event(event) => Ok(Cond::Happened(event)),
            Value::Num(_) => Err("a number stands where a condition is needed".to_owned()),
            Value::Word(_) => Err("a word stands where a condition is needed; compare it with ==".to_owned()),
        }
    }

    fn num_of(&self, value: Value) -> Result<Num, String> {
        match value {
            Value::Num(num) => Ok(num),
            _ => Err("a condition stands where a number is needed".to_owned()),
        }
    }
}
