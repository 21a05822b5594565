"""The homes of the sample and what becomes of them from month to month.

Every home ever seen has a number, which is its row in every array. A later month is made from the one before it: of
100 homes about five change name, beds, owner or chain, a few close, a few open, and now and then one comes back.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nh_lakehouse.sample import names
from nh_lakehouse.sample.randomness import Dice, ranked, stepped
from nh_lakehouse.sample.states import STATES, homes_per_state
from nh_lakehouse.sample.traits import OWNERSHIP_TYPES, TOO_NEW, Traits, traits_of

__all__ = ["Homes", "first_homes", "next_homes", "published"]

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: Chain numbers lie between 1 and 699; 600 of them are in use in a full-size sample.
_CHAIN_NUMBERS, _CHAINS = 699, 600
_HOMES_PER_CHAIN = 16
_IN_CHAIN = 0.669
#: Weight of the k-th largest chain: 1 / (k + 7), so that the largest of 600 holds 2.8 % of the homes (277 of 9,908).
_CHAIN_OFFSET = 7
#: Shares of homes that change something in a month.
_RENAMED, _RESIZED, _SOLD, _REBRANDED = 0.012, 0.015, 0.011, 0.012
_CLOSED, _OPENED = 0.0012, 0.0009
#: At least so many homes close and open in a month, and one comes back.
_FEWEST = 2
#: Homes close only in states with this many, so that the rest of the state is still there to tell a closure by.
_ENOUGH_IN_STATE = 12
#: Nor do homes close with more fines than this: one home may hold a hundred, and the fines of a sample shall grow.
_FEW_FINES = 3
#: Opening date of the homes that were there when the programme began.
_FIRST_APPROVAL = np.datetime64("1967-01-01")


@dataclass(frozen=True)
class Homes:
    """Attributes of all homes ever seen, in one month; `month` is that month, `chain` 0 means independent.

    `latitude` is in 1/10,000 and `longitude` in 1/1,000 degrees; `opened`, `sold` are months (`sold` long ago where the
    home kept its owner).
    """

    month: int
    traits: Traits
    alive: Flags
    state: Ints
    town: Ints
    ccn: NDArray[Any]
    name: NDArray[Any]
    company: NDArray[Any]
    address: NDArray[Any]
    approved: NDArray[np.datetime64]
    latitude: Ints
    longitude: Ints
    beds: Ints
    ownership: Ints
    chain: Ints
    chains: Ints
    opened: Ints
    sold: Ints

    def __len__(self) -> int:
        return len(self.state)


def first_homes(dice: Dice, count: int, month: int) -> Homes:
    """The homes of the first month, shared out to all 53 states and territories."""
    state = np.repeat(np.arange(len(STATES)), homes_per_state(count))
    chains = _chain_axis(dice, max(8, min(_CHAINS, count // _HOMES_PER_CHAIN)))
    seen = np.zeros(len(STATES), dtype=np.int64)
    return _opened(dice, _Arrivals(np.arange(count), state, seen, first=True), chains, month)


def next_homes(dice: Dice, homes: Homes) -> Homes:
    """The homes one month later."""
    changed = _changed(dice, replace(homes, month=homes.month + 1))
    gone = _closing(dice, changed)
    back = _returning(dice, changed)
    newcomers = _newcomers(dice, changed)
    kept = replace(changed, alive=(changed.alive & ~gone) | back)
    joined = {
        field.name: np.concatenate([getattr(kept, field.name), getattr(newcomers, field.name)])
        for field in fields(Homes)
        if field.name not in ("month", "traits", "chains")
    }
    return Homes(month=kept.month, traits=kept.traits.joined(newcomers.traits), chains=kept.chains, **joined)


def published(homes: Homes) -> Ints:
    """Numbers of the homes that are open this month, in order of their certification numbers."""
    numbers = np.flatnonzero(homes.alive)
    return numbers[np.argsort(homes.ccn[numbers], kind="stable")]


@dataclass(frozen=True)
class _Arrivals:
    """Homes that open: their numbers and states, how many each state had before, whether they are the first."""

    numbers: Ints
    state: Ints
    seen: Ints
    first: bool


def _opened(dice: Dice, arrivals: _Arrivals, chains: Ints, month: int) -> Homes:
    """The attributes of homes that open, or that are there in the first month."""
    numbers, state, first = arrivals.numbers, arrivals.state, arrivals.first
    traits = traits_of(dice, numbers, state, even=first)
    if not first:
        traits = replace(traits, standing=np.full(len(numbers), TOO_NEW), rsrr=np.zeros(len(numbers)))
    place = _place_in_state(state, arrivals.seen)
    towns = np.maximum(1, np.array([item.homes for item in STATES]) // 3)
    town = (dice.uniform("town", numbers) * np.minimum(towns, 380)[state]).astype(np.int64)
    latitude, longitude = _coordinates(dice, numbers, state, town)
    age = (dice.uniform("opened", numbers) * 12).astype(np.int64)
    opened = month - np.where(traits.standing == TOO_NEW, age if first else 0, 10_000)
    return Homes(
        month=month,
        traits=traits,
        alive=np.ones(len(numbers), dtype=bool),
        state=state,
        town=town,
        ccn=_certification_numbers(dice, numbers, state, place, first),
        name=_names(dice, numbers),
        company=np.array([names.company_name(number) for number in numbers.tolist()], dtype=object),
        address=np.array(names.street_address(_address_numbers(dice, numbers)), dtype=object),
        approved=_approval(dice, numbers, opened, month),
        latitude=latitude,
        longitude=longitude,
        beds=traits.beds,
        ownership=traits.ownership,
        chain=_chains(dice, numbers, state, chains, "chain"),
        chains=chains,
        opened=opened,
        sold=np.where(dice.uniform("sold", numbers) < 0.0262, month - age, month - 10_000),
    )


def _place_in_state(state: Ints, seen: Ints) -> Ints:
    """Running number of each home within its state (homes of a state stand together or come one by one)."""
    place = np.empty(len(state), dtype=np.int64)
    counts = seen.copy()
    for index, code in enumerate(state.tolist()):
        place[index] = counts[code]
        counts[code] += 1
    return place


def _certification_numbers(dice: Dice, numbers: Ints, state: Ints, place: Ints, first: bool) -> NDArray[Any]:
    """`015009`: state and a number between 5000 and 6499; homes for Medicaid alone have a letter, as in `04E090`."""
    medicaid_only = (ranked(dice.uniform("letter", numbers)) if first else dice.uniform("letter", numbers)) < 0.024
    found = []
    for code, rank, lettered in zip(state.tolist(), place.tolist(), medicaid_only.tolist(), strict=True):
        prefixes = STATES[code].ccn
        turn, rest = divmod(rank, 1_490)
        if lettered and rank < 850:
            found.append(f"{prefixes[0]}{'AE'[code % 2]}{rank + 90:03d}")
        else:
            found.append(f"{prefixes[turn]}{5_009 + rest}")
    return np.array(found, dtype=object)


def _names(dice: Dice, numbers: Ints) -> NDArray[Any]:
    """Names of homes; 4 of 100 share theirs with another home."""
    borrowed = dice.uniform("same name", numbers) < 0.02
    source = (dice.uniform("namesake", numbers) * np.maximum(numbers, 1)).astype(np.int64)
    return np.array([names.home_name(number) for number in np.where(borrowed, source, numbers).tolist()], dtype=object)


def _address_numbers(dice: Dice, numbers: Ints) -> list[int]:
    return [int(number) for number in dice.uniform("address", numbers) * 7_000_000]


def _approval(dice: Dice, numbers: Ints, opened: Ints, month: int) -> NDArray[np.datetime64]:
    """Day of the first approval: for most between 1967 and ten years ago, for new homes in the month they opened."""
    share = dice.uniform("approved", numbers)
    years = (month // 12 - 10 - 1967) * 365
    long_ago = _FIRST_APPROVAL + (np.maximum(share - 0.033, 0) * years).astype("timedelta64[D]")
    lately = (opened - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]") - np.timedelta64(20, "D")
    return np.where(opened > month - 1_000, lately, long_ago)


def _coordinates(dice: Dice, numbers: Ints, state: Ints, town: Ints) -> tuple[Ints, Ints]:
    """Latitude in 1/10,000 and longitude in 1/1,000 degrees: the state's centre, a town around it, a home in it."""
    centre_lat = np.array([item.lat for item in STATES])[state]
    centre_lon = np.array([item.lon for item in STATES])[state]
    spread = np.where(np.array([item.homes for item in STATES])[state] < 50, 0.15, 1.1)
    lat = (
        centre_lat + dice.normal("town latitude", state, town) * spread * 0.6 + dice.normal("latitude", numbers) * 0.03
    )
    lon = centre_lon + dice.normal("town longitude", state, town) * spread + dice.normal("longitude", numbers) * 0.03
    return np.rint(lat * 10_000).astype(np.int64), np.rint(lon * 1_000).astype(np.int64)


def _chain_axis(dice: Dice, count: int) -> Ints:
    """Chain numbers laid out along the map, each as often as its weight, so that neighbours share chains."""
    numbers = np.argsort(dice.uniform("chain number", np.arange(_CHAIN_NUMBERS)), kind="stable")[:count] + 1
    length = 200_000 // (_CHAIN_OFFSET + 1)
    widths = [length * (_CHAIN_OFFSET + 1) // (rank + _CHAIN_OFFSET + 1) // 25 for rank in range(count)]
    order = np.argsort(dice.uniform("chain place", numbers), kind="stable")
    return np.repeat(numbers[order], np.array(widths)[order])


def _chains(dice: Dice, numbers: Ints, state: Ints, axis: Ints, what: str) -> Ints:
    """The chain of each home: one of those around its state on the map, or none."""
    homes = np.array([item.homes for item in STATES])
    begin = np.cumsum(homes) - homes
    place = begin[state] + dice.uniform(f"{what} place", numbers) * homes[state]
    wide = dice.normal(f"{what} distance", numbers) * 0.02
    share = place / homes.sum() + wide
    share = share - np.floor(share)
    return np.where(dice.uniform(what, numbers) < _IN_CHAIN, axis[(share * len(axis)).astype(np.int64)], 0)


def _changed(dice: Dice, homes: Homes) -> Homes:
    """Names, beds, owners and chains that change this month."""
    numbers, month = np.arange(len(homes)), homes.month
    shares = (_RENAMED, _RESIZED, _SOLD, _REBRANDED)
    change = stepped(ranked(dice.uniform("change", numbers, month)), (*shares, 1 - sum(shares)))
    renamed, resized, sold, rebranded = (change == kind for kind in range(4))
    name = homes.name.copy()
    for number in np.flatnonzero(renamed).tolist():
        name[number] = names.home_name(number + 24_000 + month % 24 * 2_000)
    added = np.rint(dice.normal("beds added", numbers, month) * 9).astype(np.int64)
    owner = stepped(dice.uniform("new owner", numbers, month), [share for _, share in OWNERSHIP_TYPES])
    other = (homes.ownership + 1) % len(OWNERSHIP_TYPES)
    owner = np.where(owner == homes.ownership, other, owner)
    company = homes.company.copy()
    for number in np.flatnonzero(sold).tolist():
        company[number] = names.company_name(number + month * 37)
    moved = _chains(dice, numbers + month * 100_003, homes.state, homes.chains, "new chain")
    moved = np.where(
        moved == homes.chain, np.where(homes.chain > 0, 0, homes.chains[numbers % len(homes.chains)]), moved
    )
    return replace(
        homes,
        name=name,
        company=company,
        beds=np.where(resized, np.maximum(4, homes.beds + np.where(added == 0, 2, added)), homes.beds),
        ownership=np.where(sold, owner, homes.ownership),
        sold=np.where(sold, month, homes.sold),
        chain=np.where(rebranded, moved, homes.chain),
    )


def _closing(dice: Dice, homes: Homes) -> Flags:
    """Which homes close: a fixed number, one to a state at most, in states that keep enough, none with many fines."""
    in_state = np.bincount(homes.state[homes.alive], minlength=len(STATES))
    may_close = homes.alive & (in_state[homes.state] >= _ENOUGH_IN_STATE) & (homes.traits.fines <= _FEW_FINES)
    order = np.argsort(dice.uniform("closing", np.arange(len(homes)), homes.month), kind="stable")
    order = order[may_close[order]]
    _, first_of_state = np.unique(homes.state[order], return_index=True)
    wanted = max(_FEWEST, int(homes.alive.sum() * _CLOSED))
    gone = np.zeros(len(homes), dtype=bool)
    gone[order[np.sort(first_of_state)[:wanted]]] = True
    return gone


def _returning(dice: Dice, homes: Homes) -> Flags:
    """Which closed homes come back: one, from the third month on."""
    closed = np.flatnonzero(~homes.alive)
    back = np.zeros(len(homes), dtype=bool)
    if len(closed):
        back[closed[np.argmin(dice.uniform("returning", closed, homes.month))]] = True
    return back


def _newcomers(dice: Dice, homes: Homes) -> Homes:
    """The homes that open this month."""
    numbers = len(homes) + np.arange(max(_FEWEST, int(homes.alive.sum() * _OPENED)))
    weights = homes_per_state(sum(state.homes for state in STATES))
    state = stepped(dice.uniform("new state", numbers), weights.tolist())
    seen = np.bincount(homes.state, minlength=len(STATES))
    return _opened(dice, _Arrivals(numbers, state, seen, first=False), homes.chains, homes.month)
