"""Made-up names of homes, companies, chains, towns, counties and streets. None is taken from a real list or person.

Every name is one of a fixed number of combinations, picked by a number: two numbers below the count of combinations
never give the same name.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "HOME_NAMES",
    "PERSON_NAMES",
    "chain_name",
    "company_name",
    "county_name",
    "home_name",
    "person_name",
    "street_address",
    "town_name",
]

_FIRST = """
AMBER ASHEN ASPEN AUTUMN BAYBERRY BEECHNUT BIRCHWOOD BLUE BRIAR BROOKSIDE CEDAR CHESTNUT CLOVER COPPER CORAL COTTON
CRANBERRY CRYSTAL CYPRESS DOGWOOD EASTERN ELDER EMERALD EVERGREEN FERN FIELDSTONE FOXGLOVE GARDEN GOLDEN GRANITE
HARBOR HARVEST HAWTHORN HAZEL HERON HICKORY HIGHLAND HOLLY HONEY INDIGO IVY JASMINE JUNIPER LAKESIDE LANTERN LARK
LAUREL LILAC LINDEN LOTUS MAGNOLIA MAPLE MARIGOLD MEADOW MIDLAND MISTY MORNING MULBERRY NORTHERN OAK OLIVE ORCHARD
OSPREY PEARL PEBBLE PILGRIM'S PINE PLEASANT POPLAR PRAIRIE QUAIL QUIET REDWOOD RIVER ROSEMARY SAGE SANDY SHEPHERD'S
SILVER SOUTHERN SPRING STARLIGHT STONE SUMMER SUNNY SWAN SYCAMORE TIMBER TULIP VINEYARD WALNUT WESTERN WHITE WILD
WILLOW WINTER WOODLAND YARROW
""".split()
_SECOND = """
ACRES BAY BEND BLUFF BRIDGE BROOK CANYON COMMONS COVE CREEK CREST CROSSING DALE FALLS FARM FIELDS FOREST GATE GLEN
GREEN GROVE HARBOR HAVEN HEIGHTS HILLS HOLLOW LAKE LANDING LANE MEADOWS MILL PARK POINT POND PRESERVE RIDGE SHORES
SPRINGS SQUARE TERRACE TRAIL VALLEY VIEW VISTA WOODS
""".split()
_KINDS = (
    "CARE CENTER",
    "NURSING AND REHABILITATION CENTER",
    "HEALTH & REHABILITATION CENTER",
    "HEALTHCARE CENTER",
    "NURSING HOME",
    "NURSING HOME, INC.",
    "REHAB & NURSING CTR",
    "POST ACUTE",
    "MANOR",
    "SKILLED NURSING FACILITY",
    "LIVING CENTER",
    "HEALTH CARE",
    "NURSING & REHAB",
    "TRANSITIONAL CARE",
    "VILLAGE",
    "CARE COMMUNITY, LLC",
    "RETIREMENT COMMUNITY",
    "CONVALESCENT HOME",
)
_ENDINGS = "TON VILLE FIELD FORD BURG PORT WOOD DALE HAVEN MONT RIDGE STEAD LAND BROOK WICK BOROUGH CREST VIEW".split()
_ENDINGS += [" SPRINGS", " CITY", " FALLS", " JUNCTION", " HEIGHTS", " GROVE"]
_COUNTY_ENDINGS = ["", *"mont shire dale worth ford land lake brook ridge stead view".split()]
_STREETS = ("STREET", "AVENUE", "ROAD", "DRIVE", "LANE", "BOULEVARD", "HIGHWAY", "WAY")
_COMPANIES = (" LLC", " INC", ", INC.", ", LLC", " OPERATING LLC", " HOLDINGS LP", " OPCO, LLC", "")
_CHAINS = (
    "HEALTHCARE",
    "HEALTH GROUP",
    "SENIOR LIVING",
    "CARE PARTNERS",
    "MANAGEMENT",
    "HEALTH SERVICES, LLC",
    "GROUP",
    "",
)
_LAST_ENDINGS = ("", "ER", "MAN", "SON", "WELL", "LEY", "BY", "FORD")
_GIVEN = """
ADA ALBERT ALICE ANDREW ANITA BARBARA BENJAMIN CARLA CARLOS CAROL CLARA DANIEL DAVID DEBRA DIANE EDWARD ELLEN EMMA ERIC
ESTHER FRANK GEORGE GLORIA GRACE HAROLD HELEN HENRY IRENE ISAAC JACOB JAMES JANET JOAN JOHN JOSE JUDITH JULIA KAREN
KEVIN LAURA LEO LINDA LOUIS LUCY MARIA MARK MARTHA MICHAEL NANCY NORA OSCAR PAUL PETER RACHEL ROBERT RUTH SAMUEL SARAH
STEVEN SUSAN THERESA THOMAS VICTOR VIRGINIA WALTER WILLIAM
""".split()
_PLAIN_FIRST = [word for word in _FIRST if "'" not in word]

#: How many different names of homes there are.
HOME_NAMES = len(_FIRST) * len(_SECOND) * len(_KINDS)

#: How many different names of people there are.
PERSON_NAMES = len(_PLAIN_FIRST) * len(_LAST_ENDINGS) * len(_GIVEN)


def _shuffled(number: int, size: int) -> int:
    """A fixed permutation of 0 .. size - 1 that puts neighbours far apart (the factor is a prime above any size)."""
    return (number * 1_000_003 + 7_919) % size


def home_name(number: int) -> str:
    """`MAPLE GROVE CARE CENTER`."""
    kind, place = divmod(_shuffled(number % HOME_NAMES, HOME_NAMES), len(_FIRST) * len(_SECOND))
    first, second = divmod(place, len(_SECOND))
    return f"{_FIRST[first]} {_SECOND[second]} {_KINDS[kind]}"


def company_name(number: int) -> str:
    """`STONE BRIDGE OPERATING LLC`: the legal name of a home's owner."""
    ending, place = divmod(_shuffled(number, len(_COMPANIES) * len(_FIRST) * len(_SECOND)), len(_FIRST) * len(_SECOND))
    first, second = divmod(place, len(_SECOND))
    return f"{_SECOND[second]} {_FIRST[first]} {ending + 1}{_COMPANIES[ending]}"


def chain_name(chain: int) -> str:
    """`SILVER CREST HEALTHCARE`: the name of an affiliated entity, different for every number below 700."""
    first, second = divmod(_shuffled(chain, len(_FIRST) * len(_SECOND)), len(_SECOND))
    return f"{_FIRST[first]} {_SECOND[second]} {_CHAINS[chain % len(_CHAINS)]}".rstrip()


def person_name(number: int) -> str:
    """`MAPLEMAN, LINDA`: different for every number below `PERSON_NAMES`."""
    rest, given = divmod(_shuffled(number, PERSON_NAMES), len(_GIVEN))
    first, ending = divmod(rest, len(_LAST_ENDINGS))
    return f"{_PLAIN_FIRST[first]}{_LAST_ENDINGS[ending]}, {_GIVEN[given]}"


def town_name(state: int, town: int) -> str:
    """`WALNUTFIELD`: different for every town of a state up to 2,304."""
    first, ending = divmod(_shuffled(state * 389 + town, len(_PLAIN_FIRST) * len(_ENDINGS)), len(_ENDINGS))
    return _PLAIN_FIRST[first] + _ENDINGS[ending]


def county_name(state: int, county: int) -> str:
    """`Juniper`: a county in mixed case, different for every county of a state up to 95."""
    size = len(_PLAIN_FIRST) * len(_COUNTY_ENDINGS)
    first, ending = divmod(_shuffled(state * 97 + county, size), len(_COUNTY_ENDINGS))
    return _PLAIN_FIRST[first].capitalize() + _COUNTY_ENDINGS[ending]


def street_address(numbers: Iterable[int]) -> list[str]:
    """`1204 CEDAR STREET` for each number."""
    addresses = []
    for number in numbers:
        rest, kind = divmod(number, len(_STREETS))
        house, street = divmod(rest, len(_PLAIN_FIRST))
        addresses.append(f"{house % 9_900 + 100} {_PLAIN_FIRST[street]} {_STREETS[kind]}")
    return addresses
