import pytest

from upstream.emails import email_key, email_spellings


@pytest.mark.parametrize(
    "typed",
    [
        "ana@müller.example",
        "ana@xn--mller-kva.example",
        " Ana@MÜLLER.example ",
        "ANA@XN--MLLER-KVA.EXAMPLE",
        "ana@mu\u0308ller.example",
    ],
)
def test_spellings_of_one_address_have_one_key(typed):
    assert email_key(typed) == "ana@müller.example"
    spellings = email_spellings(typed)
    assert spellings[0] == typed.strip()
    assert {"ana@müller.example", "ana@xn--mller-kva.example"} <= set(spellings)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ana@straße.example", "ana@strasse.example"),
        ("ana@mueller.example", "ana@müller.example"),
        ("ána@müller.example", "ana@müller.example"),
    ],
)
def test_other_addresses_stay_others(one, other):
    assert email_key(one) != email_key(other)
    assert not set(email_spellings(one)) & set(email_spellings(other))


@pytest.mark.parametrize(
    "odd", ["", "ana", "@", "ana@", "ana@xn--\u00e9", "ana@xn--99999999", "a@b@c"]
)
def test_nonsense_is_left_as_it_is(odd):
    assert email_key(odd) == odd
    assert email_key(odd) in email_spellings(odd)
