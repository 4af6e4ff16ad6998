"""The other operators whose sites the operator's drivers may use too, and what they charge."""

# Id, name, country and party.
OPERATORS = ((61, "Ostrom Laden", "DE", "OST"), (62, "Maas Charge", "NL", "MAA"))
PLATFORM = 6
PRICE = 0.52
