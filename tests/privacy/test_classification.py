"""Every column of the database is classified: a new one needs a decision."""

from django.apps import apps

from privacy.classification import NOT_PERSONAL, SPECIAL, columns_of


def test_every_column_is_classified():
    there = {
        (model._meta.label, field.name)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        # It has the columns of another model, which says what those tell.
        if not model._meta.proxy
    }
    classified = {
        (model, column) for model in {*SPECIAL, *NOT_PERSONAL} for column in columns_of(model)
    }

    assert there - classified == set(), "say in privacy/classification.py what these tell of people"
    assert classified - there == set(), "these are gone"


def test_no_column_is_classified_twice():
    for model, plain in NOT_PERSONAL.items():
        names = plain.split()
        assert len(names) == len(set(names)), model
        assert not set(names) & SPECIAL.get(model, {}).keys(), model
