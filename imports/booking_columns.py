"""The columns of a table of bookings, by the names that people give them."""

from django.utils.translation import gettext_lazy

from spreadsheets.columns import Column

COLUMNS = (
    Column(
        "vehicle",
        gettext_lazy("Vehicle"),
        "fahrzeug, wagen, auto, kennzeichen, fahrzeugnummer, plate, licence plate, license plate,"
        " number plate, registration, vehicle number, véhicule, immatriculation, plaque, voertuig,"
        " kenteken, vin",
    ),
    Column(
        "driver",
        gettext_lazy("Driver"),
        "fahrer, fahrerin, fahrer in, conducteur, chauffeur, bestuurder, driver name",
    ),
    Column(
        "email",
        gettext_lazy("E-mail"),
        "email, mail, e mail address, e mail adresse, courriel, adresse e mail, e mailadres,"
        " driver's e mail",
    ),
    Column(
        "site",
        gettext_lazy("Site"),
        "standort, location, depot, dépôt, lieu, station, locatie, vestiging, ort, site name",
    ),
    Column(
        "charger",
        gettext_lazy("Charger"),
        "ladepunkt, ladesäule, ladestation, ladeplatz, evse, borne, point de charge, laadpunt,"
        " laadpaal, lader, bay",
    ),
    Column("day", gettext_lazy("Date"), "day, datum, tag, jour, dag, start date, startdatum"),
    Column(
        "start",
        gettext_lazy("Start"),
        "start time, from, begin, begins, beginn, anfang, von, ab, startzeit, début, de,"
        " à partir de, heure de début, starttijd, van, aanvang",
    ),
    Column(
        "end_day", gettext_lazy("End date"), "last day, enddatum, date de fin, einddatum, bis datum"
    ),
    Column(
        "end",
        gettext_lazy("End"),
        "end time, until, to, ends, ende, bis, endzeit, fin, à, jusqu'à, heure de fin, eind, einde,"
        " tot, eindtijd",
    ),
    Column("minutes", gettext_lazy("Minutes"), "duration, dauer, durée, duur, minuten, length"),
    Column(
        "reference",
        gettext_lazy("Reference"),
        "referenz, auftrag, auftragsnummer, référence, referentie, job, job number, cost centre,"
        " cost center, kostenstelle, kostenplaats, centre de coûts",
    ),
)
