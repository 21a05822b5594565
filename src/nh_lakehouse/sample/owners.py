"""Owners, officers, directors and managers of the homes: one row each, with role, share and the day since when.

They persist from month to month. Each place in the list of a home changes once in some years: the share is another, a
new person comes, or the place is left empty for a time; a home that is sold has new ones throughout. A home of a chain
names the chain as the organization that controls it, and shares officers and investors with the chain's other homes.

Source: the publisher's file of October 2024 (roles, number of rows, words for missing shares).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from nh_lakehouse.sample import names
from nh_lakehouse.sample.headers_measures import OWNERSHIP
from nh_lakehouse.sample.measures import home_cells
from nh_lakehouse.sample.month import Snapshot
from nh_lakehouse.sample.places import places_of
from nh_lakehouse.sample.randomness import stepped
from nh_lakehouse.sample.traits import OWNERSHIP_TYPES
from nh_lakehouse.sample.writing import Cells, Sheet, choice, quoted, text

__all__ = ["NO_OWNER_ROLE", "owners_sheet"]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: The role of the one row of a home without known owners.
NO_OWNER_ROLE = "Ownership Data Not Available"
_ROLES = (
    "5% OR GREATER DIRECT OWNERSHIP INTEREST",
    "5% OR GREATER INDIRECT OWNERSHIP INTEREST",
    "5% OR GREATER MORTGAGE INTEREST",
    "5% OR GREATER SECURITY INTEREST",
    "DIRECTOR",
    "OFFICER",
    "OPERATIONAL/MANAGERIAL CONTROL",
    "PARTNERSHIP INTEREST",
    "W-2 MANAGING EMPLOYEE",
    NO_OWNER_ROLE,
)
_DIRECT, _CONTROL, _UNKNOWN = 0, 6, 9
#: Shares of the roles in homes for profit, and in others; how many of each role are organizations.
_PROFIT = (0.2, 0.21, 0.015, 0.012, 0.13, 0.14, 0.15, 0.013, 0.13)
_OTHERS = (0.02, 0.012, 0.004, 0.003, 0.52, 0.2, 0.11, 0.003, 0.128)
_ORGANIZATIONS = np.array([0.36, 0.38, 0.95, 0.9, 0.0, 0.0, 0.62, 0.5, 0.0, 0.0])
#: Roles that have a share of the home, and how many of them tell none.
_HAS_SHARE = np.array([True, True, True, True, False, False, False, True, False, False])
_NO_PERCENTAGE = 0.14
#: Months after which a place in the list changes, and what then happens.
_STEP = 60
_OTHER_SHARE, _NEW_PERSON, _LEFT = range(3)
_CHANGES = (0.4, 0.44, 0.16)
#: Of the people of a chain home, those who have a part in its other homes too.
_SHARED = 0.45
_CHAIN_PARTS = (
    "HOLDINGS, LLC",
    "MANAGEMENT SERVICES",
    "REALTY LP",
    "PROPCO LLC",
    "OPCO LLC",
    "VENTURES, INC.",
    "TRUST",
)
#: Organizations named after the chain, then numbers of companies.
_CHAIN_NAMES, _COMPANY_NAMES = 40, 36_000


@dataclass(frozen=True)
class _Places:
    """Places in the lists of all homes of a month, those that are empty left out."""

    home: Ints
    place: Ints
    role: Ints
    tenant: Ints
    moved: Ints
    day: NDArray[np.datetime64]


def owners_sheet(month: Snapshot) -> Sheet:
    """The file of one month, by certification number, role and name."""
    found = _places(month)
    names_of = _names(month, found)
    shares = _shares(month, found)
    known = found.role != _UNKNOWN
    organization = names_of >= names.PERSON_NAMES
    labels = _labels(month, found, names_of)
    days = np.where(known, _dates(found.day), "").tolist()
    position = np.empty(len(month.homes), dtype=np.int64)
    position[month.rows] = np.arange(len(month.rows))
    order = np.lexsort((found.place, np.array(labels, dtype=str), found.role, position[found.home]))
    at = position[found.home][order]
    places = places_of(month.homes, month.rows)
    before = [pc.take(column, at) for column in home_cells(month, places)]
    kinds = np.where(known, np.where(organization, 2, 1), 0)[order]
    cells: tuple[Cells, ...] = (
        *before,
        quoted(choice(found.role[order], _ROLES)),
        choice(kinds, ("", '"Individual"', '"Organization"')),
        quoted(text([labels[row] for row in order.tolist()])),
        choice(shares[order], ["", '"NOT APPLICABLE"', '"NO PERCENTAGE PROVIDED"', *_PERCENTAGES]),
        quoted(text([days[row] for row in order.tolist()])),
        pc.take(quoted(places.location), at),
        choice(np.zeros(len(order)), [month.processing_date]),
    )
    return Sheet(f"NH_Ownership_{month.label}.csv", tuple(f'"{header}"' for header in OWNERSHIP), cells)


_PERCENTAGES = tuple(f'"{share}%"' for share in range(1, 101))


def _places(month: Snapshot) -> _Places:
    """Who holds which place in which role since when: the state of each place after all its changes."""
    dice, homes, rows = month.dice, month.homes, month.rows
    count = homes.traits.owners[rows]
    # One place more than there were at first: somebody may join.
    size = np.maximum(count, 1) + (count > 0)
    home = np.repeat(rows, size)
    place = np.arange(len(home)) - np.repeat(np.cumsum(size) - size, size)
    new = place == homes.traits.owners[home]
    sold = np.where(homes.sold[home] > month.first, homes.sold[home], 0)
    unknown = homes.traits.owners[home] == 0
    phase = (dice.uniform("owner phase", home, place) * _STEP).astype(np.int64)
    steps = (month.month - month.first + phase) // _STEP
    tenant, moved, empty = sold * 7, np.zeros(len(home), dtype=np.int64), new & ~unknown
    since = np.where(sold > 0, sold, -1)
    for step in range(1, int(steps.max(initial=0)) + 1):
        change = stepped(dice.uniform("owner change", home, place, step), _CHANGES)
        change = np.where(place == 0, _OTHER_SHARE, change)
        here = (steps >= step) & ~unknown
        comes = here & ((change == _NEW_PERSON) | (empty & (change != _LEFT)))
        tenant = np.where(comes, tenant + step, tenant)
        since = np.where(comes, np.maximum(since, month.first + step * _STEP - phase), since)
        moved = np.where(here & (change == _OTHER_SHARE), moved + step, moved)
        empty = np.where(here, change == _LEFT, empty)
    role = np.where(unknown, _UNKNOWN, _roles(month, home, place))
    found = _Places(home, place, role, tenant, moved, _days(month, home, place, since))
    kept = ~empty
    return _Places(*(getattr(found, name)[kept] for name in ("home", "place", "role", "tenant", "moved", "day")))


def _roles(month: Snapshot, home: Ints, place: Ints) -> Ints:
    """The role of each place; it stays with the place. The first of a chain home is the chain's."""
    homes = month.homes
    for_profit = np.array([name.startswith("For profit") for name, _ in OWNERSHIP_TYPES])[homes.traits.ownership[home]]
    chance = month.dice.uniform("owner role", home, place)
    role = np.where(for_profit, stepped(chance, _PROFIT), stepped(chance, _OTHERS))
    in_chain = homes.chain[home] > 0
    role = np.where((place == 0) & in_chain, _CONTROL, role)
    return np.where((place == (in_chain * 1)) & for_profit, _DIRECT, role)


def _days(month: Snapshot, home: Ints, place: Ints, since: Ints) -> NDArray[np.datetime64]:
    """The day of the association: in the month somebody came, for the first ones long ago, often on one day."""
    dice = month.dice
    alone = dice.uniform("owner alone", home, place) < 0.45
    share = np.where(alone, dice.uniform("owner day", home, place), dice.uniform("owners day", home))
    ago = (share * share * 9_000).astype(np.int64) + 40
    first = (np.asarray(month.first) - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]")
    early = first - ago.astype("timedelta64[D]")
    # Since the first of a month: a quarter of all.
    early = np.where(share * 97 % 1 < 0.25, early.astype("datetime64[M]").astype("datetime64[D]"), early)
    came = (since - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]")
    late = came - (dice.uniform("owner came", home, place) * 25).astype("timedelta64[D]")
    return np.where(since >= 0, late, early)


def _names(month: Snapshot, found: _Places) -> Ints:
    """Numbers of names: people first, then the chain's organizations, then companies; none twice in a role."""
    dice, homes = month.dice, month.homes
    chain = homes.chain[found.home]
    chance = dice.uniform("owner kind", found.home, found.place)
    organization = chance < _ORGANIZATIONS[found.role]
    leader = found.place == 0
    individual = np.array([name.endswith("Individual") for name, _ in OWNERSHIP_TYPES])[homes.ownership[found.home]]
    organization = (organization | (leader & ((chain > 0) | ~individual))) & (found.role != _UNKNOWN)
    shared = (chain > 0) & (dice.uniform("owner shared", found.home, found.place) < _SHARED)
    group = np.where(shared, chain + 1_000_000, found.home)
    size = names.PERSON_NAMES
    person = (dice.uniform("owner person", group) * size).astype(np.int64) + found.place * 131 + found.tenant * 7_919
    of_chain = organization & (chain > 0) & (leader | shared)
    company = (dice.uniform("owner company", group) * _COMPANY_NAMES).astype(np.int64) + found.place * 97
    company = company + np.where(leader, 0, found.tenant * 6_577)
    number = np.where(organization, size + _CHAIN_NAMES + company % _COMPANY_NAMES, person % size)
    number = np.where(of_chain, size + np.where(leader, 0, 1 + found.place % (_CHAIN_NAMES - 1)), number)
    for _ in range(8):
        key = (found.home * len(_ROLES) + found.role) * (size + _CHAIN_NAMES + _COMPANY_NAMES + 8) + number
        _, first = np.unique(key, return_index=True)
        again = np.ones(len(key), dtype=bool)
        again[first] = False
        if not again.any():
            break
        number = np.where(again, number + 1, number)
    return number


def _labels(month: Snapshot, found: _Places, number: Ints) -> list[str]:
    """The names as they are written; those of homes without known owners are empty."""
    size, labels = names.PERSON_NAMES, []
    chain = month.homes.chain[found.home].tolist()
    own = (found.place == (month.homes.chain[found.home] > 0)) & (found.role == _DIRECT)
    listed = (number.tolist(), found.role.tolist(), chain, np.where(own, found.home, -1).tolist())
    for which, role, group, home in zip(*listed, strict=True):
        if role == _UNKNOWN:
            labels.append("")
        elif which < size:
            labels.append(names.person_name(which))
        elif which < size + _CHAIN_NAMES and group:
            part = which - size
            ending = "" if part == 0 else f" {_CHAIN_PARTS[part % len(_CHAIN_PARTS)]}"
            turn = part // len(_CHAIN_PARTS)
            labels.append(f"{names.chain_name(group)}{ending}" + (f" {turn + 1}" if turn else ""))
        elif home >= 0:
            labels.append(str(month.homes.company[home]))
        else:
            labels.append(names.company_name(which))
    return labels


def _shares(month: Snapshot, found: _Places) -> Ints:
    """Positions of the cells of the share: 0 empty, 1 not applicable, 2 not told, then per cent and two."""
    dice = month.dice
    has = _HAS_SHARE[found.role]
    group = np.where(has, found.home * len(_ROLES) + found.role, 0)
    _, inverse, partners = np.unique(group, return_inverse=True, return_counts=True)
    even = np.maximum(100 // partners[inverse], 5)
    uneven = np.where(partners[inverse] > 1, dice.uniform("owner uneven", found.home, found.role) - 0.5, 0.0)
    tilt = np.maximum(np.rint(uneven * even * 1.6).astype(np.int64), 0) * np.where(found.place % 2 == 0, 1, -1)
    shift = (dice.uniform("owner share", found.home, found.place, found.moved) * 9).astype(np.int64) - 4
    share = np.clip(even + tilt + np.where(found.moved > 0, shift * 3 + 1, 0), 1, 100)
    silent = dice.uniform("no percentage", found.home, found.place, found.tenant) < _NO_PERCENTAGE
    told = np.where(silent, 2, share + 2)
    return np.where(found.role == _UNKNOWN, 0, np.where(has, told, 1))


def _dates(day: NDArray[np.datetime64]) -> NDArray[np.object_]:
    """`since 01/25/2012`, from a table of the days that occur."""
    days, inverse = np.unique(day, return_inverse=True)
    written = np.array([f"since {value:%m/%d/%Y}" for value in days.astype(object).tolist()], dtype=object)
    return np.asarray(written[inverse])
