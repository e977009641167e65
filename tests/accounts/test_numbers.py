import pytest

from accounts.numbers import LONGEST_KEY, is_alphanumeric_sender, is_number, key


@pytest.mark.parametrize(
    "text", ["123", "12345", "15005550006", "+15005550006", "1" * 15, "+" + "1" * 15, "000"]
)
def test_digits_are_a_number_or_short_code(text: str) -> None:
    assert is_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "12",
        "+12",
        "1" * 16,
        "1 500 555",
        "1-500",
        "++123",
        "123+",
        "12a",
        "123\n",
        "١٢٣",  # digits, and not ours
        "1２3",
        "client:123",
    ],
)
def test_anything_else_is_no_number(text: str) -> None:
    assert not is_number(text)


@pytest.mark.parametrize("text", ["a", "A1", "dev-test", "My Shop", "A&B", "x_y.z", "a" * 11])
def test_letters_make_an_alphanumeric_sender(text: str) -> None:
    assert is_alphanumeric_sender(text)


@pytest.mark.parametrize(
    "text", ["", "12345", "a" * 12, "äbc", "a@b", "a\n", "a\x00", "- -", "client:a"]
)
def test_anything_else_is_no_alphanumeric_sender(text: str) -> None:
    assert not is_alphanumeric_sender(text)


@pytest.mark.parametrize("text", ["123", "+1500", "a1", "dev-test", "", "ä", "1" * 16])
def test_nothing_is_both(text: str) -> None:
    assert not (is_number(text) and is_alphanumeric_sender(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15005550006", "15005550006"),
        ("+15005550006", "15005550006"),
        (" +1 (500) 555-00.06 ", "15005550006"),
        ("12345", "12345"),
        ("Dev-Test", "dev-test"),
        ("My Shop", "my shop"),
        ("client:Alice", "alice"),
        ("client:123", "123"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("١٢٣", "١٢٣"),
        ("", ""),
    ],
)
def test_parties_are_compared_by_digits_or_without_case(text: str, expected: str) -> None:
    assert key(text) == expected


@pytest.mark.parametrize("text", ["+1 (500) 555-0006", "client:Alice", "Dev-Test"])
def test_a_key_is_its_own_key(text: str) -> None:
    assert key(key(text)) == key(text)


@pytest.mark.parametrize("text", ["client:" + "\u0390" * 64, "9" * 500])
def test_key_is_never_longer_than_its_column(text: str) -> None:
    assert len(key(text)) == LONGEST_KEY
