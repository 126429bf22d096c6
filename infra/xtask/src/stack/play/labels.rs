//! The words of the introduction: the API names things by key, and how a key is shown is the client's business.

use super::Language;

/// A key as a person reads it; a key that is not known here shows as it is.
pub(super) fn word(language: Language, key: &str) -> &str {
    match language {
        Language::English => key,
        Language::Chinese => CHINESE.iter().find(|(known, _)| *known == key).map_or(key, |(_, word)| word),
    }
}

const CHINESE: &[(&str, &str)] = &[
    ("attributes", "属性"),
    ("intelligence", "智力"),
    ("constitution", "体质"),
    ("charisma", "魅力"),
    ("willpower", "意志"),
    ("creativity", "创造"),
    ("traits", "性格"),
    ("extraversion", "外向"),
    ("optimism", "乐观"),
    ("courage", "勇气"),
    ("aptitudes", "天赋"),
    ("academic", "学业"),
    ("social", "社交"),
    ("athletic", "运动"),
    ("artistic", "艺术"),
    ("business", "经商"),
    ("father", "父亲"),
    ("mother", "母亲"),
    ("sibling", "兄弟姐妹"),
    ("grandparent", "祖辈"),
    ("relative", "亲戚"),
    ("village", "村庄"),
    ("town", "城镇"),
    ("city", "城市"),
    ("plain", "平原"),
    ("river", "河边"),
    ("coast", "海岸"),
    ("mountain", "山区"),
    ("forest", "林区"),
    ("desert", "荒漠"),
    ("polar", "极地"),
    ("island", "海岛"),
];
