"""Services of physicians and outpatient departments: HCPCS codes by kind, with what Medicare allows and how often.

Amounts and shares are estimates near the national physician fee schedule of 2008-2010. Codes alone are used, no
descriptions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nh_lakehouse.sample.randomness import Floats, Ints
from nh_lakehouse.sample.writing import text

__all__ = ["KINDS", "NO_CODE", "PRICES", "SERVICES", "Menu", "menu_of", "service"]

#: Kind of service: `code/allowed USD/weight`. The first of a visit is drawn from its kind, the next from its company.
_MENUS = """
office     99211/20/4 99212/40/11 99213/65/46 99214/100/24 99215/135/5 99203/100/4 99204/155/2 99205/195/1 99202/70/2 \
           99201/40/1
hospital   99231/38/14 99232/68/40 99233/98/14 99222/130/10 99223/190/10 99238/70/12
emergency  99283/62/30 99284/116/42 99285/172/22 99282/40/5 99281/21/1
laboratory 36415/3/20 80053/14/14 80061/19/12 85025/11/14 81001/4/8 82947/6/6 83036/14/9 84443/24/7 85610/6/10
imaging    71010/9/20 71020/11/14 74160/70/8 70450/45/8 93306/230/8 G0202/130/14 77052/15/8 73562/12/10 78815/60/3 \
           76872/50/3
therapy    97110/30/40 97112/31/10 97140/28/18 97530/32/14 97535/31/4 97001/75/6 97116/26/8
procedure  92014/85/22 66984/680/4 17000/70/12 11101/30/6 20610/75/10 45378/370/4 93010/9/16 93000/19/12 94060/60/4 \
           67820/50/3
anesthesia 00142/160/40 00810/140/40 01996/40/20
ambulance  A0427/380/30 A0428/220/40 A0425/70/30
drug       J1100/5/10 J3420/3/12 90658/15/30 G0008/21/30 90732/45/10 J0878/120/4 J7120/5/4
mind       90862/55/40 90806/85/30 90801/150/10
dialysis   90999/40/20 90970/12/20 J0886/90/20
"""

KINDS = tuple(line.split()[0] for line in _MENUS.replace("\\\n", "").strip().splitlines())


class Menu(NamedTuple):
    """Services of one kind: their positions and the upper bounds of their shares."""

    services: Ints
    bounds: Floats

    def drawn(self, chance: Floats) -> Ints:
        """The service for each number between 0 and 1."""
        return self.services[np.searchsorted(self.bounds, chance, side="right")]


_LISTED = [[entry.split("/") for entry in line.split()[1:]] for line in _MENUS.replace("\\\n", "").strip().splitlines()]
_ALL = [entry for menu in _LISTED for entry in menu]
#: Position of a line without a code.
NO_CODE = len(_ALL)
#: The codes by position, the last is empty.
SERVICES = text([*(code for code, _, _ in _ALL), ""])
#: What Medicare allows, in cents.
PRICES: Ints = np.array([*(int(usd) * 100 for _, usd, _ in _ALL), 6_000], dtype=np.int64)


def _menu(number: int) -> Menu:
    weights = [float(weight) for _, _, weight in _LISTED[number]]
    first = sum(len(menu) for menu in _LISTED[:number])
    bounds = [sum(weights[: index + 1]) / sum(weights) for index in range(len(weights))]
    return Menu(np.arange(first, first + len(weights)), np.array([*bounds[:-1], 1.0], dtype=np.float64))


_BY_KIND = tuple(_menu(number) for number in range(len(KINDS)))


def menu_of(kind: str) -> Menu:
    """The services of a kind."""
    return _BY_KIND[KINDS.index(kind)]


def service(code: str) -> int:
    """Position of a code."""
    return [entry[0] for entry in _ALL].index(code)
