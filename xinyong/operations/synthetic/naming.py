"""Names of organisations and persons that do not exist."""

from collections.abc import Sequence

import numpy as np

from xinyong.operations.synthetic import draw, places, vocabulary
from xinyong.operations.synthetic.vocabulary import INDUSTRIES

_COMPANY_WORDS = [word for one in INDUSTRIES for word in one.company]
_COMPANY_START = np.cumsum([0, *(len(one.company) for one in INDUSTRIES)])
_SHOP_WORDS = [word for one in INDUSTRIES for word in one.shop]
_SHOP_START = np.cumsum([0, *(len(one.shop) for one in INDUSTRIES)])
_SHORT = [county.short for county in places.COUNTIES]
_COUNTY = [county.name for county in places.COUNTIES]
_TOWN = [name for _, name, _ in places.TOWNS]


def persons(seed: int, salt: str, index: draw.Whole) -> draw.Texts:
    """Names of persons: a surname and one or two given characters."""
    first = draw.take(
        list(vocabulary.GIVEN_FIRST), draw.below(seed, salt + "/given", index, len(vocabulary.GIVEN_FIRST))
    )
    return draw.join(
        draw.take(list(vocabulary.SURNAMES), _square(seed, salt + "/surname", index, len(vocabulary.SURNAMES))),
        draw.choose(draw.unit(seed, salt + "/two?", index) < 0.8, first, ""),
        draw.take(list(vocabulary.GIVEN_LAST), draw.below(seed, salt + "/last", index, len(vocabulary.GIVEN_LAST))),
    )


def _square(seed: int, salt: str, index: draw.Whole, limit: int) -> draw.Whole:
    """Low places more often than high ones, as with surnames."""
    return (draw.unit(seed, salt, index) ** 2 * limit).astype(np.int64)


def trade_names(seed: int, salt: str, index: draw.Whole) -> draw.Texts:
    """Trade names (字号) of two to four characters."""
    first, second = list(vocabulary.FIRST), list(vocabulary.SECOND)
    length = draw.unit(seed, salt + "/length", index)
    two = draw.join(
        draw.take(first, draw.below(seed, salt + "/1", index, len(first))),
        draw.take(second, draw.below(seed, salt + "/2", index, len(second))),
    )
    third = draw.choose(length < 0.5, "", draw.take(first, draw.below(seed, salt + "/3", index, len(first))))
    fourth = draw.choose(length < 0.85, "", draw.take(second, draw.below(seed, salt + "/4", index, len(second))))
    return draw.join(two, third, fourth)


def organisations(
    seed: int, salt: str, index: draw.Whole, *, keys: Sequence[str], classes: draw.Whole, industries: draw.Whole,
    counties: draw.Whole, towns: draw.Whole,
) -> draw.Texts:  # fmt: skip
    """Names by class. ``classes`` are places in ``keys``; the other columns are places in their own lists."""
    masks, parts = [], []
    for number, key in enumerate(keys):
        mask = classes == number
        if mask.any():
            masks.append(mask)
            parts.append(_of_class(key, seed, salt, index[mask], industries[mask], counties[mask], towns[mask]))
    return draw.spread(masks, parts, len(index)) if parts else draw.same("", 0)


def _of_class(
    key: str, seed: int, salt: str, index: draw.Whole, industries: draw.Whole, counties: draw.Whole, towns: draw.Whole
) -> draw.Texts:
    trade = trade_names(seed, salt, index)
    county, town = draw.take(_COUNTY, counties), draw.take(_TOWN, towns)

    def one_of(pool: Sequence[str], salt_: str) -> draw.Texts:
        return draw.take(list(pool), draw.below(seed, salt + salt_, index, len(pool)))

    village = draw.join(
        town, one_of(vocabulary.VILLAGE_FIRST, "/v1"), one_of(vocabulary.VILLAGE_SECOND, "/v2"),
        one_of(vocabulary.VILLAGE_SECOND, "/v3"), one_of(vocabulary.VILLAGE_LAST, "/v4"),
    )  # fmt: skip
    match key:
        case "enterprise":
            return _company(seed, salt, index, industries, counties, trade)
        case "trader":
            return draw.join(
                county,
                _shop_name(seed, salt, index, trade),
                _word(_SHOP_WORDS, _SHOP_START, seed, salt, index, industries),
            )
        case "cooperative":
            return draw.join(county, trade, one_of(vocabulary.FARMS, "/farm"), "农民专业合作社")
        case "society":
            return draw.join(places.CITY[1], trade, one_of(vocabulary.SOCIETIES, "/society"))
        case "welfare":
            return draw.join(county, trade, one_of(vocabulary.WELFARE, "/welfare"))
        case "institution":
            return draw.join(county, trade, one_of(vocabulary.INSTITUTIONS, "/institution"))
        case "government":
            return draw.join(county, town, trade, one_of(vocabulary.OFFICES, "/office"))
        case "village":
            return draw.join(village, "村民委员会")
        case "collective":
            return draw.join(
                village, draw.choose(draw.unit(seed, salt + "/share?", index) < 0.6, "股份经济合作社", "经济合作社")
            )
        case _:
            return draw.join(places.PROVINCE[1][:2], trade, "律师事务所")


def _word(
    words: Sequence[str], start: draw.Whole, seed: int, salt: str, index: draw.Whole, industries: draw.Whole
) -> draw.Texts:
    count = start[industries + 1] - start[industries]
    return draw.take(words, start[industries] + (draw.unit(seed, salt + "/word", index) * count).astype(np.int64))


def _company(
    seed: int, salt: str, index: draw.Whole, industries: draw.Whole, counties: draw.Whole, trade: draw.Texts
) -> draw.Texts:
    place = draw.choose(draw.unit(seed, salt + "/place", index) < 0.55, places.CITY[1][:2], draw.take(_SHORT, counties))
    place = draw.choose(draw.unit(seed, salt + "/long?", index) < 0.35, places.CITY[1], place)
    word = _word(_COMPANY_WORDS, _COMPANY_START, seed, salt, index, industries)
    form = draw.take(vocabulary.COMPANY_FORMS, draw.weighted(seed, salt + "/form", index, (78, 14, 6, 2)))
    kind = draw.unit(seed, salt + "/kind", index)
    usual = draw.join(place, trade, word, form)
    bracketed = draw.join(trade, "（", place, "）", word, form)
    partnership = draw.join(place, trade, word, "合伙企业（有限合伙）")
    branch = draw.join(place, trade, word, "有限公司", draw.take(_SHORT, counties), "分公司")
    works = draw.join(place, trade, word, "厂")
    name = draw.choose(kind < 0.84, usual, bracketed)
    name = draw.choose((kind >= 0.92) & (kind < 0.945), partnership, name)
    name = draw.choose((kind >= 0.945) & (kind < 0.98), branch, name)
    return draw.choose(kind >= 0.98, works, name)


def _shop_name(seed: int, salt: str, index: draw.Whole, trade: draw.Texts) -> draw.Texts:
    """A sole trader is called by a trade name, or old so-and-so."""
    old = draw.join(
        "老", draw.take(list(vocabulary.SURNAMES), _square(seed, salt + "/old", index, len(vocabulary.SURNAMES))), "记"
    )
    return draw.choose(draw.unit(seed, salt + "/old?", index) < 0.18, draw.join(old, trade), trade)
