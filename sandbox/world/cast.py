"""Who is who in the default world, by name, for demo and tests. All invented."""

import unicodedata
from dataclasses import dataclass

HUDSON = 501
RHONE = 502
ALLIANCE = 503

PARTNERS = {
    HUDSON: "Hudson Parcel Fleet",
    RHONE: "Rhône Fret",
    ALLIANCE: "Depot Alliance",
}


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the operator, and the partners that invited them.

    `private` are the partners whose private charge points the user may use.
    """

    id: int
    first_name: str
    last_name: str
    email: str
    partners: tuple[int, ...] = ()
    private: tuple[int, ...] = ()
    pending: tuple[int, ...] = ()
    status: str = "enabled"
    locale: str = "en"


def _fleet(first_id: int, partner: int, locale: str, names: str, domain: str) -> list[Person]:
    people = []
    for number, name in enumerate(names.split(", ")):
        first, last = name.split(" ", 1)
        plain = unicodedata.normalize("NFKD", f"{first}.{last}").encode("ascii", "ignore").decode()
        people.append(
            Person(
                id=first_id + number,
                first_name=first,
                last_name=last,
                email=f"{plain.lower()}@{domain}",
                partners=(partner,),
                private=(partner,) if number % 2 == 0 else (),
                locale=locale,
            )
        )
    return people


ANA = Person(7001, "Ana", "Alvarez", "Ana.Alvarez@hudson.example", (HUDSON,), (HUDSON,))
BEN = Person(7002, "Ben", "Okafor", "ben.okafor@hudson.example", (HUDSON,))
# Invited by the Depot Alliance too, so Hudson sees the Alliance's private chargers.
CARLA = Person(
    7003, "Carla", "Rossi", "carla.rossi@hudson.example", (HUDSON, ALLIANCE), (HUDSON, ALLIANCE)
)
DISABLED = Person(
    7004, "Dmitri", "Petrov", "dmitri.petrov@hudson.example", (HUDSON,), status="disabled"
)
BOTH = Person(7005, "Elif", "Demir", "elif.demir@drivers.example", (HUDSON, RHONE))
PENDING = Person(7041, "Farid", "Haddad", "farid.haddad@drivers.example", pending=(HUDSON,))
NOBODYS = Person(7042, "Greta", "Lind", "greta.lind@drivers.example")
JULES = Person(
    7021, "Jules", "Moreau", "jules.moreau@rhone.example", (RHONE,), (RHONE,), locale="fr"
)

PEOPLE: tuple[Person, ...] = (
    ANA,
    BEN,
    CARLA,
    DISABLED,
    BOTH,
    *_fleet(
        7006,
        HUDSON,
        "en",
        "Hiro Tanaka, Ines Costa, Jamal Wright, Kim Nguyen, Liam Byrne, Mona Said, Noah Klein",
        "hudson.example",
    ),
    JULES,
    *_fleet(
        7022,
        RHONE,
        "fr",
        "Amélie Petit, Bruno Laurent, Chloé Faure, David Roux, Emma Blanc, Farah Aziz, "
        "Gaël Morin, Hugo Perrin, Inès Garnier",
        "rhone.example",
    ),
    PENDING,
    NOBODYS,
)
